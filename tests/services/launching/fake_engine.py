"""An engine that starts nothing: tests say what it sees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from ftbench.domain.launch import Allocation, Launch
from ftbench.errors import FtbenchError
from ftbench.services.launching.base import Engine, Seen


class FakeEngine(Engine):
    """Remembers what it was told.

    Attributes:
        sights: what it says of allocations, by their names.
        told: what it was told: a word, then names.
        refuses: whether it takes nothing.
    """

    name: ClassVar[str] = "fake"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.sights: dict[str, Seen] = {}
        self.told: list[tuple[str, ...]] = []
        self.refuses = False

    def start(self, launch: Launch, new: Sequence[Allocation]) -> dict[int, str]:
        if self.refuses:
            raise FtbenchError("no")
        self.told.append(("start", *(str(one.number) for one in new)))
        return {one.number: f"e{one.number}" for one in new}

    def seen(self, allocations: Sequence[Allocation]) -> Mapping[str, Seen]:
        return self.sights

    def stop(self, allocations: Sequence[Allocation]) -> None:
        self._tell("stop", allocations)

    def hold(self, allocations: Sequence[Allocation]) -> None:
        self._tell("hold", allocations)

    def let_go(self, allocations: Sequence[Allocation]) -> None:
        self._tell("let go", allocations)

    def bar(self, allocations: Sequence[Allocation], nodes: Sequence[str]) -> None:
        self._tell(" ".join(["bar", *nodes]), allocations)

    def _tell(self, word: str, allocations: Sequence[Allocation]) -> None:
        self.told.append((word, *(one.engine_id for one in allocations)))
