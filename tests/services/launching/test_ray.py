"""Workers as actors of Ray's, with a module that stands in for it."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from ftbench.domain.launch import Allocation, Launch, Standing
from ftbench.errors import FtbenchError
from ftbench.services.launching import ray as file
from ftbench.services.launching import ray_cluster
from ftbench.services.launching.base import Seen, Sight
from ftbench.services.launching.ray import Actor, Ray, WorkerPlan
from tests.services.launching.fake_ray import FakeRay, stand_in

ID = "0a1b2c3d"
LAUNCH = Launch(ID, "ray", 2)
PLAN = WorkerPlan(
    "auto", "postgresql://ann@db/ftbench", ("--gpu", "0", "--idle", "10m"), 1, 4, "/home/ann/work"
)


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch) -> FakeRay:
    return stand_in(monkeypatch)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "launches" / ID


def new(count: int = 2) -> list[Allocation]:
    return [Allocation(ID, number) for number in range(count)]


def named(ray: FakeRay, folder: Path, count: int = 2) -> list[Allocation]:
    names = Ray(folder, PLAN).start(LAUNCH, new(count))
    return [replace(one, engine_id=names[one.number]) for one in new(count)]


def test_each_worker_is_one_actor_that_outlives_the_program_and_its_node(ray: FakeRay, folder: Path) -> None:
    assert Ray(folder, PLAN).start(LAUNCH, new()) == {0: f"ftbench-{ID}-0", 1: f"ftbench-{ID}-1"}
    first, second = ray.actors.values()
    assert first.options == {
        "name": f"ftbench-{ID}-0",
        "namespace": "ftbench",
        "lifetime": "detached",
        "max_restarts": -1,
        "num_cpus": 4,
        "num_gpus": 1,
    }
    assert (first.order.number, second.order.number) == (0, 1)
    assert (first.order.worker, first.order.cpu, first.folder) == (PLAN.worker, False, PLAN.folder)


def test_more_workers_are_asked_for_as_the_first_were(ray: FakeRay, folder: Path) -> None:
    Ray(folder, replace(PLAN, gpus=0)).start(LAUNCH, new(1))
    assert Ray(folder).start(LAUNCH, [Allocation(ID, 7)]) == {7: f"ftbench-{ID}-7"}
    made = ray.actors[f"ftbench-{ID}-7"]
    assert (made.options["num_gpus"], made.order.cpu, made.order.worker) == (0, True, PLAN.worker)


def test_more_workers_are_not_asked_for_where_the_launch_was_not_made(ray: FakeRay, folder: Path) -> None:
    with pytest.raises(FtbenchError, match=r"ray\.json is not here: call this in the folder"):
        Ray(folder).start(LAUNCH, new())
    assert not ray.inits


def test_actors_are_kept_off_barred_nodes(ray: FakeRay, folder: Path) -> None:
    ray.hosts |= {"10.0.0.2": "b", "10.0.0.3": "c"}
    Ray(folder, PLAN).start(replace(LAUNCH, barred=("10.0.0.2", "10.0.0.3", "gone")), new(1))
    (made,) = ray.actors.values()
    assert made.options["label_selector"] == {"ray.io/node-id": "!in(id-10.0.0.2,id-10.0.0.3)"}


def test_a_sqlite_file_is_refused_where_the_cluster_has_other_machines(ray: FakeRay, folder: Path) -> None:
    ray.hosts["10.0.0.2"] = "node-b"
    with pytest.raises(FtbenchError, match=r"ftbench\.db is a SQLite file.* node-b are others: use P"):
        Ray(folder, replace(PLAN, database="/home/ann/ftbench.db")).start(LAUNCH, new())
    assert not ray.actors and not folder.exists()
    del ray.hosts["10.0.0.2"]
    assert Ray(folder, replace(PLAN, database="/home/ann/ftbench.db")).start(LAUNCH, new(1))


def test_an_actor_that_cannot_begin_ends_the_launch_with_its_error(ray: FakeRay, folder: Path) -> None:
    ray.how = "broken"
    with pytest.raises(FtbenchError) as raised:
        Ray(folder, PLAN).start(LAUNCH, new())
    assert str(raised.value) == "Ray at this machine: ModuleNotFoundError: No module named 'ftbench'"
    assert ray.killed == list(ray.actors.values()) and not folder.exists()


def test_actors_run_wait_or_are_gone(ray: FakeRay, folder: Path) -> None:
    one, two, three = named(ray, folder, 3)
    ray.actors[two.engine_id].how = "waits"
    ray.kill(ray.actors[three.engine_id])
    other = Allocation(ID, 4, "someone-elses")
    assert Ray(folder).seen([one, two, three, other]) == {
        one.engine_id: Seen(Sight.RUNNING, "10.0.0.1"),
        two.engine_id: Seen(Sight.WAITING, "", "the cluster has no room yet"),
    }


def test_an_actor_that_does_not_answer_runs_where_it_ran_unless_that_node_is_lost(
    ray: FakeRay, folder: Path
) -> None:
    (one,) = named(ray, folder, 1)
    ray.actors[one.engine_id].how = "waits"
    slow = replace(one, state=Standing.RUNNING, node="10.0.0.1")
    assert Ray(folder).seen([slow])[one.engine_id] == Seen(Sight.RUNNING, "10.0.0.1")
    lost = replace(slow, node="10.0.0.9")
    assert Ray(folder).seen([lost])[one.engine_id].sight is Sight.WAITING


def test_stopping_tells_those_that_run_and_takes_away_those_that_wait(ray: FakeRay, folder: Path) -> None:
    one, two = named(ray, folder)
    ray.actors[two.engine_id].how = "waits"
    Ray(folder).stop([one, two, Allocation(ID, 5, "someone-elses")])
    assert "stop" in ray.actors[one.engine_id].calls
    assert ray.killed == [ray.actors[two.engine_id]]


def test_the_cluster_is_that_of_the_launch_and_elsewhere_the_one_that_is_found(
    ray: FakeRay, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached = []
    monkeypatch.setattr(ray_cluster, "_check_reached", reached.append)
    Ray(folder, replace(PLAN, cluster="head:6379")).start(LAUNCH, new())
    Ray(folder).seen(new())
    Ray(tmp_path / "elsewhere").seen(new())
    assert [told["address"] for told in ray.inits] == ["head:6379", "head:6379", "auto"]
    monkeypatch.setenv("RAY_ADDRESS", "other:6379")
    Ray(tmp_path / "elsewhere").seen(new())
    assert ray.inits[-1]["address"] == "other:6379" and reached == ["head:6379", "head:6379", "other:6379"]


@pytest.mark.parametrize("again", [True, False])
def test_an_actor_whose_worker_died_dies_and_one_whose_worker_ended_goes(
    again: bool, ray: FakeRay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "work").mkdir()
    exits, over = list[int](), threading.Event()
    monkeypatch.setattr(os, "_exit", exits.append)
    post = SimpleNamespace(ended=lambda: again)
    monkeypatch.setattr(file, "Post", lambda order, engine, node: post)
    kill = ray.kill
    monkeypatch.setattr(ray, "kill", lambda who: (kill(who), over.set()), raising=False)
    made = Actor(file.Order(ID, 0, f"ftbench-{ID}-0", "ftbench.db", ()), str(tmp_path / "work"))
    assert over.wait(10)
    assert made.node() == "10.0.0.1" and Path.cwd() == tmp_path / "work"
    assert exits == ([1] if again else [])
