"""Real processes of ftbench that need not load the libraries: forks of a server that has loaded them once.

A command here is run by ``client.py``, which hands its arguments, variables, folder and open files to the
server, passes signals on, and ends as the fork ends; the training processes of a worker are forked likewise.
What a fork does is what ``python -m ftbench`` does after its imports. Tests of imports, of kills, and of
variables that are read while libraries are loaded start the interpreter.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Programs:
    """The words that begin a command of ftbench, and those that begin a training process."""

    ftbench: list[str]
    execute: list[str]


#: The interpreter is started, as by a user.
COLD = Programs([sys.executable, "-m", "ftbench"], [sys.executable, "-P", "-m", "ftbench.training.execute"])


@contextmanager
def served() -> Iterator[Programs]:
    """The programs with their libraries loaded, while the server runs."""
    if not sys.platform.startswith("linux"):
        yield COLD
        return
    with tempfile.TemporaryDirectory(prefix="ftbench-forks-") as folder:
        place = str(Path(folder) / "socket")
        command = [sys.executable, "-m", "tests.forked.server", place]
        with subprocess.Popen(
            command,
            cwd=HERE.parents[1],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as server:
            assert server.stdout is not None
            assert server.stdout.readline() == "ready\n"
            client = [sys.executable, "-I", "-S", str(HERE / "client.py"), place]
            yield Programs([*client, "ftbench"], [*client, "execute"])
