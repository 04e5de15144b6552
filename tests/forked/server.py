"""``server.py SOCKET``: load the libraries, say so, and fork for each client, until standard input ends."""

from __future__ import annotations

import fcntl
import gc
import importlib
import io
import marshal
import os
import select
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ftbench.services.worker import child

CLIENT = Path(__file__).with_name("client.py")
#: Most files that a process is given: its streams, and the pipe of events.
FILES = 4
#: What commands and jobs load at work, inside functions.
LATE = (
    "alembic.command",
    "pandas",
    "rich.live",
    "scipy.stats",
    "sqlalchemy.dialects.sqlite",
    "transformers.models.auto",
    "transformers.models.bert.modeling_bert",
)
#: Above every number of a file that a process may be given.
HIGH = 600


def load(place: str) -> dict[str, Callable[[list[str]], int]]:
    """The programs that can be asked for; what they load at their start and at work is there afterwards."""
    child.COMMAND = (sys.executable, "-I", "-S", str(CLIENT), place, "execute")
    # Options of a worker take the command as they are loaded.
    from ftbench.__main__ import start_command_line
    from ftbench.cli import app  # noqa: F401
    from ftbench.services import jobs  # noqa: F401
    from ftbench.services.comparing import by_task  # noqa: F401
    from ftbench.services.planning import queue  # noqa: F401
    from ftbench.services.reporting import tables  # noqa: F401
    from ftbench.services.worker import worker  # noqa: F401
    from ftbench.training import execute

    execute.load_libraries()
    for name in LATE:
        importlib.import_module(name)
    gc.freeze()

    def ftbench(arguments: list[str]) -> int:
        sys.argv = ["ftbench", *arguments]
        start_command_line()
        return 0

    return {"ftbench": ftbench, "execute": execute.main}


def serve(place: str, programs: dict[str, Callable[[list[str]], int]]) -> None:
    """Fork for each connection, until standard input ends."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(place)
        listening.listen(64)
        print("ready", flush=True)
        while 0 not in (ready := select.select([0, listening], [], [], 1.0)[0]):
            while _reaped():
                pass
            if ready:
                connection, _ = listening.accept()
                if os.fork() == 0:
                    listening.close()
                    os._exit(watch(connection, programs))
                connection.close()


def _reaped() -> bool:
    try:
        return os.waitpid(-1, os.WNOHANG)[0] != 0
    except ChildProcessError:
        return False


def watch(client: socket.socket, programs: dict[str, Callable[[list[str]], int]]) -> int:
    """Start what a client asks for, pass signals on, and tell how it ends; it ends with its client."""
    size, files, *_ = socket.recv_fds(client, 4, FILES)
    told = b""
    while len(told) < int.from_bytes(size, "big"):
        told += client.recv(1 << 20)
    program, arguments, numbers, folder, variables = marshal.loads(told)
    pid = os.fork()
    if pid == 0:
        client.close()
        given = dict(zip(numbers, files, strict=True))
        os._exit(run(lambda: programs[program](arguments), given, folder, variables))
    for descriptor in (*files, 0, 1, 2):
        os.close(descriptor)
    over = os.pidfd_open(pid)
    while over not in (ready := select.select([over, client], [], [])[0]):
        signals = client.recv(16) if ready else b""
        for number in signals or [signal.SIGKILL]:
            os.kill(pid, number)
        if not signals:
            break
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    try:
        client.send(code.to_bytes(2, "big", signed=True))
    except OSError:  # it was killed
        pass
    return 0


def run(program: Callable[[], int], files: dict[int, int], folder: str, variables: dict[str, str]) -> int:
    """Be a process that has just started, and do what its program does; the exit code."""
    os.setsid()
    parked = {number: fcntl.fcntl(descriptor, fcntl.F_DUPFD, HIGH) for number, descriptor in files.items()}
    os.closerange(0, HIGH)
    for number, descriptor in parked.items():
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(variables)
    sys.stdin, sys.stdout, sys.stderr = (_stream(n) if n in files else None for n in (0, 1, 2))
    try:
        code = program()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
        code = 1
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):
            code = 120  # as the interpreter has it
    return code


def _stream(number: int) -> Any:
    """A standard stream as the interpreter makes it."""
    raw = open(number, "rb" if number == 0 else "wb", closefd=False)
    errors = "backslashreplace" if number == 2 else "strict"
    return io.TextIOWrapper(raw, "utf-8", errors, line_buffering=number == 2 or raw.isatty())


if __name__ == "__main__":
    serve(sys.argv[1], load(sys.argv[1]))
