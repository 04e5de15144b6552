"""What a worker leaves alone: jobs that cannot be done on its machine, until a pause is over."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from ftbench import settings
from ftbench.db import Kind, Lease
from ftbench.domain.events import End
from ftbench.domain.job import SHORT_DIGEST
from ftbench.domain.result import Lack
from ftbench.secrets import masked

PAUSE, LONGEST = 5.0, 300.0  # seconds until something is tried again: the first time, and at most
TRIES = 3  # at a job that meets errors of the machine which may pass
STOP = 3  # jobs in a row that met such an error: the machine is at fault


@dataclass
class _Left:
    """Why a kind of jobs is left alone.

    Attributes:
        reason: in a line.
        tries: how often it was found so.
        until: when it is tried again, of a clock that is never set.
        from_hub: whether it is something of the hub that is missing.
        given_up: whether a worker that ends when nothing is queued need not wait for it.
    """

    reason: str
    tries: int
    until: float
    from_hub: bool
    given_up: bool


class Aside:
    """Kinds of jobs that cannot be done here; what one machine lacks is no other machine's affair."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Leave nothing alone; ``clock`` gives seconds."""
        self._clock = clock
        self._left: dict[Kind, _Left] = {}
        self._row: set[str] = set()

    def put(self, claim: Lease, end: End) -> None:
        """Leave alone what an attempt that ended as ``environment`` shows not to be possible."""
        kind = kind_of(claim, end.lack)
        tries = self._left[kind].tries + 1 if kind in self._left else 1
        until = self._clock() + min(LONGEST, PAUSE * 2 ** (tries - 1))
        from_hub = end.lack is not None and not _revision(claim, end.lack).startswith("sha256:")
        given_up = end.lack is not None or tries >= TRIES
        reason = masked(end.message)
        named = reason if end.lack is not None else f"job {claim.digest[:SHORT_DIGEST]}: {reason}"
        self._left[kind] = _Left(named, tries, until, from_hub, given_up)
        if end.lack is None:
            self._row.add(claim.digest)

    def worked(self, claim: Lease) -> None:
        """An attempt came to an end that the machine had no part in."""
        self._row.clear()
        for lack in (None, Lack.MODEL, Lack.DATA):
            self._left.pop(kind_of(claim, lack), None)

    @property
    def machine_is_at_fault(self) -> bool:
        """Whether several jobs in a row met errors of the machine that are not theirs."""
        return len(self._row) >= STOP

    def kinds(self) -> list[Kind]:
        """What is not to be claimed now."""
        now = self._clock()
        return [kind for kind, left in self._left.items() if left.until > now]

    @property
    def lacks_of_hub(self) -> bool:
        """Whether anything of the hub is missing."""
        return any(left.from_hub for left in self._left.values())

    def reasons(self, *, hub: bool) -> list[str]:
        """Why, each once; ``hub``: also where something of the hub is missing."""
        return list(dict.fromkeys(x.reason for x in self._left.values() if hub or not x.from_hub))

    def seconds(self, *, drain: bool) -> float | None:
        """Seconds until something is tried again; None where waiting is of no use.

        What is missing of the hub does not come by itself where the hub must not be asked.

        Args:
            drain: whether the worker waits only for what may pass within a few tries.
        """
        alone = settings.offline()
        over = [left.given_up if drain else left.from_hub and alone for left in self._left.values()]
        waiting = [left.until for left, done in zip(self._left.values(), over, strict=True) if not done]
        return max(0.0, min(waiting) - self._clock()) if waiting else None


def _revision(claim: Lease, lack: Lack) -> str:
    return {Lack.MODEL: claim.job.model_revision, Lack.DATA: claim.job.data_revision}.get(lack, "sha256:")


def kind_of(claim: Lease, lack: Lack | None) -> Kind:
    """The jobs that share what an attempt met."""
    job = claim.job
    if lack is Lack.MODEL:
        return Kind(model=job.model, model_revision=job.model_revision)
    if lack is Lack.DATA:
        return Kind(task=job.task, data_revision=job.data_revision)
    return Kind(digest=claim.digest)
