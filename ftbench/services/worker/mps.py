"""CUDA's Multi-Process Service: lets several training processes use one GPU at the same time.

Without it the GPU serves one process at a time, in slices.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from ftbench.settings import without_database

PROGRAM = "nvidia-cuda-mps-control"
_PIPE, _LOG = "CUDA_MPS_PIPE_DIRECTORY", "CUDA_MPS_LOG_DIRECTORY"
_USUAL = "/tmp/nvidia-mps"
_LIMIT = 20.0  # seconds to start or to stop


class Mps:
    """A service for the training processes of one worker, which needs no root; see ``start``.

    Attributes:
        environment: what the training processes need to be told, once it has started.
    """

    def __init__(self, folder: Path) -> None:
        """Have its files in a folder for this process, within the worker's; nothing is made."""
        self.environment: dict[str, str] = {}
        self._parent, self._folder = folder, folder / f"mps-{os.getpid()}"

    def start(self) -> str:
        """Start the service, unless one is there that every program on this machine uses.

        Returns:
            How the training processes share the GPU, in words.
        """
        if (Path(os.environ.get(_PIPE, _USUAL)) / "control").exists():
            return "slots share the GPU through the MPS of this machine"
        if shutil.which(PROGRAM) is None:
            return f"slots share the GPU in slices of time: there is no {PROGRAM} here"
        self._sweep()
        environment = _environment(self._folder)
        try:
            for path in environment.values():
                Path(path).mkdir(parents=True, exist_ok=True)
            _control(environment, "-d")
        except (OSError, subprocess.SubprocessError) as error:
            shutil.rmtree(self._folder, ignore_errors=True)
            return f"slots share the GPU in slices of time: {PROGRAM} -d {_words(error)}"
        self.environment = environment
        return "slots share the GPU through MPS"

    def stop(self) -> None:
        """End the service that was started here, after the training processes."""
        if self.environment:
            _end(self._folder)
            self.environment = {}

    def _sweep(self) -> None:
        """End what workers left that were killed."""
        for folder in self._parent.glob("mps-*"):
            number = folder.name.removeprefix("mps-")
            if number.isdigit() and not _lives(int(number)):
                _end(folder)


def _environment(folder: Path) -> dict[str, str]:
    return {_PIPE: str(folder / "pipe"), _LOG: str(folder / "log")}


def _end(folder: Path) -> None:
    try:
        _control(_environment(folder), say="quit\n")
    except (OSError, subprocess.SubprocessError):
        pass  # it is gone already
    shutil.rmtree(folder, ignore_errors=True)


def _control(environment: dict[str, str], *arguments: str, say: str = "") -> None:
    """Run the program; what it prints goes nowhere, for a service would keep a pipe open."""
    # CUDA numbers GPUs anew within what it is told is visible, and would do so twice: in the service, and
    # again in the training process.
    own = {name: value for name, value in without_database().items() if name != "CUDA_VISIBLE_DEVICES"}
    subprocess.run(
        [PROGRAM, *arguments],
        input=say.encode(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**own, **environment},
        timeout=_LIMIT,
        check=True,
        start_new_session=True,  # a terminal's Ctrl-C is not for it
    )


def _words(error: Exception) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        return f"ended with exit code {error.returncode}"
    return (
        f"did not end in {_LIMIT:g} s" if isinstance(error, subprocess.TimeoutExpired) else f"says: {error}"
    )


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # somebody else's
    return True
