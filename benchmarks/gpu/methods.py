"""What each method costs beside vanilla: a step, one-off work, memory, in the shape of BERT large."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from functools import partial

from benchmarks._measure import synchronize
from benchmarks.gpu import material
from benchmarks.gpu.correct import SHORTER, names_of
from benchmarks.gpu.findings import Finding, Value, found
from benchmarks.gpu.material import SIZE, Setup
from benchmarks.methods import LIMITS
from ftbench.domain import axes
from ftbench.training import products
from ftbench.training.perform import prepare_device
from ftbench.training.pretrained import Pretrained
from ftbench.training.training_rows import TrainingRows

COST = "methods beside vanilla"
TASK, PLAIN = "rte", "vanilla"


def measure(setup: Setup) -> Iterator[Finding]:
    """A short job of each in bf16, in turns with one of vanilla."""
    products.choose()
    material.read_rarely()
    prepare_device(setup.device, 0, "fast")
    steps = 3 if setup.short else 20
    source = material.pretrained(setup.large, TASK, setup.device)
    corpus = material.rows(TASK, SIZE * steps, setup.large, setup.device)
    size = sum(p.numel() * 4 for p in source.model.parameters()) / 1e6
    _job(PLAIN, source, corpus, setup, 3)  # kernels are loaded, memory is taken
    for name in names_of(setup):
        if name == PLAIN:
            continue
        if setup.left < 5 and not setup.short:
            yield Finding(COST, name, {"not run": "no time left"})
            continue
        yield found(COST, name, partial(_beside, name, source, corpus, setup, steps, size))


def _beside(
    name: str, source: Pretrained, corpus: TrainingRows, setup: Setup, steps: int, size: float
) -> Mapping[str, Value]:
    plain, _, least = _job(PLAIN, source, corpus, setup, steps)
    mine, once, most = _job(name, source, corpus, setup, steps)
    extra = None if most is None or least is None else (most - least) / size
    return {
        "× vanilla": (mine - once) / plain,
        "at most": LIMITS.get(name),
        "once, steps of vanilla": once / plain * steps,
        "peak, weights": extra,
    }


def _job(
    name: str, source: Pretrained, corpus: TrainingRows, setup: Setup, steps: int
) -> tuple[float, float, float | None]:
    """Seconds of a whole job, of its one-off work among them, and its peak in MB."""
    (choice,) = axes.methods(SHORTER.get(name, name))
    recipe = {"precision": "bf16", "kernels": "fast", "steps": steps}
    job = material.job_of(choice.name, TASK, setup.large, choice.given, **recipe)
    trainer = material.trainer_of(job, source, corpus)
    material.free(setup.device)
    synchronize(setup.device)
    start = time.perf_counter()
    trainer.method.fit(trainer)
    synchronize(setup.device)
    taken = time.perf_counter() - start
    once = sum(facts.get("one_off_seconds", 0.0) for facts in trainer.facts["runs"].values())
    return taken, once, material.peak_mb(setup.device)
