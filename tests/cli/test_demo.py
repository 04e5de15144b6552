"""``ftbench demo``: queue, worker and report in one; a stand-in does the training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ftbench import tasks
from ftbench.db import Database
from ftbench.domain.result import JobResult, Score
from ftbench.services.planning import queue
from ftbench.services.worker import machine, worker
from ftbench.services.worker.options import Options
from tests.cli.conftest import Ftbench


class Instant:
    """A worker that knows every score at once."""

    signal = 0
    options: Options

    def __init__(self, database: Database, options: Options, *others: Any) -> None:
        self._database = database
        type(self).options = options

    def run(self) -> worker.Tally:
        while not self.signal and (claim := self._database.jobs.claim("instant", 60)) is not None:
            metric = tasks.find(claim.job.task).metric
            self._database.jobs.finish(claim, JobResult((Score("dev", metric, 0.5 + claim.job.seed / 10),)))
        return worker.Tally(signal=self.signal)


@pytest.fixture
def demo(ftbench: Ftbench, monkeypatch: pytest.MonkeyPatch) -> Ftbench:
    monkeypatch.setattr(queue, "DEFAULT_TOY_MODEL", "../model")
    monkeypatch.setattr(worker, "Worker", Instant)
    return ftbench


def test_the_demo_ends_in_a_leaderboard(demo: Ftbench) -> None:
    ended = demo("demo", "--seeds", "2")
    assert (ended.code, ended.err) == (0, "")
    grid = "--methods vanilla,rdrop,bidrop --tasks toy --seeds 2 --train-size 400"
    assert f"24 jobs: ftbench queue {grid}" in ended.out
    for method in ("Vanilla", "R-Drop", "Bi-Drop"):
        assert any(line.startswith(method) and "55.00" in line for line in ended.out.splitlines())
    assert "--db ftbench-demo.db" in ended.out
    assert Path("ftbench-demo.db").is_file()


def test_the_demo_goes_on_where_it_stopped(demo: Ftbench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Instant, "signal", 130)
    stopped = demo("demo", "--seeds", "1")
    assert stopped.code == 130 and "vanilla  " not in stopped.out
    monkeypatch.setattr(Instant, "signal", 0)
    assert demo("demo", "--seeds", "1").code == 0
    assert demo("status", "--db", "ftbench-demo.db", "--json").json["counts"]["done"] == 12


@pytest.mark.parametrize(("device", "cores", "slots"), [("cpu", 2, 2), ("cpu", 64, 4), ("cuda:0", 64, 1)])
def test_the_demo_trains_a_job_on_each_core(
    demo: Ftbench, monkeypatch: pytest.MonkeyPatch, device: str, cores: int, slots: int
) -> None:
    monkeypatch.setattr(machine, "cores", lambda: cores)
    monkeypatch.setattr(machine, "choose_device", lambda gpu: device)
    assert demo("demo", "--seeds", "1").code == 0
    assert (Instant.options.threads, Instant.options.slots) == (1, slots)
