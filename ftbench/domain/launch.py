"""Launches: workers that were asked for together, the allocation of each, and when to ask for no more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

EARLY = 60.0  # seconds: a start that dies sooner has done nothing
PAUSE = 3  # such starts one after another, upon which a launch is paused
BAR = 3  # errors of a node that its workers met, upon which the launch leaves the node alone


class LaunchState(StrEnum):
    """Where a launch stands."""

    OPEN = "open"
    PAUSED = "paused"
    STOPPED = "stopped"


class Standing(StrEnum):
    """Where an allocation stands."""

    PENDING = "pending"  # asked for; the engine has not started it, or will start it again
    RUNNING = "running"
    ENDED = "ended"  # in order: nothing to do, or told so by a signal
    FAILED = "failed"
    STOPPED = "stopped"  # with its launch


LIVE = (Standing.PENDING, Standing.RUNNING)


@dataclass(frozen=True)
class Launch:
    """Workers that were asked for together.

    Attributes:
        id: eight hexadecimal digits.
        engine: what places the workers: ``slurm``, ``local``, …
        workers: how many there should be.
        backlog: a worker is worth it for each so many queued jobs.
        state: whether there may be more.
        reason: why there may not.
        barred: nodes that are left alone.
        asked: when, in seconds since 1970.
    """

    id: str
    engine: str
    workers: int
    backlog: int = 1
    state: LaunchState = LaunchState.OPEN
    reason: str = ""
    barred: tuple[str, ...] = ()
    asked: float = 0.0


@dataclass(frozen=True)
class Allocation:
    """What a cluster gave a worker, or was asked to.

    Attributes:
        launch: the launch's id.
        number: 0, 1, … in the launch.
        engine_id: how the engine calls it, ``1234_5``; "" before it has a name.
        state: where it stands.
        reason: why, in a line.
        node: where its worker runs, or ran last.
        worker: the worker's name.
        asked: when it was asked for, in seconds since 1970.
        started: when its worker began the last time.
        ended: when this was over.
        restarts: how often the worker was started again.
        early: starts, one after another, that died within a minute.
        failures: errors of the node that its worker met since it was started.
    """

    launch: str
    number: int
    engine_id: str = ""
    state: Standing = Standing.PENDING
    reason: str = ""
    node: str | None = None
    worker: str | None = None
    asked: float = 0.0
    started: float | None = None
    ended: float | None = None
    restarts: int = 0
    early: int = 0
    failures: int = 0


def worth(launch: Launch, allocations: Iterable[Allocation], queued: int) -> int:
    """How many more workers a launch is to have: never more than there are jobs that nobody waits for.

    Args:
        launch: which says how many there should be.
        allocations: all that it has.
        queued: jobs in the queue.
    """
    states = Counter(one.state for one in allocations)
    wanted = -(-queued // launch.backlog) - states[Standing.PENDING]
    return max(0, min(launch.workers - states[Standing.PENDING] - states[Standing.RUNNING], wanted))


def early_deaths(allocations: Iterable[Allocation], now: float) -> list[Allocation]:
    """The allocations whose last start died within a minute, since a worker of the launch lived longer.

    Args:
        allocations: of one launch.
        now: seconds since 1970, by the clock that the times are of.

    Returns:
        The latest last.
    """
    rows = list(allocations)
    lived = max((_outlived(one, now) for one in rows), default=0.0)
    dead = [one for one in rows if one.early and (one.ended or 0.0) >= lived]
    return sorted(dead, key=lambda one: one.ended or 0.0)


def _outlived(one: Allocation, now: float) -> float:
    """When an allocation's worker had lived for a minute; 0 where it has not."""
    if one.started is None:
        return 0.0
    last = now if one.state is Standing.RUNNING else one.ended or one.started
    return one.started + EARLY if last - one.started >= EARLY else 0.0


def is_broken(allocations: Iterable[Allocation], now: float) -> bool:
    """Whether starts die one after another, so that there is no use in more."""
    return sum(one.early for one in early_deaths(allocations, now)) >= PAUSE


def bad_nodes(allocations: Iterable[Allocation]) -> list[str]:
    """The nodes on which the workers of a launch met as many errors as bar a node."""
    met: Counter[str] = Counter()
    for one in allocations:
        if one.node:
            met[one.node] += one.failures
    return sorted(node for node, count in met.items() if count >= BAR)
