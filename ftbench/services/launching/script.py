"""The script that is handed to ``sbatch``: the worker itself, told its allocation."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

from ftbench.services.launching.base import variables

#: The signal that comes before the end; SLURM looks twice a minute, and may send it a minute early.
_WARNING, _WORTH_IT = 90, 1800.0


@dataclass(frozen=True)
class Script:
    """What is handed to ``sbatch``.

    Attributes:
        launch: the launch's id.
        folder: for the workers' output.
        worker: arguments of ``ftbench worker``.
        database: the address that workers are told; None: they have it from the environment that ``sbatch``
            passes on.
        gpus: for each worker, 0 or 1.
        seconds: the limit of time; None: the cluster's.
        interpreter: the program that runs it.
    """

    launch: str
    folder: Path
    worker: tuple[str, ...]
    database: str | None
    gpus: int = 1
    seconds: float | None = None
    interpreter: str = sys.executable

    def text(self) -> str:
        """The script, which takes the number of the array's first allocation."""
        output = str(self.folder).replace("%", "%%") + "/%A_%a.log"
        options = [f"--job-name=ftbench-{self.launch}", "--requeue", "--open-mode=append"]
        options += [f"--output={shlex.quote(output)}"]
        options += [f"--gres=gpu:{self.gpus}"] if self.gpus else []
        options += [f"--time={_minutes(self.seconds)}"] if self.seconds is not None else []
        # With B: the signal goes to the script alone, which is the worker itself by then.
        late = self.seconds is None or self.seconds >= _WORTH_IT
        options += [f"--signal=B:USR1@{_WARNING}"] if late else []
        told = variables(self.launch, "$(($1 + SLURM_ARRAY_TASK_ID))")
        lines = ["#!/bin/bash", *(f"#SBATCH {option}" for option in options)]
        lines += [f'export {name}="{value}"' for name, value in told.items()]
        if self.database is not None:
            lines.append(f"export FTBENCH_DB={shlex.quote(self.database)}")
        worker = shlex.join([self.interpreter, "-P", "-m", "ftbench", "worker", *self.worker])
        return "\n".join([*lines, f"exec {worker}"]) + "\n"


def _minutes(seconds: float) -> int:
    """As SLURM counts: whole minutes, the one that has begun among them."""
    return max(1, -(-round(seconds) // 60))
