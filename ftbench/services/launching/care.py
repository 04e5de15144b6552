"""The care for a launch: what its engine says, when it is paused, and how many workers it still lacks."""

from __future__ import annotations

import signal
import sys
from collections.abc import Mapping
from contextlib import suppress

from ftbench.db import Database, Launched
from ftbench.domain.launch import (
    LIVE,
    PAUSE,
    Allocation,
    Launch,
    LaunchState,
    Standing,
    bad_nodes,
    early_deaths,
    is_broken,
    worth,
)
from ftbench.domain.result import State
from ftbench.errors import FtbenchError
from ftbench.services.launching.base import Engine, Seen, Sight
from ftbench.settings import db_flag

PAUSES = (1.0, 5.0, 15.0)  # seconds before a worker that died is started again: the first time, and so on
UNNAMED = 300.0  # seconds in which an engine has said how it calls what it was asked for
NO_WORD = "its worker ended without a word"


def begun(database: Database, engine: Engine, launch: Launch, *, whole: bool = False) -> list[Allocation]:
    """Write a launch down and ask its engine for workers: as many as are worth it.

    Args:
        database: whose jobs they are to do.
        engine: the launch's.
        launch: a new one.
        whole: all of the workers, whatever is queued.

    Returns:
        The allocations; none where no job is queued.

    Raises:
        FtbenchError: the engine refuses; nothing is written down then.
    """
    database.launches.add(launch)
    try:
        new = _asked(database, engine, launch.id, whole=whole)
    except BaseException:
        database.launches.remove(launch.id)
        raise
    if not new:
        database.launches.remove(launch.id)
    return new


def topped_up(database: Database, engine: Engine, found: Launched) -> list[Allocation]:
    """Ask for the workers that an open launch lacks, as long as there are jobs for them.

    Raises:
        FtbenchError: the engine refuses.
    """
    return _asked(database, engine, found.launch.id)


def _asked(database: Database, engine: Engine, launch: str, *, whole: bool = False) -> list[Allocation]:
    queued = sys.maxsize if whole else database.jobs.counts()[State.QUEUED]
    first = list[Launched]()

    def lacking(now: Launched) -> int:
        first.append(now)
        return worth(now.launch, now.allocations, queued) if now.launch.state is LaunchState.OPEN else 0

    new = database.launches.reserve(launch, lacking)
    if not new:
        return []
    try:
        names = engine.start(first[0].launch, new)
    except BaseException:
        database.launches.give_up(launch, [one.number for one in new])
        raise
    database.launches.name(launch, names)
    return new


def reconciled(database: Database, engine: Engine, found: Launched) -> Launched:
    """Write what the engine says of a launch's allocations, and pause it where starts die one after another.

    Raises:
        FtbenchError: the engine cannot be asked.
    """
    live = live_of(found)
    if not live:
        return found
    seen = engine.seen(live)
    now = database.launches.now()
    for one in live:
        _written(database, engine, one, seen, now)
    return judged(database, engine, database.launches.find(found.launch.id))


def _written(
    database: Database, engine: Engine, one: Allocation, seen: Mapping[str, Seen], now: float
) -> None:
    write, what = database.launches.observe, seen.get(one.engine_id)
    if not one.engine_id:
        if now - one.asked > UNNAMED:
            write(one, Standing.ENDED, "the engine was not asked for it")
    elif what is None:
        started = one.state is Standing.RUNNING or (one.started is None and engine.log(one).exists())
        if started:
            write(one, Standing.FAILED, _death(engine, one, NO_WORD))
        else:
            write(one, Standing.ENDED, "gone from the engine before it started")
    elif what.sight is Sight.OVER:
        words = f"{NO_WORD} ({what.reason})" if what.reason else NO_WORD
        write(one, Standing.FAILED, _death(engine, one, words), what.node or None, what.seconds)
    elif what.sight is Sight.TAKEN:
        write(one, Standing.ENDED, what.reason, what.node or None)
    elif what.sight is Sight.WAITING:
        if (one.state, one.reason) != (Standing.PENDING, what.reason):
            write(one, Standing.PENDING, what.reason)
    elif one.state is Standing.PENDING and (one.reason, one.node) != ("starts", what.node):
        write(one, Standing.PENDING, "starts", what.node)


