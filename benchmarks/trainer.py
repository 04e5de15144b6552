"""Steps a second of ftbench beside the Hugging Face Trainer, on the tasks of glue-small.

    python -m benchmarks.trainer [--model minilm] [--tasks glue-small] [--rows 640] [--threads 2]

Four train copies of one model on the same rows in batches of 16 for one epoch, in turns, step by step:

- ``ftbench``: ``vanilla``, as a job trains it;
- ``padded``: the Trainer as the papers' scripts set it, every batch padded to 128 tokens, fp32;
- ``dynamic``: the Trainer, batches padded to their longest row, in ftbench's order;
- ``best``: the Trainer at its best: grouped by length, fused AdamW, on a GPU bf16.

ftbench, padded and dynamic see the same batches. Each is a process of its own: ftbench with the settings
of its training process (memory, threads, matrix products: ``--products torch`` takes the last away), the
others as their users run them. The floor is the time of the products of the real tokens at the rate of one
large product, and of the optimiser's traffic at the rate of one large copy. Rows come from ``FTBENCH_DATA``,
the cache or the hub.
"""

from __future__ import annotations

import argparse
import contextlib
import math
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
import transformers
from torch import nn

from benchmarks._measure import Ratio, Seat, Table, Turns, geometric, machine, synchronize
from ftbench import models, settings, tasks
from ftbench.domain.result import CurvePoint
from ftbench.services.worker.child import SHARING
from ftbench.testing import overhead
from ftbench.testing.bench import Bench, Watcher
from ftbench.training import execute, products

LENGTH, SIZE = 128, 16
LIMITS = {"padded": 3.0, "dynamic": 1.3}
PEERS = ("padded", "dynamic", "best")
MEMORY_STEPS = 3
WARM = 2  # turns that count for nobody: allocators and caches fill


class Steps(Watcher):
    """Tells each step of ftbench's trainer."""

    def __init__(self, done: Callable[[], None]) -> None:
        """Call ``done`` after each step."""
        super().__init__()
        self._done = done

    def progress(self, run: str, step: int, total: int, points: Sequence[CurvePoint]) -> None:
        """A step is done."""
        self._done()


class Callback(transformers.TrainerCallback):
    """Tells each step of the Hugging Face Trainer."""

    def __init__(self, done: Callable[[], None]) -> None:
        """Call ``done`` after each step."""
        self._done = done

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """A step is done."""
        self._done()


class Ordered(transformers.Trainer):
    """The Trainer with the batches in a given order."""

    order: list[int]

    def _get_train_sampler(self, train_dataset: Any = None) -> Any:
        return self.order


