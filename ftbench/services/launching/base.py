"""What differs between engines: one subclass of ``Engine`` each; all else in this room is common.

An engine places, starts, restarts and stops processes that run ``ftbench worker``, and knows nothing of jobs.
Each worker is told by ``FTBENCH_ALLOCATION`` which allocation it has; what it makes of that stands in
``allotted``.
"""

from __future__ import annotations

import secrets
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import ClassVar

from ftbench.domain.launch import Allocation, Launch
from ftbench.printable import printable
from ftbench.services.worker.joblog import last_line, last_lines
from ftbench.settings import work_dir

VARIABLE = "FTBENCH_ALLOCATION"


class Sight(StrEnum):
    """How an engine sees an allocation."""

    WAITING = "waiting"
    RUNNING = "running"
    OVER = "over"  # in whatever way
    TAKEN = "taken"  # over, and not by the worker's fault: cancelled, pre-empted, its node lost


@dataclass(frozen=True)
class Seen:
    """What an engine says of an allocation.

    Attributes:
        sight: how it stands.
        node: where it runs; "" where it does not, or nobody knows.
        reason: the engine's own word for why it stands so.
        seconds: how long its last start has run; None where nobody knows.
    """

    sight: Sight
    node: str = ""
    reason: str = ""
    seconds: float | None = None


class Engine(ABC):
    """A way to have workers run somewhere.

    Attributes:
        name: as ``ftbench launch`` calls it.
        tops_up: whether ``start`` may be called again for a launch, by whoever calls ``launch top-up``.
    """

    name: ClassVar[str]
    tops_up: ClassVar[bool] = True

    def __init__(self, folder: Path) -> None:
        """Take the launch's folder on this machine, which may not exist; see ``folder_of``."""
        self.folder = folder

    @abstractmethod
    def start(self, launch: Launch, new: Sequence[Allocation]) -> dict[int, str]:
        """Ask for workers.

        Args:
            launch: theirs.
            new: their allocations, without a name yet; their numbers follow one another.

        Returns:
            How the engine calls each, by its number.

        Raises:
            FtbenchError: the engine refuses; nothing was asked for.
        """

    @abstractmethod
    def seen(self, allocations: Sequence[Allocation]) -> Mapping[str, Seen]:
        """How allocations stand now, by their names; those that it no longer knows are not there.

        Raises:
            FtbenchError: the engine cannot be asked.
        """

    @abstractmethod
    def stop(self, allocations: Sequence[Allocation]) -> None:
        """End allocations: a worker gets SIGTERM, writes checkpoints and gives its jobs back."""

    def hold(self, allocations: Sequence[Allocation]) -> None:  # noqa: B027  # not every engine has a queue
        """Start none of these that wait."""

    def let_go(self, allocations: Sequence[Allocation]) -> None:  # noqa: B027
        """Start them after all."""

    def bar(self, allocations: Sequence[Allocation], nodes: Sequence[str]) -> None:  # noqa: B027
        """Start none of these that wait on such a node."""

    def last_line(self, one: Allocation) -> str:
        """The last line of what an allocation's worker printed; "" where there is none here."""
        return end_of_log(self.log(one))

    def log(self, one: Allocation) -> Path:
        """The file of what an allocation's worker printed."""
        return self.folder / f"{one.engine_id.replace('/', '_') or one.number}.log"


def new_id() -> str:
    """The id of a new launch."""
    return secrets.token_hex(4)


def folder_of(address: str, launch: str) -> Path:
    """The folder of a launch on this machine: its script and what its workers printed.

    Args:
        address: of the database.
        launch: the launch's id.
    """
    return work_dir(address).absolute() / "launches" / launch


def variables(launch: str, number: int | str) -> dict[str, str]:
    """What a worker is told in its environment: its allocation, and a name.

    Args:
        launch: the launch's id.
        number: of the allocation, or what stands for it in a script.
    """
    return {VARIABLE: f"{launch}/{number}", "FTBENCH_WORKER": f"{launch}-{number}"}


def end_of_log(path: Path) -> str:
    """The last line of a file, fit to be shown; "" where there is none."""
    return printable(last_line("\n".join(last_lines(path, 20))))
