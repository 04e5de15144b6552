"""The training process as the worker sees it: started once, spoken to in JSON lines, and outlived.

Commands go through its standard input, events come back through a pipe of their own (libraries print on
standard output). Nothing here waits without a limit, and there are no threads.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ftbench.domain.events import parse
from ftbench.errors import ProtocolError
from ftbench.services.worker import strays
from ftbench.settings import without_database

COMMAND = (sys.executable, "-P", "-m", "ftbench.training.execute")

_CHUNK = 1 << 16
_BATCH = 64  # chunks read at a time, so that a flood of events cannot hold up the heartbeats
_LONGEST_LINE = 1 << 28
_PR_SET_PDEATHSIG = 1
_FOREVER = 1e6  # seconds
_DEBUGGABLE = {"PYTHONUNBUFFERED": "1", "PYTHONFAULTHANDLER": "1"}  # the log must hold the last words

SHARING = {"GOMP_SPINCOUNT": "1000"}
"""For the environment of a training process: its threads spin for some microseconds while they wait for one
another, then sleep. Threads that sleep at once are woken late; those that spin for long, as GNU's OpenMP has
them, cost several times the time on a machine that does other work."""


class Child:
    """One training process; it takes a job at a time and lives from job to job.

    Attributes:
        pid: its process id, and that of the group that its own children belong to.
        killed: whether it was this end that killed it.
    """

    def __init__(
        self,
        log: Path,
        *,
        command: Sequence[str] = COMMAND,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start the process.

        Args:
            log: the file that what it prints before its first job is appended to.
            command: program and arguments; ``--events-fd N`` is added.
            environment: what to add to this process's own, in which nothing leads to a database.

        Raises:
            OSError: the log cannot be written, or the program cannot be started.
        """
        self.killed = False
        self._mark = strays.mark()
        self._buffer = bytearray()
        self._silent = False
        reading, events = os.pipe()
        try:
            with log.open("ab") as output:
                self._process = subprocess.Popen(
                    [*command, "--events-fd", str(events)],
                    stdin=subprocess.PIPE,
                    stdout=output,
                    stderr=output,
                    pass_fds=(events,),
                    start_new_session=True,  # a terminal's Ctrl-C is the worker's to pass on
                    preexec_fn=_die_with(os.getpid()),
                    env={**_own(), **_DEBUGGABLE, **(environment or {}), **self._mark},
                )
        except BaseException:
            os.close(reading)
            raise
        finally:
            os.close(events)  # ours: else its end would never be seen
        os.set_blocking(reading, False)
        self._events: int | None = reading
        self.pid = self._process.pid
        self._pidfd = os.pidfd_open(self.pid) if hasattr(os, "pidfd_open") else None

    def filenos(self) -> list[int]:
        """What to select for reading: becomes ready when there are events, or when the process has ended."""
        return [fd for fd in (None if self._silent else self._events, self._pidfd) if fd is not None]

    def send(self, command: Mapping[str, Any]) -> None:
        """Hand over a command; a process that has died meanwhile shows at the next ``poll``."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(command, separators=(",", ":")).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass

    def receive(self, *, everything: bool = False) -> list[dict[str, Any]]:
        """The events that have arrived, without waiting.

        Args:
            everything: do not leave a long backlog for the next call; for a process that has ended.

        Raises:
            ProtocolError: a line that is no event.
        """
        chunks = 0
        while self._events is not None and not self._silent and (everything or chunks < _BATCH):
            chunks += 1
            try:
                data = os.read(self._events, _CHUNK)
            except BlockingIOError:
                break
            self._buffer += data
            self._silent = not data
        if len(self._buffer) > _LONGEST_LINE:
            raise ProtocolError("a line without end")
        *lines, rest = self._buffer.split(b"\n")
        self._buffer = bytearray(rest)
        return [parse(bytes(line)) for line in lines]

    @property
    def silent(self) -> bool:
        """Whether the process has closed its end of the pipe: no event can come any more."""
        return self._silent

    def poll(self) -> int | None:
        """The exit code (negative: the signal) once it has ended; ask before the last ``receive``."""
        return self._process.poll()

    def stop(self) -> None:
        """Ask for an end of the current job: a checkpoint, and ``stopped``."""
        self._process.send_signal(signal.SIGTERM)  # does nothing where it has ended already

    def kill(self) -> None:
        """End the process, and whatever it has started, at once."""
        if self._process.poll() is None:
            self.killed = True
            try:
                os.killpg(self.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def join(self, seconds: float) -> int | None:
        """Wait for the end of the process, no longer than given.

        Returns:
            The exit code, or None if it still runs.
        """
        if self._pidfd is not None:
            _readable([self._pidfd], seconds)
            return self.poll()
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def dismiss(self) -> None:
        """End its input, upon which it ends by itself; to be followed by ``close``."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.close()
        except BrokenPipeError:
            pass

    def close(self, grace: float = 5.0) -> int:
        """Let the process go: end of its input, then, after a grace time, its end, and that of what it left.

        Returns:
            The exit code.
        """
        self.dismiss()
        code = self.join(grace)
        if code is None:
            self.kill()
            code = self._process.wait()
        strays.end_strays(self.pid, self._mark)
        for fd in (self._events, self._pidfd):
            if fd is not None:
                os.close(fd)
        self._events, self._pidfd, self._silent = None, None, True
        return code


def wait(children: Iterable[Child], also: Sequence[int], seconds: float) -> None:
    """Wait until a child or one of the other descriptors has something to read, or the time is over."""
    _readable([*(fd for child in children for fd in child.filenos()), *also], seconds)


def obituary(code: int) -> str:
    """How a process ended, in words.

    Args:
        code: its exit code, or a signal's number, negated.
    """
    if code >= 0:
        return f"the training process ended with exit code {code}"
    number = -code
    known = number in set(signal.Signals)
    name = signal.Signals(number).name if known else f"signal {number}"
    if number == signal.SIGKILL:
        return f"the training process was killed by {name}: by the kernel's out-of-memory killer, or by hand"
    return f"the training process died by {name}" + (f" ({signal.strsignal(number)})" if known else "")


def _readable(filenos: Sequence[int], seconds: float) -> None:
    poller = select.poll()  # select.select refuses descriptors above 1023
    for fd in filenos:
        poller.register(fd, select.POLLIN)
    poller.poll(max(0.0, seconds) * 1000 if seconds < _FOREVER else None)


def _own() -> Mapping[str, str]:
    """This process's variables but those of the database, and how threads wait, unless the user says it."""
    waits = {} if "OMP_WAIT_POLICY" in os.environ else SHARING
    return {**waits, **without_database()}


def _die_with(parent: int) -> Callable[[], None] | None:
    """What makes a process die with its parent, to be run in it before its program; None where unknown.

    The end of its input would do, but only once it looks; a process that hangs, or is deep in a library,
    would go on and write checkpoints that by then are another worker's.
    """
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None).prctl  # found before the fork: little is safe after it

    def arrange() -> None:
        prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL))
        if os.getppid() != parent:  # it died before the call
            os._exit(1)

    return arrange
