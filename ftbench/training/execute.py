"""The child process: job JSON in, event JSON lines out.

    python -m ftbench.training.execute --events-fd 3                      commands on standard input
    python -m ftbench.training.execute --jobs J.jsonl --events E.jsonl    a file of jobs, no database needed

A command is ``{"op", "digest", "job", "places", "workdir", "log", "threads", "device",
"checkpoint_seconds", "memory"}`` (whether to tell of it); the events of a job end with exactly one ``done``,
``failed`` or ``stopped``. ``op`` is ``run``, or ``fetch``: what the job needs is looked for, or downloaded,
and the end is ``stopped``.
SIGTERM stops the job at the next step, with a checkpoint; the end of standard input does the same and ends
the process.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import importlib
import json
import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ftbench.domain.command import job_of_line, places_here
from ftbench.domain.events import Events
from ftbench.domain.result import Outcome
from ftbench.errors import DataError
from ftbench.settings import close_input
from ftbench.training import fetch, memory
from ftbench.training.failure import Failure, failure_of, message_of
from ftbench.training.output import MaskedOutput

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4  # of malloc.h


class Reporter:
    """Tells the worker how a job goes, and the job whether to stop."""

    def __init__(self, events: Events, digest: str, stop: Stop, device: str = "") -> None:
        """Speak for one job; where a device is named, of its memory too."""
        self._events, self._digest, self._stop, self._last = events, digest, stop, 0.0
        self._device = device

    def progress(self, run: str, step: int, total: int) -> None:
        """Send the step, at most twice a second."""
        now = time.monotonic()
        if now - self._last >= 0.5 or step == total:
            self._last = now
            told = memory.memory(self._device) if self._device else None
            more = {"memory": told} if told else {}
            self._events.send("progress", digest=self._digest, run=run, step=step, total=total, **more)

    def stopping(self) -> bool:
        """Whether SIGTERM came, or the worker is gone."""
        return self._stop.asked()


class Stop:
    """Whether the process was asked to stop.

    Args:
        commands: the file descriptor of the commands, whose end means that the worker is gone; None in file
            mode.
    """

    def __init__(self, commands: int | None) -> None:
        """Listen to SIGTERM; Ctrl-C is the worker's to handle."""
        self._commands, self._asked, self.ended = commands, False, False
        signal.signal(signal.SIGTERM, self._on_term)
        if commands is not None:
            signal.signal(signal.SIGINT, signal.SIG_IGN)

    def _on_term(self, *_: object) -> None:
        self._asked = True

    def asked(self) -> bool:
        """True once a signal came or the commands ended.

        During a job the worker sends nothing, so that a readable pipe means its end.
        """
        if self._commands is not None and not self._asked:
            readable, _, _ = select.select([self._commands], [], [], 0)
            if readable:
                self._asked = self.ended = True
        return self._asked

    def reset(self) -> None:
        """Begin a new job."""
        self._asked = self.ended


def main(arguments: list[str] | None = None) -> int:
    """Run the child; returns the exit code."""
    options = _parse(arguments)
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    sys.stdout, sys.stderr = MaskedOutput.over(sys.stdout), MaskedOutput.over(sys.stderr)
    keep_memory()
    if options.events_fd is not None:
        commands = os.dup(0)
        close_input()
        stop = Stop(commands)
        with os.fdopen(options.events_fd, "w") as stream:
            events = Events(stream)
            events.send("ready", pid=os.getpid())
            for command in _commands(commands):
                _redirect(command.get("log"))
                stop.reset()
                execute(command, events, stop)
                if stop.ended:
                    break
        return 0
    close_input()
    stop = Stop(None)
    failed = 0
    cut_partial_line(Path(options.events))
    done = done_jobs(Path(options.events))
    with open(options.jobs) as jobs, open(options.events, "a") as stream:
        events = Events(stream)
        for line in filter(str.strip, jobs):
            try:
                command = {**vars(options), **job_of_line(line)}
            except DataError as error:
                sys.exit(f"{options.jobs}: {error}")
            if command["digest"] in done:
                continue
            command["places"] = places_here(command.get("places"), command["job"], options.data_dir)
            if options.workdir:
                command["workdir"] = str(Path(options.workdir) / command["digest"])
            failed += execute(command, events, stop) == "failed"
            if stop.asked():
                return 1
    return 1 if failed else 0


