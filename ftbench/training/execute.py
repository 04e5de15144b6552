"""The child process: job JSON in, event JSON lines out.

    python -m ftbench.training.execute --events-fd 3                      commands on standard input
    python -m ftbench.training.execute --jobs J.jsonl --events E.jsonl    a file of jobs, no database needed

A command is ``{"op", "digest", "job", "places", "workdir", "earlier", "log", "threads", "device",
"checkpoint_seconds", "memory", "live", "parts"}``: ``earlier`` are the folders of attempts before, ``memory``
says whether to tell of it, ``live`` whether to tell what is logged as it is, ``parts`` into how many each
micro-batch is cut. The events of a job end with exactly
one ``done``, ``failed`` or ``stopped``. ``op`` is ``run``, or ``fetch``: what the job needs is looked for, or
downloaded, and the end is ``stopped``.
SIGTERM stops the job at its next step, with a checkpoint; the end of standard input ends the process, too.
"""

from __future__ import annotations

import argparse
import ctypes
import fcntl
import functools
import gc
import importlib
import json
import os
import resource
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ftbench.domain.events import Events
from ftbench.domain.result import Outcome
from ftbench.settings import close_input
from ftbench.training import fetch
from ftbench.training.failure import Failure, failure_of, message_of, shortened
from ftbench.training.from_file import run_file
from ftbench.training.output import MaskedOutput
from ftbench.training.reporter import Reporter, Stop

_End = tuple[str, dict[str, Any]]  # the event that ends a job, and what it says
_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4  # of malloc.h
_TRACE = 50_000  # characters of a traceback that are told
_CHANGES = 20  # that are told
_HIGH = 500  # a descriptor's number that nothing reaches by accident


def main(arguments: list[str] | None = None) -> int:
    """Run the child; returns the exit code."""
    options = _parse(arguments)
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    sys.stdout, sys.stderr = MaskedOutput.over(sys.stdout), MaskedOutput.over(sys.stderr)
    keep_memory()
    if options.events_fd is not None:
        commands = out_of_reach(os.dup(0))
        close_input()
        stop = Stop(commands)
        with os.fdopen(out_of_reach(options.events_fd), "w") as stream:
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
    return run_file(options, lambda command, events: execute(command, events, stop), stop.asked)


def execute(command: Mapping[str, Any], events: Events, stop: Stop) -> str:
    """Do one job and send its events; returns the last event's name. Never raises for a job's own fault.

    Every event names the job. The last one says, too, what the job has left behind that would reach the next
    one: a process of which that is said is of no more use.
    """
    send = functools.partial(events.send, digest=command["digest"])
    send("started", began=time.time())
    changes: list[str] = []
    if command.get("op") == "fetch":
        last, told = _ended(command, lambda: _fetch(command))
    else:
        last, told = _ended(command, lambda: _perform(command, send, events, stop, changes))
    # Models hang in cycles; what is left of one would stay until the next job needs the memory.
    gc.collect()
    send(last, **told, **({"changed": changes[:_CHANGES]} if changes else {}))
    return last


def _ended(command: Mapping[str, Any], do: Callable[[], _End]) -> _End:
    """Do something; what it raises is how it ended."""
    try:
        return do()
    except Exception as error:
        failure = failure_of(error, (command.get("places") or {}).get("plugins") or ())
        return "failed", _failure(failure, error, _told_trace())
    except (SystemExit, KeyboardInterrupt) as error:  # a method's own: Ctrl-C is not heard here
        return "failed", _failure(Failure(Outcome.USER), error, _told_trace())


def _told_trace() -> str:
    """The traceback of what is being handled, which goes into the log, too."""
    traceback.print_exc()
    return traceback.format_exc()


def _fetch(command: Mapping[str, Any]) -> _End:
    fetch.fetch_needs(command)
    return "stopped", {}


def _perform(
    command: Mapping[str, Any], send: Callable[..., None], events: Events, stop: Stop, changes: list[str]
) -> _End:
    """Train; ``changes`` is told what a job with code of the user's own has left behind."""
    load_libraries()
    from ftbench.training import left_behind, perform, products
    from ftbench.training.trainer import Stopped
    from ftbench.training.watch import Diverged

    products.choose()
    places = command.get("places") or {}
    before = None
    if places.get("plugins") or places.get("perturbations"):
        perform.device_for(command)
        before = left_behind.Before()
    told_of, live = command["device"] if command.get("memory") else "", bool(command.get("live"))
    try:
        perform.perform(command, send, Reporter(events, command["digest"], stop, told_of, live=live))
    except Stopped:
        return "stopped", {}
    except Diverged as error:
        return "failed", _failure(Failure(Outcome.DIVERGED), error, "")
    finally:
        if before is not None:
            changes += before.changes()
    return "done", {}


def out_of_reach(descriptor: int) -> int:
    """The same file under a high number: methods that close or write to what they find begin at 3."""
    highest, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if highest < 2 * _HIGH and highest != resource.RLIM_INFINITY:
        return descriptor
    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _HIGH)
    os.close(descriptor)
    return moved


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


def _failure(failure: Failure, error: BaseException, trace: str) -> dict[str, Any]:
    """What the event ``failed`` says."""
    told = {"outcome": str(failure.outcome), "message": message_of(error, failure)}
    more = {"lack": failure.lack and str(failure.lack), "final": failure.final}
    known = {name: value for name, value in more.items() if value}
    return {**told, "traceback": shortened(trace, _TRACE), **known}


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
