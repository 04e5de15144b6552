"""The other checks of the conformance suite that a device can change, by method, while time is left."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from benchmarks.gpu.correct import FIRST, SHORTER, names_of
from benchmarks.gpu.findings import Finding, Value, found
from benchmarks.gpu.material import Setup
from ftbench.testing import CHECKS, check

CONFORMANCE = "conformance"
#: What has nothing to do with a device, or was measured before.
LEFT_OUT = frozenset(
    {*FIRST, "hooks", "title", "family", "card", "hyper-parameters", "recipe", "light import", "draws"}
    | {"overhead"}
)
#: Those that find most come first.
ORDER = ("accumulation", "neutral", "loss scale", "learns", "evaluation")


def measure(setup: Setup) -> Iterator[Finding]:
    """A line for each method."""
    for name in names_of(setup):
        if setup.left < 10 and not setup.short:
            yield Finding(CONFORMANCE, name, {"not run": "no time left"})
            continue
        yield found(CONFORMANCE, name, partial(_checked, name, setup))


def _checked(name: str, setup: Setup) -> Mapping[str, Value]:
    chosen = [*ORDER, *(c for c in CHECKS if c not in LEFT_OUT and c not in ORDER)]
    passed, failed, lacking = 0, list[str](), list[str]()
    for one in check(
        SHORTER.get(name, name), only=chosen[:1] if setup.short else chosen, device=setup.device
    ):
        if one.passed is False and "ModuleNotFoundError" in one.note:
            lacking.append(f"{one.check}: {one.note}")
        elif one.passed is False:
            failed.append(f"{one.check}: {one.note}")
        passed += one.passed is True
    return {"right": not failed, "passed": passed, "failed": "; ".join(failed), "lacks": "; ".join(lacking)}
