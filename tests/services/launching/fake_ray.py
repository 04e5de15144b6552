"""A module that stands in for ``ray``: its cluster is a few lists, and nothing is started."""

from __future__ import annotations

import socket
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest


class RayError(Exception):
    pass


class ActorUnavailableError(RayError):
    pass


class FakeActor:
    """An actor of the cluster.

    Attributes:
        options, order, folder: what it was made with.
        how: ``runs``, ``waits`` for room, or is ``broken``: it could not begin.
        calls: the methods that were called.
    """

    def __init__(self, cluster: FakeRay, options: dict[str, Any], order: Any, folder: str) -> None:
        self.options, self.order, self.folder = options, order, folder
        self.how, self.calls = cluster.how, list[str]()

    def __getattr__(self, name: str) -> Any:
        def remote() -> tuple[FakeActor, str]:
            self.calls.append(name)
            return self, name

        return SimpleNamespace(remote=remote)


class FakeRay(ModuleType):
    """The module and the cluster.

    Attributes:
        how: how the next actors stand.
        actors: those that there are, by name.
        killed: those that were killed.
        refusal: what ``init`` raises.
        inits: the arguments of its calls.
        hosts: of the cluster's nodes, by their addresses.
    """

    def __init__(self) -> None:
        super().__init__("ray")
        self.how, self.hosts = "runs", {"10.0.0.1": socket.gethostname()}
        self.actors: dict[str, FakeActor] = {}
        self.killed: list[Any] = []
        self.refusal: Exception | None = None
        self.inits: list[dict[str, Any]] = []
        self.exceptions = SimpleNamespace(RayError=RayError, ActorUnavailableError=ActorUnavailableError)
        self.util = SimpleNamespace(get_node_ip_address=lambda: "10.0.0.1")

    def init(self, **told: Any) -> None:
        self.inits.append(told)
        if self.refusal is not None:
            raise self.refusal

    def shutdown(self) -> None:
        pass

    def nodes(self) -> list[dict[str, Any]]:
        return [
            {"NodeManagerAddress": at, "NodeManagerHostname": host, "Alive": True, "NodeID": f"id-{at}"}
            for at, host in self.hosts.items()
        ]

    def remote(self, actor: type) -> Any:
        assert actor.__name__ == "Actor"

        def options(**given: Any) -> Any:
            def make(order: Any, folder: str) -> FakeActor:
                made = self.actors[given["name"]] = FakeActor(self, given, order, folder)
                return made

            return SimpleNamespace(remote=make)

        return SimpleNamespace(options=options)

    def get_actor(self, name: str, namespace: str) -> FakeActor:
        if name not in self.actors or self.actors[name] in self.killed:
            raise ValueError(f"no {name}")
        return self.actors[name]

    def wait(self, asked: list[Any], num_returns: int, timeout: float) -> tuple[list[Any], list[Any]]:
        ready = [one for one in asked if one[0].how != "waits"]
        return ready, [one for one in asked if one not in ready]

    def get(self, reference: tuple[FakeActor, str]) -> Any:
        actor, name = reference
        if actor.how == "broken":
            raise RayError(
                "The actor died because of an error raised in its creation task, ray::Actor.__init__()\n"
                '  File "serialization.py", line 460\n'
                "ModuleNotFoundError: No module named 'ftbench'"
            )
        return "10.0.0.1" if name == "node" else None

    def kill(self, actor: Any) -> None:
        self.killed.append(actor)

    def get_runtime_context(self) -> Any:
        return SimpleNamespace(current_actor="me")


def stand_in(monkeypatch: pytest.MonkeyPatch) -> FakeRay:
    """Put it in the place of the real one, whether that is installed or not."""
    import sys

    made = FakeRay()
    monkeypatch.setitem(sys.modules, "ray", made)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    return made
