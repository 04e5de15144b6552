"""The watch over the workers of this host: starts them, restarts those that die, and ends with them."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ftbench.db import Database
from ftbench.domain.launch import Allocation, Launch, LaunchState, Standing
from ftbench.errors import FtbenchError
from ftbench.services.launching import care
from ftbench.services.launching.arguments import PROGRAM
from ftbench.services.launching.base import variables
from ftbench.services.launching.local import Local
from ftbench.services.worker.child import die_with
from ftbench.services.worker.signals import Signals

_LOOK = 5.0  # seconds between two looks at the processes, should no end be noticed


@dataclass
class _Post:
    """One worker's place.

    Attributes:
        number: of its allocation.
        device: in words: ``GPU 0``.
        arguments: of ``ftbench worker``.
        process: what runs; None between two starts, and at the end.
        start_at: when it is started again, by the clock; None where it is not.
        deaths: one after another.
        code: of its last process.
        begun: when it was started, by the clock.
        known: when its worker had begun the time before, as the database has it.
    """

    number: int
    device: str
    arguments: tuple[str, ...]
    process: subprocess.Popen[bytes] | None = None
    start_at: float | None = 0.0
    deaths: int = 0
    code: int = 0
    begun: float = 0.0
    known: float | None = None


class LocalWatch:
    """Keeps one worker on each device, until all have ended in order, or a signal comes."""

    def __init__(
        self,
        database: Database,
        engine: Local,
        launch: Launch,
        posts: Sequence[tuple[str, tuple[str, ...]]],
        say: Callable[[str], None],
        *,
        program: Sequence[str] = PROGRAM,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Take a launch whose allocations are written down.

        Args:
            database: for what becomes of them.
            engine: with the folder for what the workers print.
            launch: the launch.
            posts: of each allocation, by its number, the device in words and the worker's arguments.
            say: takes a line an event.
            program: what runs a worker.
            environment: what to tell it beside this process's own variables.
        """
        self._database, self._engine, self._launch, self._say = database, engine, launch, say
        self._posts = [_Post(number, device, told) for number, (device, told) in enumerate(posts)]
        self._program, self._environment = program, environment or {}
        self._signals = Signals()

    def run(self) -> int:
        """Watch; the exit code: 0, 1 where a worker ended with it or no more are started, or the signal's."""
        with self._signals:
            try:
                self._engine.folder.mkdir(parents=True, exist_ok=True)
                while self._alive():
                    self._wait()
                    self._heed_signals()
                    for post in self._posts:
                        if post.process is not None and post.process.poll() is not None:
                            self._ended(post)
            except OSError as error:
                raise FtbenchError(f"{error.filename or 'launch'}: {error.strerror or error}") from error
            finally:
                self._close()
        failed = any(0 < post.code < 128 for post in self._posts)  # the others were told to stop
        return self._signals.exit_code or int(failed)

    def _alive(self) -> bool:
        """Start what is due; whether anything runs, or is to."""
        now = time.monotonic()
        for post in self._posts:
            if post.process is None and post.start_at is not None and post.start_at <= now:
                self._start(post)
        return any(post.process is not None or post.start_at is not None for post in self._posts)

    def _start(self, post: _Post) -> None:
        told = variables(self._launch.id, post.number)
        row = self._row(post)
        post.known = row.started if row is not None else None
        with (self._engine.folder / f"{post.number}.log").open("ab") as output:
            post.process = subprocess.Popen(
                [*self._program, *post.arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # a terminal's Ctrl-C is for the watch to pass on
                preexec_fn=die_with(os.getpid(), signal.SIGTERM),
                env={**os.environ, **self._environment, **told},
            )
        post.start_at, post.begun = None, time.monotonic()
        self._say(f"worker {post.number} on {post.device}: started, process {post.process.pid}")

    def _wait(self) -> None:
        poller = select.poll()
        poller.register(self._signals.fileno, select.POLLIN)
        handles = []
        for post in self._posts:
            if post.process is not None and post.process.poll() is None and hasattr(os, "pidfd_open"):
                handles.append(os.pidfd_open(post.process.pid))
                poller.register(handles[-1], select.POLLIN)
        due = [post.start_at - time.monotonic() for post in self._posts if post.start_at is not None]
        poller.poll(1000 * max(0.0, min([_LOOK, *due])))
        for handle in handles:
            os.close(handle)

    def _heed_signals(self) -> None:
        news = self._signals.news()
        if not news:
            return
        running = [post for post in self._posts if post.process is not None]
        if len(news) == len(self._signals.received) and running:
            self._say("stopping: the workers write checkpoints first (once more to stop at once)")
        for post in self._posts:
            post.start_at = None
        for number in news:
            for post in running:
                if post.process is not None:
                    post.process.send_signal(number)

    def _ended(self, post: _Post) -> None:
        """A worker's process is gone: in order, or it is started again."""
        process, post.process = post.process, None
        assert process is not None
        post.code = process.returncode
        row = self._row(post)
        name = f"worker {post.number} on {post.device}"
        if row is not None:
            ran = time.monotonic() - post.begun
            row = care.settled(self._database, self._engine, row, post.known, post.code, ran)
        if self._signals.received or row is None or row.state is not Standing.FAILED:
            self._say(f"{name}: ended: {row.reason if row is not None else f'exit code {post.code}'}")
            return
        self._again(post, row, name)

    def _again(self, post: _Post, row: Allocation, name: str) -> None:
        found = self._database.launches.find(self._launch.id)
        found = care.judged(self._database, self._engine, found)
        if found.launch.state is not LaunchState.OPEN:
            self._say(f"{name}: {row.reason}")
            self._say(f"no worker is started any more: {found.launch.reason}")
            for other in self._posts:
                other.start_at = None
            return
        if row.node in found.launch.barred:
            self._say(f"{name}: {row.reason}; not started again: workers met errors of this machine")
            return
        post.deaths = post.deaths + 1 if row.early else 1
        pause = care.pause(post.deaths)
        post.start_at = time.monotonic() + pause
        self._say(f"{name}: {row.reason}; starting another in {pause:g} s")

    def _row(self, post: _Post) -> Allocation | None:
        rows = self._database.launches.find(self._launch.id).allocations
        return next((one for one in rows if one.number == post.number), None)

    def _close(self) -> None:
        """End what still runs after an error, and write down that the launch is over."""
        for post in self._posts:
            if post.process is not None:
                post.process.terminate()
        for post in self._posts:
            if post.process is not None:
                try:
                    post.process.wait(20)
                except subprocess.TimeoutExpired:
                    post.process.kill()
        found = self._database.launches.find(self._launch.id)
        if found.launch.state is LaunchState.OPEN:
            self._database.launches.set_state(self._launch.id, LaunchState.STOPPED, "its watch has ended")
