"""Where a worker finds itself: on a machine of its own, or in what a scheduler gave it for some time."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Mapping
from functools import cached_property

from ftbench.domain.amount import limit_seconds
from ftbench.errors import BadValue, FtbenchError, one_line

NODE = "FTBENCH_NODE"  # in a worker's environment: the machine's name, as its engine has it
_PATIENCE = 30.0  # seconds that a scheduler's command may take


class Site:
    """A machine without a scheduler.

    Attributes:
        node: its name.
        last_call: whether SIGUSR1 is the scheduler's word that the time is nearly over.
    """

    last_call = False

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        """Take what the process was told."""
        self._environment = environment

    @property
    def node(self) -> str:
        """The machine's name."""
        return self._environment.get(NODE) or socket.gethostname()

    @property
    def engine_id(self) -> str | None:
        """How the engine calls the allocation; None where nothing here says it."""
        return None

    @cached_property
    def seconds_left(self) -> float | None:
        """Seconds until the scheduler ends what runs here; None where it does not, or nobody knows."""
        return None

    def again(self) -> None:
        """Have the scheduler start this allocation once more, which ends this process.

        Raises:
            FtbenchError: it does not.
        """
        raise FtbenchError("nothing starts a worker again here")


class SlurmSite(Site):
    """An allocation of SLURM's."""

    last_call = True

    @property
    def node(self) -> str:
        """As SLURM calls it, which need not be the host's name."""
        return self._environment.get("SLURMD_NODENAME") or socket.gethostname()

    @property
    def engine_id(self) -> str:
        """``1234_5`` of an array, else ``1234``."""
        told = self._environment
        array, index = told.get("SLURM_ARRAY_JOB_ID"), told.get("SLURM_ARRAY_TASK_ID")
        return f"{array}_{index}" if array and index else told.get("SLURM_JOB_ID", "")

    @cached_property
    def seconds_left(self) -> float | None:
        """As its environment says in newer versions, or ``squeue``."""
        end = self._environment.get("SLURM_JOB_END_TIME", "")
        if end.isdecimal():
            return max(0.0, int(end) - time.time())
        try:
            left = slurm("squeue", "--noheader", "--jobs", self._job, "--format", "%L").strip()
            return limit_seconds(left, "squeue")
        except (FtbenchError, BadValue):  # UNLIMITED, or SLURM does not answer
            return None

    def again(self) -> None:
        """``scontrol requeue``, as the clusters' own settings for that are rare."""
        slurm("scontrol", "requeue", self.engine_id)

    @property
    def _job(self) -> str:
        return self._environment.get("SLURM_JOB_ID", "")


def site_here(environment: Mapping[str, str] = os.environ) -> Site:
    """Where this process is."""
    return SlurmSite(environment) if environment.get("SLURM_JOB_ID") else Site(environment)


def slurm(*command: str) -> str:
    """What a command of SLURM's prints.

    Raises:
        FtbenchError: it is not here, refuses, or does not answer; its own words in one line.
    """
    quiet = subprocess.DEVNULL
    try:
        done = subprocess.run(
            command, stdin=quiet, capture_output=True, text=True, errors="replace", timeout=_PATIENCE
        )
    except FileNotFoundError:
        here = f"there is no {command[0]} on this machine"
        raise FtbenchError(f"{here}: call this where SLURM is, or use `ftbench launch local`") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise FtbenchError(f"{command[0]} does not answer: {error}") from None
    if done.returncode:
        said = one_line(done.stderr or done.stdout).removeprefix(f"{command[0]}: ").removeprefix("error: ")
        raise FtbenchError(f"{command[0]}: {said or f'exit code {done.returncode}'}")
    return done.stdout