class Case:
    """One task: the rows, and a program for each trainer."""

    def __init__(self, bench: Bench, task: str, rows: int, precision: str, kernels: str) -> None:
        """Read, tokenise, and build what each trains."""
        self.task = tasks.find(task)
        self.job = bench.job(
            task=task, train_size=rows, steps=None, epochs=1, batch_size=SIZE, lr=2e-5, precision=precision,
            kernels=kernels, max_length=LENGTH, warmup_steps=None, warmup_ratio=0.1,
        )  # fmt: skip
        self._bench, self._bf16 = bench, precision == "bf16"
        trainer = bench.trainer(self.job)
        self.corpus = trainer._corpus
        self._pretrained = trainer._pretrained
        batches = trainer._batches(self.corpus.rows, self.job.recipe, self.job.seed, "train")
        self.order = [int(place) for place in batches.order(0)]
        self.tokens = int(self.corpus.data.lengths.sum())
        self.steps = math.ceil(len(self.corpus.rows) / SIZE)

    def program(self, name: str) -> Callable[[Callable[[], None]], None]:
        """What to run for a trainer."""
        return self._ours if name == "ftbench" else lambda done: self._theirs(name, done)

    def _ours(self, done: Callable[[], None]) -> None:
        trainer = self._bench.trainer(self.job, listener=Steps(done), checkpoint_seconds=math.inf)
        trainer.method.fit(trainer)

    def _theirs(self, name: str, done: Callable[[], None]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            trainer = self._trainer(name, folder)
            trainer.add_callback(Callback(done))
            trainer.train()

    def _trainer(self, name: str, folder: str) -> transformers.Trainer:
        cuda, best = self.corpus.labels.is_cuda, name == "best"
        arguments = transformers.TrainingArguments(
            folder,
            per_device_train_batch_size=SIZE,
            num_train_epochs=1,
            learning_rate=2e-5,
            warmup_steps=0.1,
            weight_decay=0.01,
            optim="adamw_torch_fused" if best else "adamw_torch",
            train_sampling_strategy="group_by_length" if best else "random",
            bf16=best and cuda,
            use_cpu=not cuda,
            save_strategy="no",
            logging_strategy="no",
            report_to="none",
            disable_tqdm=True,
        )
        tokenizer = self._pretrained.tokenizer
        padding: dict[str, Any] = {"padding": True}
        if name == "padded":
            padding = {"padding": "max_length", "max_length": LENGTH}
        model = self._pretrained.build(task=self.task.name, head_seed=0, dropout=0.1)
        kind = transformers.Trainer if best else Ordered
        trainer = kind(
            model,
            arguments,
            train_dataset=list(self._rows()),
            data_collator=transformers.DataCollatorWithPadding(tokenizer, **padding),
            processing_class=tokenizer,
        )
        if isinstance(trainer, Ordered):
            trainer.order = self.order
        return trainer

    def _rows(self) -> Iterator[dict[str, Any]]:
        for place, row in enumerate(self.corpus.rows):
            batch = self.corpus.data.gather([int(row)], self.corpus.labels[place : place + 1])
            inputs = {name: values[0].tolist() for name, values in batch.inputs.items()}
            yield {**inputs, "label": self.corpus.labels[place].item()}


def floor(model: nn.Module, case: Case) -> dict[str, float]:
    """The least of an epoch: operations of the real tokens' products, and bytes of AdamW's traffic."""
    weights = sum(p.numel() for p in model.parameters())
    layers = [m for m in model.modules() if isinstance(m, nn.Linear)]
    dense = sum(m.weight.numel() for m in layers)
    config = model.config
    squares = float((case.corpus.data.lengths.astype(float) ** 2).sum())
    attention = 4 * squares * config.hidden_size * config.num_hidden_layers
    operations = 3 * (2.0 * dense * case.tokens + attention)
    # AdamW reads weight, gradient and both moments, and writes three
    return {"operations": operations, "bytes": case.steps * weights * 4.0 * 7}


def rates(device: str, dtype: torch.dtype) -> tuple[float, float]:
    """What this machine does in one large product and one large copy: operations and bytes a second."""
    size, count = (8192, 1 << 28) if device.startswith("cuda") else (1024, 1 << 25)
    left, right = torch.randn(2, size, size, device=device).to(dtype)
    values = torch.empty(count, device=device)
    return 2.0 * size**3 / _best(lambda: left @ right, device), 8.0 * count / _best(values.clone, device)


def _best(work: Callable[[], Any], device: str, times: int = 10) -> float:
    seconds = []
    for _ in range(times):
        synchronize(device)
        start = time.perf_counter()
        work()
        synchronize(device)
        seconds.append(time.perf_counter() - start)
    return min(seconds)


class Enough(Exception):
    """As many steps as are needed."""


def peak(case: Case, name: str) -> float:
    """The most MB of tensors that a trainer holds in its first steps."""
    steps = 0

    def done() -> None:
        nonlocal steps
        steps += 1
        if steps == MEMORY_STEPS:
            raise Enough

    with overhead.allocations() as changes, contextlib.suppress(Enough):
        case.program(name)(done)
    return overhead.highest(changes) / 1e6


def large(model: str, folder: str) -> str:
    """A folder with random weights in the shape of BERT large, and the words of another model."""
    _, ref = models.resolve(model)
    tokenizer = transformers.AutoTokenizer.from_pretrained(models.locate(ref))
    config = transformers.BertConfig(
        vocab_size=len(tokenizer), hidden_size=1024, num_hidden_layers=24, num_attention_heads=16,
        intermediate_size=4096,
    )  # fmt: skip
    transformers.BertForSequenceClassification(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def main() -> int:
    """Measure, print a table, and fail where a limit for this machine is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--model", default="minilm")
    parser.add_argument("--large", action="store_true", help="random weights in the shape of BERT large")
    parser.add_argument("--tasks", default="glue-small")
    parser.add_argument("--rows", type=int, default=640, help="rows of one epoch, in batches of 16")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--products", choices=("chosen", "torch"), default="chosen", help="of ftbench")
    parser.add_argument("--as", dest="name", choices=("ftbench", *PEERS), help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    warnings.simplefilter("ignore")
    transformers.utils.logging.set_verbosity_error()
    if options.name:
        return take_part(options)
    options.shown = f"{options.model} as BERT large" if options.large else options.model
    with tempfile.TemporaryDirectory() as folder:
        if options.large:
            options.model = large(options.model, folder)
        return measure(options)


def take_part(options: argparse.Namespace) -> int:
    """Train as one of the four, in turns with the others."""
    cuda = options.device.startswith("cuda")
    seat = Seat(lambda: synchronize(options.device), steps_of_a_turn(options))
    if options.name == "ftbench":
        execute.keep_memory()
        if options.products == "chosen":
            products.choose()
    bench = Bench(options.model, data=settings.data_dir(), device=options.device)
    case = Case(
        bench, options.tasks, options.rows, "bf16" if cuda else "fp32", "fast" if cuda else "deterministic"
    )
    seat.wait()
    case.program(options.name)(seat.step)
    facts = {
        "steps": case.steps,
        "tokens": case.tokens / len(case.corpus.rows),
        "peak": peak(case, options.name),
    }
    seat.leave({**facts, **floor(case._pretrained._model, case)})
    return 0


def steps_of_a_turn(options: argparse.Namespace) -> int:
    """Few on a CPU, whose steps are long."""
    return 10 if options.device.startswith("cuda") else 1


def measure(options: argparse.Namespace) -> int:
    """Print the table; the exit code."""
    cuda, per_turn = options.device.startswith("cuda"), steps_of_a_turn(options)
    if options.products == "chosen":
        products.choose()
    speed = rates(options.device, torch.bfloat16 if cuda else torch.float32)
    print(f"{machine(options.device)}; {options.shown}, batches of {SIZE}, {options.rows} rows a task\n")
    table = Table(
        ["task", "mean tokens", "ftbench, steps/s", *(f"× {peer}" for peer in PEERS), "of the floor"]
    )
    table.begin()
    found: dict[str, list[float]] = {peer: [] for peer in PEERS}
    held: list[list[float]] = []
    for spec in tasks.expand(options.tasks.split(",")):
        turns = Turns(
            {name: command(name, spec.name, options) for name in ("ftbench", *PEERS)}, {"ftbench": SHARING}
        )
        every, told = turns.run()
        seconds = {name: turn[WARM:] for name, turn in every.items()}
        ours, facts = seconds["ftbench"], told["ftbench"]
        ratios = {peer: Ratio.of(seconds[peer], ours) for peer in PEERS}
        for peer, ratio in ratios.items():
            found[peer].append(ratio.value)
        share = len(ours) * per_turn / facts["steps"]
        least = share * (facts["operations"] / speed[0] + facts["bytes"] / speed[1])
        table.add(
            spec.name,
            f"{facts['tokens']:.0f}",
            f"{len(ours) * per_turn / sum(ours):.2f}",
            *(str(ratios[peer]) for peer in PEERS),
            f"{100 * least / sum(ours):.0f} %",
        )
        held.append([told[name]["peak"] for name in ("ftbench", "padded", "dynamic")])
    means = {peer: geometric(values) for peer, values in found.items()}
    print("\nGeometric mean over the tasks: " + ", ".join(f"{means[p]:.2f} × {p}" for p in PEERS))
    most = [max(column) for column in zip(*held, strict=True)]
    shown = ", ".join(
        f"{name} {mb:.0f}" for name, mb in zip(("ftbench", "padded", "dynamic"), most, strict=True)
    )
    print(f"\nPeak memory of tensors in {MEMORY_STEPS} steps, MB, the largest over the tasks: {shown}")
    fast = all(means[peer] >= limit for peer, limit in LIMITS.items())
    return 0 if cuda or (fast and most[0] <= min(most[1:])) else 1


def command(name: str, task: str, options: argparse.Namespace) -> list[str]:
    """What starts one of the four on a task."""
    words = [sys.executable, "-m", "benchmarks.trainer", "--as", name, "--tasks", task]
    for option in ("model", "rows", "threads", "device", "products"):
        words += [f"--{option}", str(getattr(options, option))]
    return words


if __name__ == "__main__":
    sys.exit(main())
