"""What a worker says of its allocation when it begins and ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from ftbench.db import Database
from ftbench.domain.launch import Allocation, Launch, LaunchState, Standing
from ftbench.errors import BadValue, FtbenchError
from ftbench.services.launching import engines
from ftbench.services.launching.allotted import Allotted, allotted
from ftbench.services.launching.base import VARIABLE
from ftbench.services.launching.site import Site
from ftbench.services.worker.ledger import Tally
from tests.db.samples import entry
from tests.services.launching.fake_engine import FakeEngine

ID = "0a1b2c3d"


class Cluster(Site):
    """A site with an end of time, which starts workers again."""

    last_call = True
    node = "n1"
    engine_id = "e9"
    seconds_left = 100.0

    def __init__(self, refuses: bool = False) -> None:
        super().__init__({})
        self.asked, self._refuses = 0, refuses

    def again(self) -> None:
        self.asked += 1
        if self._refuses:
            raise FtbenchError("scontrol: no")


@pytest.fixture
def launched(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    database.jobs.add([entry(0)])
    database.launches.add(Launch(ID, "fake", 3))
    database.launches.reserve(ID, lambda found: 3)
    monkeypatch.setenv(VARIABLE, f"{ID}/1")
    monkeypatch.setattr(engines, "engine_of", lambda name: FakeEngine)
    yield database


def row(database: Database, number: int = 1) -> Allocation:
    return database.launches.find(ID).allocations[number]


def worked(database: Database, site: Site | None = None, **tally: Any) -> list[str]:
    said: list[str] = []
    with allotted(database.address, "w", said.append, site or Cluster()) as mine:
        assert not mine.refusal
        mine.tally = Tally(**tally)
    return said


def test_a_worker_that_nobody_launched_writes_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    with allotted("no such database", "w", print, Cluster()) as mine:
        assert mine.refusal == "" and mine.seconds(None) == 100.0


def test_the_shorter_time_counts() -> None:
    assert Allotted(Cluster()).seconds(50.0) == 50.0
    assert Allotted(Cluster()).seconds(500.0) == 100.0
    assert Allotted(Site({})).seconds(None) is None


def test_while_it_works_its_allocation_runs(launched: Database) -> None:
    with allotted(launched.address, "w", print, Cluster()):
        one = row(launched)
        assert (one.state, one.node, one.worker, one.engine_id) == (Standing.RUNNING, "n1", "w", "e9")
    assert row(launched).state is Standing.ENDED


@pytest.mark.parametrize(
    ("tally", "reason"),
    [
        ({}, "nothing to do"),
        ({"stuck": True}, "nothing is left that can be done here"),
        ({"signal": 143}, "stopped by SIGTERM"),
        ({"failed": 2}, "nothing to do"),
    ],
)
def test_an_end_in_order_says_why(launched: Database, tally: dict[str, Any], reason: str) -> None:
    site = Cluster()
    worked(launched, site, **tally)
    assert (row(launched).state, row(launched).reason, site.asked) == (Standing.ENDED, reason, 0)


@pytest.mark.parametrize("tally", [{"timed_out": True}, {"signal": 138}])
def test_where_time_is_over_and_jobs_are_left_another_start_is_asked_for(
    launched: Database, tally: dict[str, Any]
) -> None:
    site = Cluster()
    worked(launched, site, **tally)
    assert site.asked == 1
    assert (row(launched).state, row(launched).reason) == (Standing.PENDING, "its time is over")
    launched.jobs.cancel()
    worked(launched, site, **tally)
    assert site.asked == 1 and row(launched).state is Standing.ENDED


def test_where_there_is_no_other_start_the_allocation_is_over(launched: Database) -> None:
    said = worked(launched, Cluster(refuses=True), timed_out=True)
    assert row(launched).state is Standing.ENDED
    assert row(launched).reason == "its time is over; not started again: scontrol: no"
    assert said[-1] == "there is none: scontrol: no"


def test_a_stopped_launch_starts_nothing_again(launched: Database) -> None:
    site = Cluster()
    with allotted(launched.address, "w", print, site) as mine:
        launched.launches.set_state(ID, LaunchState.STOPPED, "stopped by hand")
        mine.tally = Tally(timed_out=True)
    assert site.asked == 0 and row(launched).state is Standing.STOPPED


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda db: db.launches.set_state(ID, LaunchState.PAUSED, "no use"), "is paused: no use"),
        (lambda db: db.launches.set_state(ID, LaunchState.STOPPED, "by hand"), "is stopped: by hand"),
        (lambda db: db.launches.bar(ID, ["n1"]), "leaves n1 alone"),
    ],
)
def test_a_worker_does_not_work_where_it_must_not(launched: Database, change: Any, told: str) -> None:
    change(launched)
    with allotted(launched.address, "w", print, Cluster()) as mine:
        assert told in mine.refusal
    assert row(launched).early == 0 and told in row(launched).reason


def test_three_that_fail_at_once_pause_the_launch(
    launched: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        assert launched.launches.find(ID).launch.state is LaunchState.OPEN
        monkeypatch.setenv(VARIABLE, f"{ID}/{number}")
        with suppress(BadValue), allotted(launched.address, "w", print, Cluster()):
            raise BadValue("no GPU 0")
    assert [one.state for one in launched.launches.find(ID).allocations] == [Standing.FAILED] * 3
    launch = launched.launches.find(ID).launch
    assert launch.state is LaunchState.PAUSED
    assert launch.reason == "3 starts died within a minute, the last on n1: no GPU 0"


def test_three_errors_of_the_machine_bar_the_node(launched: Database) -> None:
    with suppress(FtbenchError), allotted(launched.address, "w", print, Cluster()) as mine:
        mine.tally.faults = 3
        raise FtbenchError("the worker stopped")
    assert launched.launches.find(ID).launch.barred == ("n1",)
    assert row(launched).failures == 3


def test_an_allocation_that_is_unknown_is_refused(
    launched: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, f"{ID}/7")
    with allotted(launched.address, "w", print, Cluster()) as mine:
        assert mine.refusal == f"the database knows no allocation {ID}/7"
    monkeypatch.setenv(VARIABLE, "x")
    with pytest.raises(BadValue, match="FTBENCH_ALLOCATION 'x': unset it"):
        with allotted(launched.address, "w", print, Cluster()):
            pass
