"""The step: ftbench beside the Hugging Face Trainer, in the shape of BERT large, on rows as of glue-small."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from functools import partial
from types import SimpleNamespace
from typing import Any

import torch
import transformers

from benchmarks.gpu import material
from benchmarks.gpu.findings import Finding, Value, found
from benchmarks.gpu.material import SIZE, Pace, Setup
from ftbench.training import execute, products
from ftbench.training.perform import prepare_device
from ftbench.training.pretrained import Pretrained
from ftbench.training.training_rows import TrainingRows

STEP, RATIOS = "the step", "the step, ratios"
TASKS = ("rte", "cola", "mrpc", "stsb")
LENGTH, WARM = 128, 3
#: With deterministic kernels torch fills new memory, unless it is told not to.
UNFILLED = "ftbench bf16 unfilled"
#: What of ftbench is measured: name -> settings of the recipe.
OURS: Mapping[str, Mapping[str, str]] = {
    "ftbench fp32": {"precision": "fp32", "kernels": "deterministic"},
    "ftbench bf16": {"precision": "bf16", "kernels": "deterministic"},
    UNFILLED: {"precision": "bf16", "kernels": "deterministic"},
    "ftbench bf16 fast": {"precision": "bf16", "kernels": "fast"},
    "ftbench bf16 fast adamw_hf": {"precision": "bf16", "kernels": "fast", "optimizer": "adamw_hf"},
}
PADDED, DYNAMIC, BEST = "Trainer padded fp32", "Trainer dynamic fp32", "Trainer best"
#: A ratio's name -> whose steps a second are divided by whose.
COMPARED = {
    "× padded": ("ftbench fp32", PADDED),
    "× dynamic": ("ftbench fp32", DYNAMIC),
    "× best": ("ftbench bf16 fast", BEST),
    "bf16 × padded": ("ftbench bf16", PADDED),
    "fast × deterministic": ("ftbench bf16 fast", "ftbench bf16"),
    "unfilled × filled": (UNFILLED, "ftbench bf16"),
}


def measure(setup: Setup) -> Iterator[Finding]:
    """Every task, one after the other; each contestant trains for a few blocks of steps."""
    execute.keep_memory()
    products.choose()
    transformers.utils.logging.set_verbosity_error()
    material.read_rarely()
    blocks = (2, 1) if setup.short else (8, 4)
    tasks = TASKS[:1] if setup.short else TASKS
    for place, task in enumerate(tasks):
        source = material.pretrained(setup.large, task, setup.device)
        corpus = material.rows(task, SIZE * 60, setup.large, setup.device)
        each = setup.left / (len(tasks) - place) / (len(OURS) + 3)
        lines = dict[str, Mapping[str, Value]]()
        for name in (*OURS, PADDED, DYNAMIC, BEST):
            contest = _ours if name in OURS else _theirs
            one = found(
                STEP,
                f"{task}: {name}",
                partial(contest, name, task, source, corpus, setup, each, blocks),
            )
            lines[name] = one.values
            yield one
        yield found(RATIOS, task, partial(_ratios, lines, source, corpus, setup))


def _ours(
    name: str,
    task: str,
    source: Pretrained,
    corpus: TrainingRows,
    setup: Setup,
    seconds: float,
    blocks: tuple[int, int],
) -> Mapping[str, Value]:
    job = material.job_of("vanilla", task, setup.large, max_length=LENGTH, **OURS[name])
    prepare_device(setup.device, 0, job.recipe.kernels)
    torch.utils.deterministic.fill_uninitialized_memory = name != UNFILLED
    material.free(setup.device)
    pace = Pace(setup.device, WARM, *blocks, seconds=seconds)
    material.train(material.trainer_of(job, source, corpus, pace))
    return _paced(pace, setup)


def _paced(pace: Pace, setup: Setup) -> Mapping[str, Value]:
    return {"steps/s": pace.per_second, "from – to": pace.spread, "peak MB": material.peak_mb(setup.device)}


def _theirs(
    name: str,
    task: str,
    source: Pretrained,
    corpus: TrainingRows,
    setup: Setup,
    seconds: float,
    blocks: tuple[int, int],
) -> Mapping[str, Value]:
    from benchmarks.trainer import Ordered

    if setup.cuda:
        torch.use_deterministic_algorithms(False)
    material.free(setup.device)
    pace = Pace(setup.device, WARM, *blocks, seconds=seconds)
    best = name == BEST
    kind = transformers.Trainer if best else Ordered
    model = source.build(task=task, head_seed=0, dropout=0.1)
    with tempfile.TemporaryDirectory() as folder:
        trainer = kind(
            model,
            _arguments(folder, setup, best),
            train_dataset=_listed(corpus),
            data_collator=Collator(name == PADDED),
        )
        if isinstance(trainer, Ordered):
            trainer.order = [number % len(corpus.rows) for number in range(SIZE * 500)]
        trainer.add_callback(_callback(pace))
        trainer.train()
    return _paced(pace, setup)


def _arguments(folder: str, setup: Setup, best: bool) -> transformers.TrainingArguments:
    return transformers.TrainingArguments(
        folder,
        per_device_train_batch_size=SIZE,
        max_steps=500,
        learning_rate=2e-5,
        weight_decay=0.01,
        optim="adamw_torch_fused" if best else "adamw_torch",
        train_sampling_strategy="group_by_length" if best else "random",
        bf16=best,
        use_cpu=not setup.cuda,
        save_strategy="no",
        logging_strategy="no",
        report_to="none",
        disable_tqdm=True,
    )


def _callback(pace: Pace) -> Any:
    """Tells each step, and ends the training where enough is measured."""

    class Told(transformers.TrainerCallback):
        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            pace.step()
            control.should_training_stop = pace.stopping()

    return Told()


class Collator:
    """Pads a batch to its longest row, or to 128 tokens, as a tokenizer's collator does."""

    def __init__(self, full: bool) -> None:
        """``full`` pads to 128."""
        self._full = full

    def __call__(self, rows: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        """The tensors of a batch."""
        width = LENGTH if self._full else max(len(row["input_ids"]) for row in rows)
        names = [name for name in rows[0] if name != "label"]
        batch = {
            name: torch.tensor([row[name] + [0] * (width - len(row[name])) for row in rows]) for name in names
        }
        return {**batch, "labels": torch.tensor([row["label"] for row in rows])}


def _listed(corpus: TrainingRows) -> list[dict[str, Any]]:
    """The rows as a data set's are."""
    labels, listed = corpus.labels.tolist(), []
    for place, row in enumerate(corpus.rows):
        inputs = corpus.data.gather([int(row)], corpus.labels[place : place + 1]).inputs
        listed.append({**{n: v[0].tolist() for n, v in inputs.items()}, "label": labels[place]})
    return listed


def _ratios(
    lines: Mapping[str, Mapping[str, Value]], source: Pretrained, corpus: TrainingRows, setup: Setup
) -> Mapping[str, Value]:
    values: dict[str, Value] = {"mean tokens": float(corpus.data.lengths.mean())}
    speed = {name: one.get("steps/s") for name, one in lines.items()}
    for title, (above, below) in COMPARED.items():
        a, b = speed.get(above), speed.get(below)
        values[title] = a / b if isinstance(a, float) and isinstance(b, float) and a and b else None
    for name, dtype in (("ftbench fp32", torch.float32), ("ftbench bf16 fast", torch.bfloat16)):
        rate = speed.get(name)
        if isinstance(rate, float):
            values[f"of the floor, {name}"] = rate * _floor(source, corpus, setup, dtype)
    return values


_rates: dict[torch.dtype, tuple[float, float]] = {}


def _floor(source: Pretrained, corpus: TrainingRows, setup: Setup, dtype: torch.dtype) -> float:
    """The least seconds of a step: its real tokens' products, and the traffic of AdamW."""
    from benchmarks.trainer import floor, rates

    if dtype not in _rates:
        _rates[dtype] = rates(setup.device, dtype)
    steps = len(corpus.rows) / SIZE
    case: Any = SimpleNamespace(corpus=corpus, tokens=int(corpus.data.lengths.sum()), steps=steps)
    least = floor(source.model, case)
    products_rate, copy_rate = _rates[dtype]
    return (least["operations"] / products_rate + least["bytes"] / copy_rate) / steps
