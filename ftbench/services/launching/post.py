"""A post: one worker of a launch on a node, as a process of its own beside what an engine runs there.

The engine makes a post again wherever it is lost. Whether it should after the worker's end says the database.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from ftbench.db import Database, open_database
from ftbench.domain.launch import Allocation, LaunchState, Standing
from ftbench.errors import FtbenchError
from ftbench.services.launching import care
from ftbench.services.launching.arguments import PROGRAM
from ftbench.services.launching.base import Engine, variables
from ftbench.services.launching.site import NODE
from ftbench.services.worker.child import die_with


@dataclass(frozen=True)
class Order:
    """What a post is told; nothing of it is secret, as engines keep such things and show them.

    Attributes:
        launch: the launch's id.
        number: of the allocation.
        name: how the engine calls the allocation.
        database: the address, without a password.
        worker: arguments of ``ftbench worker``.
        cpu: whether GPUs are hidden from the worker.
    """

    launch: str
    number: int
    name: str
    database: str
    worker: tuple[str, ...]
    cpu: bool = False


class Post:
    """A worker's process from its start to its end."""

    def __init__(
        self,
        order: Order,
        engine: Engine,
        node: str,
        *,
        program: Sequence[str] = PROGRAM,
    ) -> None:
        """Start the worker, from a thread that lives as long as the post: the worker ends with that thread.

        Args:
            order: what to start.
            engine: the launch's, with its folder on this node.
            node: this node's name, as the engine has it.
            program: what runs a worker.

        Raises:
            OSError: there is no room for the worker's log, or the program cannot be started.
        """
        self._order, self._engine, self._node = order, engine, node
        self._stopped = threading.Event()
        self._before = self._last_start()
        self._begun = time.monotonic()
        hidden = {"CUDA_VISIBLE_DEVICES": ""} if order.cpu else {}
        told = {"FTBENCH_DB": order.database, NODE: node, **variables(order.launch, order.number)}
        engine.folder.mkdir(parents=True, exist_ok=True)
        with (engine.folder / f"{order.name}.log").open("ab") as output:
            self._process = subprocess.Popen(
                [*program, *order.worker],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=die_with(os.getpid(), signal.SIGTERM),
                env={**os.environ, **hidden, **told},
            )

    def stop(self) -> None:
        """Have the worker write checkpoints, give its jobs back and end; a second time, at once."""
        self._stopped.set()
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)

    def ended(self) -> bool:
        """Wait for the worker's end, and write it down where the worker could not say it itself.

        Returns:
            Whether another is to be started; the pause before that is over by then.
        """
        code = self._process.wait()
        try:
            early = self._early(code, time.monotonic() - self._begun)
        except FtbenchError as error:  # the database does not say; 0 says that the worker ended in order
            print(f"{self._order.name}: {error}", flush=True)
            early = len(care.PAUSES) if code else 0
        return early > 0 and not self._stopped.wait(care.pause(early))

    def _early(self, code: int, ran: float) -> int:
        """How many starts one after another have died early, at least 1; 0 where no other is to follow."""
        with open_database(self._order.database) as database:
            row = self._row(database)
            if row is None:
                return 0
            row = care.settled(database, self._engine, row, self._before, code, ran, self._node)
            if row.state is not Standing.FAILED:
                return 0
            found = care.judged(database, self._engine, database.launches.find(self._order.launch))
            if found.launch.state is not LaunchState.OPEN or self._node in found.launch.barred:
                return 0
            # Else whoever tops the launch up meanwhile would ask for one too many.
            database.launches.observe(row, Standing.PENDING, f"{row.reason}; starts again")
            return max(1, row.early)

    def _last_start(self) -> float | None:
        """When a worker of this allocation had begun before; None where none had, or nobody knows."""
        with suppress(FtbenchError), open_database(self._order.database) as database:
            row = self._row(database)
            return None if row is None else row.started
        return None

    def _row(self, database: Database) -> Allocation | None:
        of = database.launches.find(self._order.launch).allocations
        return next((one for one in of if one.number == self._order.number), None)
