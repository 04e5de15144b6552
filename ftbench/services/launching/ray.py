"""Ray: a detached actor for each worker, on a cluster that exists already.

Ray's tasks die with the program that asked for them, and a job of Ray's needs its dashboard; a detached actor
needs neither, and Ray makes it again where its node is lost (``max_restarts=-1``). One actor is one long
worker: jobs are claimed from the database, never handed out by Ray.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

from ftbench.domain.launch import Allocation, Launch, Standing
from ftbench.errors import FtbenchError
from ftbench.services.launching.base import Engine, Seen, Sight, folder_of
from ftbench.services.launching.post import Order, Post
from ftbench.services.launching.ray_cluster import NAMESPACE, SEARCHED, connected
from ftbench.settings import sqlite_path

_NAME = re.compile(r"ftbench-[0-9a-f]{8}-\d{1,9}")
_ANSWER = 3.0  # seconds that actors have to answer


@dataclass(frozen=True)
class WorkerPlan:
    """What every worker of a launch is to be.

    Attributes:
        cluster: the address of the cluster; ``auto``: as ``RAY_ADDRESS`` or this machine says.
        database: the address that workers are told; it holds no password.
        worker: arguments of ``ftbench worker``.
        gpus: for each worker, 0 or 1.
        cpus: for each worker.
        folder: where the launch was made; the workers' current folder where a node has it.
    """

    cluster: str
    database: str
    worker: tuple[str, ...]
    gpus: int = 1
    cpus: int = 1
    folder: str = ""

    def words(self) -> str:
        """What Ray is asked for, and what runs there."""
        asked = f"num_cpus={self.cpus}, num_gpus={self.gpus}"
        return f"a detached actor with {asked} that runs: python -m ftbench worker {' '.join(self.worker)}"


class Actor:
    """What Ray makes on a node: a post that keeps one worker."""

    def __init__(self, order: Order, folder: str) -> None:
        """Start the worker in a folder, if it is here, else in Ray's."""
        import ray

        if folder and Path(folder).is_dir():
            os.chdir(folder)
        self._node: str = ray.util.get_node_ip_address()
        self._post = Post(order, Ray(folder_of(order.database, order.launch)), self._node)
        threading.Thread(target=self._mind, name="post", daemon=True).start()

    def node(self) -> str:
        """Where this is."""
        return self._node

    def stop(self) -> None:
        """Stop the worker, and with it this actor."""
        self._post.stop()

    def _mind(self) -> None:
        import ray

        if self._post.ended():
            os._exit(1)  # Ray makes the actor again, here or elsewhere
        ray.kill(ray.get_runtime_context().current_actor)


class Ray(Engine):
    """Workers as detached actors; the folder holds what they are to be."""

    name: ClassVar[str] = "ray"

    def __init__(self, folder: Path, plan: WorkerPlan | None = None) -> None:
        """Take the launch's folder, and for a new launch what its workers are to be."""
        super().__init__(folder)
        self._new = plan

    def start(self, launch: Launch, new: Sequence[Allocation]) -> dict[int, str]:
        """Make the actors, and hear whether those that have room could begin."""
        plan = self._plan()
        names = {one.number: f"ftbench-{launch.id}-{one.number}" for one in new}
        if self._new is not None:
            self._write(self._new)
        try:
            with connected(plan.cluster) as ray:
                _check_one_host(plan.database, ray)
                _make(ray, plan, launch, names)
        except BaseException:
            if self._new is not None:
                shutil.rmtree(self.folder, ignore_errors=True)
            raise
        self._new = None
        return names

    def seen(self, allocations: Sequence[Allocation]) -> Mapping[str, Seen]:
        """Ask the actors; one that does not answer waits for room, unless it ran on a node that is there."""
        with connected(self._cluster()) as ray:
            handles = _handles(ray, allocations)
            answers = _answers(ray, {name: handle.node.remote() for name, handle in handles.items()})
            alive = {node["NodeManagerAddress"] for node in ray.nodes() if node["Alive"]}
        found = {name: Seen(Sight.RUNNING, node) for name, node in answers.items()}
        for one in allocations:
            if one.engine_id in handles and one.engine_id not in found:
                busy = one.state is Standing.RUNNING and one.node in alive
                waits = Seen(Sight.WAITING, "", "the cluster has no room yet")
                found[one.engine_id] = Seen(Sight.RUNNING, one.node or "") if busy else waits
        return found

    def stop(self, allocations: Sequence[Allocation]) -> None:
        """Have the actors stop their workers; those that do not run are taken off the cluster."""
        with connected(self._cluster()) as ray:
            handles = _handles(ray, allocations)
            told = _answers(ray, {name: handle.stop.remote() for name, handle in handles.items()})
            for name in handles.keys() - told.keys():
                ray.kill(handles[name])

    @property
    def _kept(self) -> Path:
        return self.folder / "ray.json"

    def _write(self, plan: WorkerPlan) -> None:
        """Keep what later starts need."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._kept.write_text(json.dumps(asdict(plan), indent=1) + "\n")
        except OSError as error:
            raise FtbenchError(f"{error.filename or self.folder}: {error.strerror or error}") from error

    def _plan(self) -> WorkerPlan:
        """What the workers are to be, from this machine's own file: a database is not believed."""
        if self._new is not None:
            return self._new
        try:
            kept = json.loads(self._kept.read_text())
            return WorkerPlan(**{**kept, "worker": tuple(kept["worker"])})
        except (OSError, ValueError, TypeError, KeyError):
            raise FtbenchError(
                f"{self._kept} is not here: call this in the folder where the launch was made, on a machine "
                "that shares it"
            ) from None

    def _cluster(self) -> str:
        """The cluster's address, of which another machine knows only its own."""
        with suppress(FtbenchError):
            return self._plan().cluster
        return SEARCHED