def execute(command: Mapping[str, Any], events: Events, stop: Stop) -> str:
    """Do one job and send its events; returns the last event's name. Never raises for a job's own fault."""
    digest = command["digest"]
    events.send("started", digest=digest)
    try:
        if command.get("op") == "fetch":
            fetch.fetch_needs(command)
            events.send("stopped", digest=digest)
            return "stopped"
        load_libraries()
        from ftbench.training import perform, products
        from ftbench.training.trainer import Stopped
        from ftbench.training.watch import Diverged

        products.choose()
        try:
            perform.perform(
                command,
                events.send,
                Reporter(events, digest, stop, command["device"] if command.get("memory") else ""),
            )
        except Stopped:
            events.send("stopped", digest=digest)
            return "stopped"
        except Diverged as error:
            _fail(events, digest, Failure(Outcome.DIVERGED), error, "")
            return "failed"
    except Exception as error:
        traceback.print_exc()
        plugins = (command.get("places") or {}).get("plugins") or ()
        _fail(events, digest, failure_of(error, plugins), error, traceback.format_exc())
        return "failed"
    finally:
        # Models hang in cycles; what is left of one would stay until the next job needs the memory.
        gc.collect()
    events.send("done", digest=digest)
    return "done"


def load_libraries() -> None:
    """Load what every job needs; once, for the life of the process.

    The garbage collector would find nothing while they are loaded, and nothing in them after each job.
    """
    if "transformers.modeling_utils" in sys.modules:
        return
    gc.disable()
    try:
        for name in ("transformers.modeling_utils", "ftbench.training.perform"):
            importlib.import_module(name)
    finally:
        gc.enable()
    gc.freeze()


def keep_memory() -> None:
    """Keep freed memory for the next tensor of the size: fetched anew, every page of it costs a fault.

    A setting of the user's in the environment (``MALLOC_…``) stays; other C libraries than GNU's have none.
    """
    if any(name.startswith("MALLOC_") for name in os.environ):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_MAX, 0)
        mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)


def cut_partial_line(path: Path) -> None:
    """Remove what an interrupted process left of its last line, so that the next event begins a new one."""
    if path.exists():
        whole, newline, _ = path.read_bytes().rpartition(b"\n")
        os.truncate(path, len(whole + newline))


def done_jobs(path: Path) -> set[str]:
    """The digests of the jobs that an interrupted process had brought to their end already."""
    if not path.exists():
        return set()
    with path.open() as events:
        ends = (json.loads(line) for line in events if '"event":"done"' in line)
        return {event["digest"] for event in ends if event.get("event") == "done"}


def _fail(events: Events, digest: str, failure: Failure, error: Exception, trace: str) -> None:
    told = {"outcome": str(failure.outcome), "message": message_of(error, failure), "traceback": trace}
    if failure.lack is not None:
        told["lack"] = str(failure.lack)
    events.send("failed", digest=digest, **told)


def _commands(descriptor: int) -> Iterator[dict[str, Any]]:
    """Commands as they come; read unbuffered, so that an idle pipe is seen to be idle."""
    waiting = b""
    while True:
        line, newline, rest = waiting.partition(b"\n")
        if newline:
            waiting = rest
            if line.strip():
                yield json.loads(line)
            continue
        chunk = os.read(descriptor, 1 << 16)
        if not chunk:
            return
        waiting += chunk


def _redirect(log: str | None) -> None:
    """Send what libraries print to the job's log."""
    if log:
        Path(log).parent.mkdir(parents=True, exist_ok=True)
        target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        sys.stdout.flush()
        sys.stderr.flush()
        os.dup2(target, 1)
        os.dup2(target, 2)
        os.close(target)


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m ftbench.training.execute", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument(
        "--events-fd", type=int, help="file descriptor for events; commands on standard input"
    )
    parser.add_argument("--jobs", help="file of jobs, as `ftbench export --jobs` writes it")
    parser.add_argument("--events", help="file that events are appended to, for `ftbench ingest`")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads; 0: as torch decides")
    parser.add_argument("--device", default="", help="cpu, cuda:0, …; by default the first GPU, else the CPU")
    parser.add_argument("--workdir", default="", help="folder for checkpoints")
    parser.add_argument(
        "--data-dir", default="", help="folder with data in the official layout [FTBENCH_DATA]"
    )
    parser.add_argument("--checkpoint-seconds", type=float, default=60.0)
    options = parser.parse_args(arguments)
    if options.events_fd is None and not (options.jobs and options.events):
        parser.error("give --jobs and --events, or --events-fd")
    return options


if __name__ == "__main__":
    sys.exit(main())
