"""A tracker's process as the worker sees it: nothing here waits, until the end, and then not for long.

What cannot be sent now is kept, up to a bound; points that do not fit are left out, and come with their job's
end. A process that hangs or has died costs the worker nothing but a line.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress

from ftbench.settings import without_database

COMMAND = (sys.executable, "-P", "-m", "ftbench.trackers")
END = 10.0  # seconds for what is left when the worker ends
MOST, LARGEST = 1 << 20, 1 << 24  # bytes that are kept: of points, and of all
_CHUNK = 1 << 16
_SAID = 3  # sentences of a tracker that are passed on
_PAUSE = 0.02  # seconds between two looks at processes that end


class TrackerSender:
    """Writes to the process of one tracker, and passes on what it says."""

    def __init__(
        self, name: str, say: Callable[[str], None], later: str, command: Sequence[str] = COMMAND
    ) -> None:
        """Start the process.

        Args:
            name: of the tracker.
            say: takes a line for the user.
            later: the command that sends afterwards what was not sent.
            command: program and arguments; the name is added.

        Raises:
            OSError: it cannot be started.
        """
        self._name, self._say, self._later = name, say, later
        self._process = subprocess.Popen(
            [*command, name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # a terminal's Ctrl-C is the worker's
            env=without_database(),
        )
        assert self._process.stdin is not None and self._process.stdout is not None
        self._input, self._output = self._process.stdin.fileno(), self._process.stdout.fileno()
        for end in (self._input, self._output):
            os.set_blocking(end, False)
        self._unsent, self._heard = bytearray(), bytearray()
        self._done: set[str] = set()
        self._said: set[str] = set()
        self._gone = self._closed = False

    def put(self, message: Mapping[str, object]) -> None:
        """Send a message, now or soon; one that does not fit is dropped."""
        job = message.get("job")
        if message.get("how") == "done" and isinstance(job, dict):
            self._done.add(str(job["digest"]))
        line = json.dumps(message).encode() + b"\n"
        room = MOST if message["op"] == "points" else LARGEST
        if not self._gone and len(self._unsent) + len(line) <= room:
            self._unsent += line
        self.look()

    def look(self) -> None:
        """Write what the process takes, and read what it says."""
        self._write()
        self._read()
        if not self._gone and self._process.poll() is not None:
            code = self._process.returncode
            self._lose(f"its process has ended with exit code {code}: nothing more is sent to it")

    def ending(self) -> bool:
        """Do what is left before the end; True once the process has ended."""
        self.look()
        if not self._unsent and self._process.stdin is not None and not self._process.stdin.closed:
            self._gone = True
            self._process.stdin.close()
        return self._process.poll() is not None

    def let_go(self) -> None:
        """End the process, if it has not ended, and say what was not sent; once."""
        if self._closed:
            return
        if self._process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._read()
        for end in (self._process.stdin, self._process.stdout):
            if end is not None:
                with suppress(OSError):
                    end.close()
        self._closed = True
        if self._done:
            jobs = "1 done job was" if len(self._done) == 1 else f"{len(self._done)} done jobs were"
            self._say(f"tracker {self._name}: {jobs} not sent whole; send them with: {self._later}")

    def _write(self) -> None:
        while self._unsent and not self._gone:
            try:
                written = os.write(self._input, self._unsent[:_CHUNK])
            except BlockingIOError:
                return
            except OSError:  # it has ended: `look` says so
                self._unsent.clear()
                return
            del self._unsent[:written]

    def _read(self) -> None:
        with suppress(BlockingIOError, ValueError, OSError):
            while data := os.read(self._output, _CHUNK):
                self._heard += data
        *lines, rest = bytes(self._heard).split(b"\n")
        self._heard = bytearray(rest)
        for line in lines:
            with suppress(ValueError):
                told = json.loads(line)
                self._done.discard(told.get("sent", ""))
                if "said" in told:
                    self._pass_on(str(told["said"]))

    def _pass_on(self, text: str) -> None:
        if text not in self._said and len(self._said) < _SAID:
            self._said.add(text)
            self._say(f"tracker {self._name}: {text}; the jobs go on")

    def _lose(self, words: str) -> None:
        self._gone = True
        self._unsent.clear()
        self._say(f"tracker {self._name}: {words}; the jobs go on")


def close_senders(senders: Iterable[TrackerSender], seconds: float = END) -> None:
    """Send what is left to all trackers, side by side, then end their processes.

    Args:
        senders: the trackers.
        seconds: that it may take.
    """
    every = list(senders)
    left, until = every, time.monotonic() + seconds
    while left := [one for one in left if not one.ending()]:
        if time.monotonic() >= until:
            break
        time.sleep(_PAUSE)
    for one in every:
        one.let_go()