def _check_one_host(address: str, ray: Any) -> None:
    """Refuse a SQLite file where the cluster has other machines than this one."""
    hosts = {str(node["NodeManagerHostname"]) for node in ray.nodes() if node["Alive"]}
    others = sorted(hosts - {socket.gethostname()})
    if others and sqlite_path(address) is not None:
        named = ", ".join(others[:3]) + (", …" if len(others) > 3 else "")
        why = f"{address} is a SQLite file, which one machine alone can use, and {named} are others"
        raise FtbenchError(f"{why}: use PostgreSQL (--db postgresql://USER@HOST/NAME)")


def _make(ray: Any, plan: WorkerPlan, launch: Launch, names: Mapping[int, str]) -> None:
    """Make actors, by their numbers: all of them or, after an error, none."""
    made = []
    try:
        for number, name in names.items():
            order = Order(launch.id, number, name, plan.database, plan.worker, cpu=plan.gpus == 0)
            actor = ray.remote(Actor).options(**_options(plan, name), **_elsewhere(ray, launch.barred))
            made.append(actor.remote(order, plan.folder))
        _hear(ray, made)
    except BaseException:
        for handle in made:
            ray.kill(handle)
        raise


def _options(plan: WorkerPlan, name: str) -> dict[str, Any]:
    return {
        "name": name,
        "namespace": NAMESPACE,
        "lifetime": "detached",
        "max_restarts": -1,
        "num_cpus": plan.cpus,
        "num_gpus": plan.gpus,
    }


def _elsewhere(ray: Any, barred: Sequence[str]) -> dict[str, Any]:
    """The option that keeps an actor off nodes, where any are barred."""
    ids = [node["NodeID"] for node in ray.nodes() if node["NodeManagerAddress"] in barred] if barred else []
    return {"label_selector": {"ray.io/node-id": f"!in({','.join(ids)})"}} if ids else {}


def _hear(ray: Any, made: Sequence[Any]) -> None:
    """Raise the error of an actor that could not begin; those without room are left to wait."""
    asked = [handle.node.remote() for handle in made]
    ready, _ = ray.wait(asked, num_returns=len(asked), timeout=_ANSWER)
    for reference in ready:
        with suppress(ray.exceptions.ActorUnavailableError):  # its worker has died, and it is made again
            ray.get(reference)


def _handles(ray: Any, allocations: Sequence[Allocation]) -> dict[str, Any]:
    """The actors that there are, by their names; nothing is looked up that is no such name."""
    found = {}
    for one in allocations:
        if _NAME.fullmatch(one.engine_id):
            with suppress(ValueError):  # there is none
                found[one.engine_id] = ray.get_actor(one.engine_id, namespace=NAMESPACE)
    return found


def _answers(ray: Any, asked: Mapping[str, Any]) -> dict[str, Any]:
    """What actors answer, by their names; those that do not within some seconds are not there."""
    if not asked:
        return {}
    ready, _ = ray.wait(list(asked.values()), num_returns=len(asked), timeout=_ANSWER)
    found = {}
    for name, reference in asked.items():
        if reference in ready:
            with suppress(ray.exceptions.RayError):
                found[name] = ray.get(reference)
    return found