def _death(engine: Engine, one: Allocation, words: str) -> str:
    line = engine.last_line(one)
    return f"{words}; its log ends with: {line}" if line else words


def settled(
    database: Database,
    engine: Engine,
    row: Allocation,
    before: float | None,
    code: int,
    seconds: float,
    node: str | None = None,
) -> Allocation:
    """The row of a worker whose process is gone: as the worker wrote it, else that it died.

    Args:
        database: with the row.
        engine: the launch's.
        row: as it is now.
        before: when the worker of this allocation that came before had begun; None where there was none.
        code: of the process, negative for a signal.
        seconds: that the process ran.
        node: where; None: as it is written.
    """
    told_it = row.state is not Standing.RUNNING and row.started != before
    if told_it or row.state is Standing.STOPPED:
        return row
    # The log's end may be of an earlier start, unless this one came so far as to begin.
    line = "" if row.state is Standing.RUNNING else engine.last_line(row)
    told = f"died by {_cause(code)}" + (f"; its log ends with: {line}" if line else "")
    database.launches.observe(row, Standing.FAILED, told, node, seconds)
    found = database.launches.find(row.launch)
    return next(one for one in found.allocations if one.number == row.number)


def pause(deaths: int) -> float:
    """Seconds before another start, where so many have died one after another, at least 1."""
    return PAUSES[min(deaths, len(PAUSES)) - 1]


def _cause(code: int) -> str:
    """How a process ended."""
    if code >= 0:
        return f"exit code {code}"
    return signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"


def judged(database: Database, engine: Engine, found: Launched) -> Launched:
    """Pause a launch whose starts die one after another, and bar nodes where its workers met errors.

    What the engine is told here it is told again the next time, should it not have heard.
    """
    launch, waiting = found.launch, [one for one in live_of(found) if one.state is Standing.PENDING]
    now = database.launches.now()
    if launch.state is LaunchState.OPEN and is_broken(found.allocations, now):
        last = early_deaths(found.allocations, now)[-1]
        where = f" on {last.node}" if last.node else ""
        why = f"{PAUSE} starts died within a minute, the last{where}: {last.reason}"
        database.launches.set_state(launch.id, LaunchState.PAUSED, why)
    bad = set(bad_nodes(found.allocations)) - set(launch.barred)
    if bad:
        database.launches.bar(launch.id, sorted({*bad, *launch.barred}))
    found = database.launches.find(launch.id)
    with suppress(FtbenchError):
        if found.launch.state is LaunchState.PAUSED and waiting:
            engine.hold(waiting)
        if found.launch.barred and waiting:
            engine.bar(waiting, found.launch.barred)
    return found


def reopened(database: Database, engine: Engine, found: Launched) -> Launched:
    """Open a paused launch again.

    Raises:
        FtbenchError: the engine cannot be told.
    """
    database.launches.set_state(found.launch.id, LaunchState.OPEN)
    waiting = [one for one in live_of(found) if one.state is Standing.PENDING]
    if waiting:
        engine.bar(waiting, ())
        engine.let_go(waiting)
    return database.launches.find(found.launch.id)


def stopped(database: Database, engine: Engine, found: Launched) -> list[Allocation]:
    """Stop a launch: no more workers, and those that run give their jobs back; what was live.

    Raises:
        FtbenchError: the engine cannot be told.
    """
    live = [one for one in live_of(found) if one.engine_id]
    database.launches.set_state(found.launch.id, LaunchState.STOPPED, "stopped by hand")
    if live:
        engine.stop(live)
    for one in live_of(found):
        if one.state is Standing.PENDING:
            database.launches.observe(one, Standing.STOPPED, "stopped before it ran")
    return live


def live_of(found: Launched) -> list[Allocation]:
    """The allocations of a launch that run, or may come to."""
    return [one for one in found.allocations if one.state in LIVE]


def advice(found: Launched, address: str) -> str:
    """What to do about a launch that is paused or has barred nodes; "" where it is neither."""
    launch, flag = found.launch, db_flag(address)
    if launch.state is LaunchState.PAUSED:
        again = f"`ftbench launch top-up {launch.id} --resume{flag}`"
        return f"mend that, then {again}; or `ftbench launch stop {launch.id}{flag}`"
    if launch.barred:
        return f"left alone after errors of the machine: {', '.join(launch.barred)}"
    return ""
