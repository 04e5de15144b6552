"""Whether it is right: recordings, memory that runs out, half precision, seeds, resuming."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmarks.gpu import memory, recorded
from benchmarks.gpu.findings import Finding, Value, found
from benchmarks.gpu.material import Setup
from ftbench import methods
from ftbench.testing import check
from ftbench.testing.subject import Subject, distance, subject_of
from ftbench.training.perform import prepare_device

RECORDINGS, MEMORY = "recordings", "memory runs out"
HALF, BESIDE, REPEATED = "half precision", "beside the CPU", "seeds and resuming"
#: The checks of a method that its first minutes are about.
FIRST = ("same seed", "resume")
#: The methods that come first, where not all are reached.
SOONER = ("vanilla", "bidrop", "dps_dense", "dps_mix", "rdrop", "r3f", "mixout", "child_tuning_d", "sam")
#: How far float32 may be from a float64 recording, as a part of the way.
ROUNDING = 1e-3
#: How far two devices may be apart in float64, as a part of the way.
DEVICES = 1e-4
#: How far an update in half precision may be from that of float32.
HALVES = {"bf16": 0.25, "fp16": 0.25}


def measure(setup: Setup) -> Iterator[Finding]:
    """All of it, by worth."""
    prepare_device(setup.device, 0, "deterministic")
    yield from _recordings(setup)
    yield from memory.measure(setup, MEMORY)
    names = names_of(setup)
    for title, work in ((HALF, _half), (BESIDE, _beside), (REPEATED, _repeated)):
        for name in names:
            if setup.left < 5 and not setup.short:
                yield Finding(title, name, {"not run": "no time left"})
                continue
            yield found(title, name, _of(work, name, setup))


def _of(
    work: Callable[[str, Setup], Mapping[str, Value]], name: str, setup: Setup
) -> Callable[[], Mapping[str, Value]]:
    return lambda: work(name, setup)


def names_of(setup: Setup) -> list[str]:
    """The methods, the most used first; two of them in short."""
    every = [entry.name for entry in methods.available()]
    ordered = [*SOONER, *(name for name in every if name not in SOONER)]
    return ordered[:2] if setup.short else ordered


def _recordings(setup: Setup) -> Iterator[Finding]:
    if not setup.golden:
        yield Finding(RECORDINGS, "all", {"not run": "no folder: --golden"})
        return
    for name in recorded.NAMES:
        yield found(RECORDINGS, name, partial(_replayed, name, setup))


def _replayed(name: str, setup: Setup) -> Mapping[str, Value]:
    wide, _, tolerance = recorded.replay(name, Path(setup.golden), setup.device, torch.float64)
    narrow, moved, _ = recorded.replay(name, Path(setup.golden), setup.device, torch.float32)
    part = narrow / moved if moved else narrow
    right = wide <= tolerance and part <= ROUNDING
    return {"right": right, "float64 apart": wide, "at most": tolerance, "float32 apart, of the way": part}


#: As jobs of a few steps that show rounding, and nothing else.
_PLAIN: dict[str, Any] = {"optimizer": "sgd", "clip": 0.0, "dropout": 0.0, "lr": 1e-3, "steps": 3}


def _end(subject: Subject, dtype: torch.dtype = torch.float32, **recipe: Any) -> dict[str, Tensor]:
    return subject.fit(subject.bench(dtype), **recipe).weights


def _subject(name: str, device: str) -> Subject:
    return subject_of(SHORTER.get(name, name), "tiny", (), device)


#: What is long by default.
SHORTER = {
    "lp_ft": "lp_ft[probe_epochs=1]",
    "soup": "soup[members=2]",
    "weight_mixup": "weight_mixup[k=1,search_epochs=0.5,finetune_epochs=0.5]",
}


def _half(name: str, setup: Setup) -> Mapping[str, Value]:
    """Updates in bf16 and fp16 beside those of float32."""
    subject = _subject(name, setup.device)
    start, plain = _end(subject, **{**_PLAIN, "lr": 1e-12}), _end(subject, **_PLAIN)
    moved, values = distance(start, plain), dict[str, Value]()
    right = True
    for precision, limit in HALVES.items():
        end = _end(subject, **_PLAIN, precision=precision)
        finite = all(bool(torch.isfinite(v).all()) for v in end.values() if v.is_floating_point())
        apart = distance(plain, end) / moved if finite and moved else math.inf
        values[f"{precision} apart"] = apart if finite else "not finite"
        right = right and apart <= limit
    return {"right": right, **values}


def _beside(name: str, setup: Setup) -> Mapping[str, Value]:
    """Eight steps in float64, without dropout, here and on the CPU."""
    recipe = {**_PLAIN, "steps": 8, "optimizer": "adamw_torch", "clip": 1.0}
    here, there = _subject(name, setup.device), _subject(name, "cpu")
    mine = {n: v.cpu() for n, v in _end(here, torch.float64, **recipe).items()}
    plain = _end(there, torch.float64, **recipe)
    start = _end(there, torch.float64, **{**recipe, "lr": 1e-12})
    moved = distance(start, plain)
    apart = distance(mine, plain) / moved if moved else 0.0
    drawn = {"drawn by the library": "yes"} if here.cls.library else {}
    return {"right": apart <= DEVICES or bool(drawn), "apart, of the way": apart, **drawn}


def _repeated(name: str, setup: Setup) -> Mapping[str, Value]:
    outcomes = list(check(SHORTER.get(name, name), only=FIRST, device=setup.device))
    values: dict[str, Value] = {one.check: one.passed for one in outcomes}
    notes = [f"{one.check}: {one.note}" for one in outcomes if one.passed is not True]
    missing = [note for note in notes if "ModuleNotFoundError" in note]
    if missing:
        return {"not run": missing[0]}
    return {"right": not any(one.passed is False for one in outcomes), **values, "note": "; ".join(notes)}
