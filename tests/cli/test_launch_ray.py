"""``ftbench launch ray`` on the command line, with a module that stands in for Ray."""

from __future__ import annotations

import sys

import pytest

from tests.cli.conftest import GRID, Ftbench
from tests.services.launching.fake_ray import FakeRay, stand_in

LAUNCH = ("launch", "ray", "--workers", "2", "--threads", "1")


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch) -> FakeRay:
    return stand_in(monkeypatch)


def test_a_launch_is_made_seen_and_stopped(ftbench: Ftbench, ray: FakeRay) -> None:
    ftbench(*GRID)
    ended = ftbench(*LAUNCH, "--idle", "5m", "--slots", "2", "--lease", "30")
    assert ended.code == 0 and "2 workers asked of Ray, which keeps them from now on" in ended.out
    first, _ = ray.actors.values()
    assert first.order.worker == (
        "--gpu",
        "0",
        "--slots",
        "2",
        "--lease",
        "30",
        "--threads",
        "1",
        "--idle",
        "5m",
    )
    (launch,) = ftbench("launch", "status", "--json").json
    assert (launch["engine"], launch["workers"]) == ("ray", 2)
    assert [one["reason"] for one in launch["allocations"]] == ["starts", "starts"]
    assert "0 workers more, beside 2" in ftbench("launch", "top-up").out
    assert "2 workers told to end" in ftbench("launch", "stop", launch["id"]).out
    assert [actor.calls[-1] for actor in ray.actors.values()] == ["stop", "stop"]


def test_actors_that_are_gone_are_replaced(ftbench: Ftbench, ray: FakeRay) -> None:
    ftbench(*GRID)
    ftbench(*LAUNCH)
    ray.kill(next(iter(ray.actors.values())))
    assert "1 worker more, beside 1" in ftbench("launch", "top-up").out
    assert [name[-2:] for name in ray.actors] == ["-0", "-1", "-2"]


def test_never_more_workers_than_jobs(ftbench: Ftbench, ray: FakeRay) -> None:
    ftbench(*GRID)
    assert "4 workers in the place of 9: 4 queued jobs" in ftbench("launch", "ray", "--workers", "9").out
    assert len(ray.actors) == 4
    ftbench("cancel", "--all", "--yes")
    assert "no workers: no job is queued" in ftbench(*LAUNCH).out


def test_a_dry_run_says_what_would_be_asked_for_and_needs_no_ray(
    ftbench: Ftbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    ftbench(*GRID)
    said = ftbench(*LAUNCH, "--dry-run").out.splitlines()
    asked = "a detached actor with num_cpus=1, num_gpus=1 that runs: python -m ftbench worker --gpu 0"
    assert said == [f"{asked} --threads 1 --idle 10m", "# 2 workers for 4 queued jobs"]
    assert ftbench("launch", "status", "--json").json == []


def test_what_is_wrong_is_a_line_and_leaves_nothing(
    ftbench: Ftbench, ray: FakeRay, monkeypatch: pytest.MonkeyPatch
) -> None:
    ftbench(*GRID)
    for code, words, told in (
        (2, ["--workers", "0"], "--workers 0"),
        (2, ["--gpus-per-worker", "2"], "--gpus-per-worker 2"),
        (2, ["--address", "local"], "--address 'local': give HOST:PORT"),
        (2, ["--idle", "soon"], "--idle 'soon'"),
        (1, ["--address", "127.0.0.1:1"], "no Ray cluster at 127.0.0.1:1: Connection refused"),
    ):
        ended = ftbench("launch", "ray", *words)
        assert (ended.code, ended.err.count("\n")) == (code, 1) and told in ended.err
    monkeypatch.setitem(sys.modules, "ray", None)
    ended = ftbench(*LAUNCH)
    assert (
        ended.code == 1 and ended.err == "ftbench: error: ray is not installed: pip install 'ftbench[ray]'\n"
    )
    assert ftbench("launch", "status", "--all", "--json").json == [] and not ray.actors


def test_no_password_is_handed_to_ray(
    ftbench: Ftbench, ray: FakeRay, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = "postgresql://ann:opensesame@127.0.0.1:1/ftbench"
    typed = ftbench(*LAUNCH, "--db", address)
    monkeypatch.setenv("FTBENCH_DB", address)
    for ended in (typed, ftbench(*LAUNCH)):
        refused = [line for line in ended.err.splitlines() if line.startswith("ftbench: error: ")]
        assert ended.code == 2 and len(refused) == 1
        assert "PGPASSFILE" in ended.err and "opensesame" not in ended.err
    assert not ray.inits
