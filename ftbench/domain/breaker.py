"""The circuit breaker: jobs that would only meet the error again that others like them have met."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import NamedTuple

ALIKE = 3  # jobs with the same error, after which the rest of them wait
_AXES = ("method", "model", "task")
#: What differs between two tellings of one error: numbers, digests, addresses, what stands in quotes.
_VARIES = re.compile(r"'[^']*'|\"[^\"]*\"|\b0x[0-9a-f]+|\b[0-9a-f]{8,}\b|[-+]?\d[\d.,:e+-]*", re.IGNORECASE)
_PLACE = re.compile(r'File "([^"]+)", line (\d+)')


class Fallen(NamedTuple):
    """A job that failed for good: what it was, and how its last attempt ended."""

    method: str
    model: str
    task: str
    message: str
    traceback: str
    ended: float


class EndedWell(NamedTuple):
    """When the last job of a cell ended well."""

    method: str
    model: str
    task: str
    ended: float


class Held(NamedTuple):
    """Jobs that wait.

    Attributes:
        method, model, task: what they have in common with those that failed; None for any.
        failed: how many failed alike.
        message: of the last of these.
    """

    method: str | None
    model: str | None
    task: str | None
    failed: int
    message: str

    @property
    def what(self) -> str:
        """The jobs in words: ``rdrop on tiny, rte``."""
        method = self.method or "all methods"
        on = ", ".join(name for name in (self.model, self.task) if name)
        return f"{method} on {on}" if on else method

    def words(self, more: str = "") -> str:
        """Why they wait, and what lets them go on, in a line; ``more`` is added to the command."""
        flags = (("--methods", self.method), ("--models", self.model), ("--tasks", self.task))
        given = "".join(f" {flag} {name}" for flag, name in flags if name)
        alike = f"{self.failed} jobs failed alike ({self.message})"
        return f"{self.what}: {alike}; the rest wait until `ftbench retry{given}{more}`"


def error_of(message: str, traceback: str) -> tuple[str, str]:
    """What makes two errors the same: the text without what varies, and the place that raised it."""
    places = _PLACE.findall(traceback)
    place = ":".join(places[-1]) if places else ""
    return _VARIES.sub("…", message), place


def held(fallen: Iterable[Fallen], finished: Iterable[EndedWell] = ()) -> list[Held]:
    """Which jobs wait: those that share all that three failures of one error have in common.

    Failures of one method on one model and task hold the jobs of this cell; a further one elsewhere, and all
    of the method's: so a broken method does not hold others, and a broken model no other model. Nothing is
    held where a job of the kind has ended well since the first of the failures.
    """
    alike: dict[tuple[str, str], list[Fallen]] = {}
    for one in fallen:
        alike.setdefault(error_of(one.message, one.traceback), []).append(one)
    good = list(finished)
    found: dict[tuple[str | None, ...], Held] = {}
    for failures in alike.values():
        for common, those in _groups(failures):
            since = min(one.ended for one in those)
            if any(_is(common, one) and one.ended >= since for one in good):
                continue
            last = max(those, key=lambda one: one.ended)
            if common not in found or found[common].failed < len(those):
                found[common] = Held(common[0], common[1], common[2], len(those), last.message)
    return [one for key, one in found.items() if not any(_covers(other, key) for other in found)]


def _groups(failures: list[Fallen]) -> Iterator[tuple[tuple[str | None, ...], list[Fallen]]]:
    """Failures that share a value, at least three, with all that they share."""
    for size in range(len(_AXES) + 1):
        for axes in combinations(range(len(_AXES)), size):
            by_value: dict[tuple[str, ...], list[Fallen]] = {}
            for one in failures:
                by_value.setdefault(tuple(str(one[at]) for at in axes), []).append(one)
            for those in by_value.values():
                shared = tuple(
                    str(those[0][at]) if len({one[at] for one in those}) == 1 else None for at in range(3)
                )
                if len(those) >= ALIKE and any(shared):
                    yield shared, those


def _is(common: tuple[str | None, ...], one: Fallen | EndedWell) -> bool:
    return all(value is None or value == one[at] for at, value in enumerate(common))


def _covers(wide: tuple[str | None, ...], narrow: tuple[str | None, ...]) -> bool:
    """Whether every job of the second kind is of the first, another one."""
    return wide != narrow and all(w is None or w == n for w, n in zip(wide, narrow, strict=True))
