"""What the parts train: random weights in the shapes of known models, on rows as long as real ones."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
import transformers

from benchmarks._measure import synchronize
from ftbench import methods, tasks
from ftbench.domain import hparams
from ftbench.domain.job import Job
from ftbench.domain.recipe import layered
from ftbench.domain.result import CurvePoint
from ftbench.run.data import Tokenised
from ftbench.run.run import Run
from ftbench.testing.bench import Watcher
from ftbench.training import run_seeds, watch
from ftbench.training.loading import outside
from ftbench.training.pretrained import Pretrained
from ftbench.training.trainer import Stopped, Trainer
from ftbench.training.training_rows import TrainingRows

SIZE = 16
#: Tokens of the training rows, every tenth of them from the shortest to the longest, cut at 128.
LENGTHS = {
    "cola": (4, 7, 8, 9, 10, 10, 11, 12, 14, 17, 47),
    "mrpc": (19, 36, 41, 45, 50, 53, 57, 61, 64, 70, 103),
    "rte": (13, 33, 40, 45, 50, 56, 62, 72, 103, 128, 128),
    "stsb": (10, 16, 18, 19, 21, 23, 25, 28, 35, 51, 125),
}


@dataclass(frozen=True)
class Shape:
    """The sizes of a BERT."""

    name: str
    words: int
    width: int
    layers: int
    heads: int
    inner: int

    def config(self, outputs: int) -> transformers.BertConfig:
        """As transformers has it."""
        return transformers.BertConfig(
            vocab_size=self.words,
            hidden_size=self.width,
            num_hidden_layers=self.layers,
            num_attention_heads=self.heads,
            intermediate_size=self.inner,
            num_labels=outputs,
        )


LARGE = Shape("BERT large", 30522, 1024, 24, 16, 4096)
MINILM = Shape("minilm", 30522, 384, 6, 12, 1536)
SMALL = Shape("small", 600, 32, 2, 2, 64)


@dataclass(frozen=True)
class Setup:
    """Where and how long a part measures.

    Attributes:
        device: as torch names it.
        short: whether only to see that everything runs.
        seconds: that the part may take.
        golden: the folder of the recorded trajectories; "" for none.
        began: by the clock of ``time.monotonic``.
    """

    device: str
    short: bool
    seconds: float
    golden: str = ""
    began: float = field(default_factory=time.monotonic)

    @property
    def left(self) -> float:
        """Seconds that are left."""
        return self.seconds - (time.monotonic() - self.began)

    @property
    def cuda(self) -> bool:
        """Whether it is a GPU."""
        return self.device.startswith("cuda")

    @property
    def large(self) -> Shape:
        """BERT large, or what stands for it."""
        return SMALL if self.short else LARGE

    @property
    def minilm(self) -> Shape:
        """The shape of minilm, or what stands for it."""
        return SMALL if self.short else MINILM


def rows(task: str, count: int, shape: Shape, device: str, seed: int = 0) -> TrainingRows:
    """Rows of random words with the lengths that those of a task have, and random labels."""
    draw, spec = np.random.default_rng(seed), tasks.find(task)
    places = draw.random(count) * 10
    lengths = np.interp(places, np.arange(11), LENGTHS[task]).round().astype(int)
    ids = [draw.integers(10, shape.words, size).tolist() for size in lengths]
    lists = {"input_ids": ids, "token_type_ids": [[0] * size for size in lengths]}
    data = Tokenised(lists, range(count), 0, "right", torch.device(device))
    labels = draw.random(count) * 5 if spec.regression else draw.integers(len(spec.labels), size=count)
    kind = torch.float32 if spec.regression else torch.int64
    return TrainingRows(
        task, np.arange(count), torch.as_tensor(labels, dtype=kind, device=device), data, {}, count
    )


def pretrained(shape: Shape, task: str, device: str) -> Pretrained:
    """Random weights of a shape, on the device."""
    torch.manual_seed(0)
    with torch.device(device):
        model = transformers.BertForSequenceClassification(shape.config(tasks.find(task).outputs))
    return Pretrained(model, outside(model), torch.device(device))


def job_of(
    method: str, task: str, shape: Shape, given: Mapping[str, Any] | None = None, **recipe: Any
) -> Job:
    """A job; further arguments are settings of its recipe."""
    cls = methods.find(method)
    base = {"steps": 500, "batch_size": SIZE, "lr": 2e-5, "warmup_steps": 0}
    values = hparams.as_dict(cls.resolve(dict(given or {})))
    settings = layered(base, {k: v for k, v in cls.recipe_defaults().items() if k != "lr"}, recipe)
    return Job(shape.name, "", task, "", ("dev",), cls.name(), values, 0, recipe=settings)


def trainer_of(
    job: Job, source: Pretrained, corpus: TrainingRows, listener: Watcher | None = None
) -> Trainer:
    """The trainer of a job; it writes no checkpoint."""
    cls = methods.find(job.method)
    method = cls(hparams.parse(cls.HParams, job.hparams, owner=job.method))
    task = tasks.find(job.task)
    return Trainer(job, task, method, source, corpus, listener=listener, checkpoint_seconds=math.inf)


def read_rarely() -> None:
    """Read the losses of this process at its end: short jobs would wait for the device each step."""
    watch.LOG_POINTS = 1


class Pace(Watcher):
    """The seconds of steps: the device is waited for between blocks of them only.

    Attributes:
        blocks: seconds of each block.
    """

    def __init__(self, device: str, warm: int, block: int, most: int = 4, seconds: float = math.inf) -> None:
        """Leave ``warm`` steps out; stop after ``most`` blocks, or where the seconds are over."""
        super().__init__()
        self._device, self._warm, self._block, self._most = device, warm, block, most
        self._made, self._begun, self._until = 0, 0.0, time.monotonic() + seconds
        self.blocks: list[float] = []

    def progress(self, run: str, step: int, total: int, points: Sequence[CurvePoint]) -> None:
        """A step is done."""
        self.step()

    def step(self) -> None:
        """A step is done, whoever made it."""
        self._made += 1
        done = self._made - self._warm
        if done < 0 or done % self._block:
            return
        synchronize(self._device)
        now = time.perf_counter()
        if done:
            self.blocks.append(now - self._begun)
        self._begun = now

    def stopping(self) -> bool:
        """Whether enough is measured."""
        return len(self.blocks) >= self._most or time.monotonic() > self._until

    @property
    def per_second(self) -> float:
        """Steps a second; 0 where none was measured."""
        return self._block * len(self.blocks) / sum(self.blocks) if self.blocks else 0.0

    @property
    def spread(self) -> str:
        """Steps a second of the slowest and of the fastest block."""
        found = [self._block / seconds for seconds in self.blocks]
        return f"{min(found):.3g}–{max(found):.3g}" if found else ""


def train(trainer: Trainer) -> None:
    """Train until the listener has enough."""
    with contextlib.suppress(Stopped):
        trainer.method.fit(trainer)


def free(device: str) -> None:
    """Give back what nobody holds, and count the peak anew."""
    from ftbench.training.resuming import free_memory

    free_memory()
    if device.startswith("cuda"):
        torch.cuda.reset_peak_memory_stats(device)


def peak_mb(device: str) -> float | None:
    """The most that tensors took since ``free``, in MB; None on a CPU."""
    return torch.cuda.max_memory_allocated(device) / 1e6 if device.startswith("cuda") else None


def begun(trainer: Trainer) -> Run:
    """The run of a trainer before its first step, for loops of one's own."""
    job = trainer.job
    seeds = run_seeds.seeds_of_run(job, "main", None, None, None)
    return trainer._begin(trainer.method, "main", job.recipe, seeds, False)
