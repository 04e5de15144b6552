"""What a worker does about its allocation: it says when it begins and how it ends, and may ask for more."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from ftbench.db import Database, Launched, open_database
from ftbench.domain.launch import LaunchState, Standing
from ftbench.domain.result import State
from ftbench.errors import BadValue, DatabaseError, FtbenchError, UnknownName, one_line
from ftbench.secrets import masked
from ftbench.services.launching import care, engines
from ftbench.services.launching.base import VARIABLE, folder_of
from ftbench.services.launching.site import Site, site_here
from ftbench.services.worker.insisting import LOCK, Insisting
from ftbench.services.worker.ledger import Tally


class Allotted:
    """A worker's allocation; of a worker that nobody launched, only what its site tells.

    Attributes:
        refusal: why the worker must not work here; "" where it may.
        tally: what it has done, once it has begun.
    """

    def __init__(self, site: Site) -> None:
        """Begin with a worker that nobody launched."""
        self.site = site
        self.refusal = ""
        self.tally = Tally()

    @property
    def timed_out(self) -> bool:
        """Whether the worker ended because its time was over, or nearly."""
        last_call = self.site.last_call and self.tally.signal == 128 + signal.SIGUSR1
        return self.tally.timed_out or last_call

    def seconds(self, limit: float | None) -> float | None:
        """Seconds that the worker may go on, by its own limit or the scheduler's; None without either."""
        ends = [end for end in (limit, self.site.seconds_left) if end is not None]
        return min(ends, default=None)

    def ending(self) -> str:
        """Why the worker ended in order."""
        if self.refusal:
            return self.refusal
        if self.timed_out:
            return "its time is over"
        if self.tally.signal:
            return f"stopped by {signal.Signals(self.tally.signal - 128).name}"
        return "nothing is left that can be done here" if self.tally.stuck else "nothing to do"


@contextmanager
def allotted(
    address: str, worker: str, say: Callable[[str], None], site: Site | None = None
) -> Iterator[Allotted]:
    """Hold the allocation that this process was started for, if any, and write down how it ends.

    Short connections of its own are used: while the worker works it has the only one.

    Args:
        address: of the database.
        worker: the worker's name.
        say: takes lines for people.
        site: where this is.

    Raises:
        BadValue: the environment names no allocation.
        FtbenchError: the database cannot be opened at the start.
    """
    mine = Allotted(site or site_here())
    told = os.environ.get(VARIABLE)
    if not told:
        yield mine
        return
    launch, _, number = told.partition("/")
    if not number.isdecimal():
        raise BadValue(f"{VARIABLE} '{told}': unset it; `ftbench launch` alone sets it")
    kept = _Kept(address, launch, int(number), worker, say)
    kept.begin(mine)
    try:
        yield mine
    except BaseException as error:
        kept.fail(error, mine.tally.faults)
        raise
    kept.end(mine)


class _Kept:
    """The row of one allocation, and the engine behind it."""

    def __init__(
        self, address: str, launch: str, number: int, worker: str, say: Callable[[str], None]
    ) -> None:
        self._address, self._launch, self._number, self._worker = address, launch, number, worker
        self._say, self._insist = say, Insisting(say)

    def _open(self) -> Database:
        return self._insist(lambda: open_database(self._address, timeout=LOCK))

    def begin(self, mine: Allotted) -> None:
        site = mine.site
        with self._open() as database:
            launch = self._insist(
                lambda: database.launches.begin(
                    self._launch, self._number, self._worker, site.node, site.engine_id
                )
            )
        if launch is None:
            mine.refusal = f"the database knows no allocation {self._launch}/{self._number}"
        elif launch.state is not LaunchState.OPEN:
            mine.refusal = f"launch {launch.id} is {launch.state}: {launch.reason}"
        elif site.node in launch.barred:
            mine.refusal = f"launch {launch.id} leaves {site.node} alone: workers met errors of it"

    def fail(self, error: BaseException, faults: int) -> None:
        told = masked(one_line(str(error))) or type(error).__name__
        with suppress(DatabaseError, UnknownName), self._open() as database:
            found = self._written(database, Standing.FAILED, told, faults)
            if found is not None:
                self._judge(database, found)

    def end(self, mine: Allotted) -> None:
        """Write the end in order; where there is more to do and the time was over, have the engine go on."""
        try:
            with self._open() as database:
                stood = database.launches.find(self._launch).launch.state
                left = mine.timed_out and database.jobs.counts()[State.QUEUED] > 0
                more = left and stood is LaunchState.OPEN
                over = Standing.STOPPED if stood is LaunchState.STOPPED else Standing.ENDED
                state = Standing.PENDING if more else over
                found = self._written(database, state, mine.ending(), mine.tally.faults)
                if found is None:
                    return
                if more:
                    self._again(database, found, mine.site)
                self._judge(database, found)
        except (DatabaseError, UnknownName) as error:
            self._say(f"how this allocation ended is not written down: {error}")

    def _written(self, database: Database, state: Standing, reason: str, faults: int) -> Launched | None:
        end = database.launches.end
        return self._insist(lambda: end(self._launch, self._number, self._worker, state, reason, faults))

    def _again(self, database: Database, found: Launched, site: Site) -> None:
        self._say("its time is over and jobs are left: asking for another start")
        try:
            site.again()
        except FtbenchError as error:
            self._say(f"there is none: {error}")
            mine = next(one for one in found.allocations if one.number == self._number)
            database.launches.observe(mine, Standing.ENDED, f"its time is over; not started again: {error}")

    def _judge(self, database: Database, found: Launched) -> None:
        folder = folder_of(self._address, self._launch)
        with suppress(FtbenchError):
            care.judged(database, engines.engine_of(found.launch.engine)(folder), found)
