"""The working folder of a database on this machine: checkpoints and a log for each job, logs of workers."""

from __future__ import annotations

import shutil
from pathlib import Path

from ftbench.db import Database, JobFilter
from ftbench.domain.job import DIGEST
from ftbench.domain.result import State
from ftbench.errors import FtbenchError
from ftbench.settings import work_dir

_OVER = (State.DONE, State.FAILED, State.CANCELLED)


class WorkDir:
    """Checkpoints live as long as their job may go on; logs stay.

    Attributes:
        path: the folder.
    """

    def __init__(self, address: str) -> None:
        """The folder of a database; nothing is made."""
        self.path = work_dir(address).absolute()

    def checkpoints(self, digest: str) -> Path:
        """The folder for a job's checkpoints; it need not exist."""
        return self.path / _checked(digest)

    def log(self, digest: str) -> Path:
        """A job's log; it need not exist."""
        return self.path / "logs" / f"{_checked(digest)}.log"

    @property
    def workers(self) -> Path:
        """The folder of the workers' own logs; it need not exist."""
        return self.path / "workers"

    def forget(self, digest: str) -> None:
        """Delete a job's checkpoints, as far as that is possible."""
        shutil.rmtree(self.checkpoints(digest), ignore_errors=True)

    def sweep(self, database: Database) -> int:
        """Delete the checkpoints of jobs that are over: cancelled while they waited, or ended elsewhere.

        Returns:
            How many jobs had some.
        """
        if not self.path.is_dir():
            return 0
        found = tuple(entry.name for entry in self.path.iterdir() if DIGEST.fullmatch(entry.name))
        over = database.jobs.list(JobFilter(states=_OVER, digests=found)) if found else ()
        for row in over:
            self.forget(row.digest)
        return len(over)


def _checked(digest: str) -> str:
    """A digest that names a file or folder here, and none elsewhere.

    Raises:
        FtbenchError: it is none.
    """
    if not DIGEST.fullmatch(digest):
        raise FtbenchError(f"'{digest[:80]}' is no job's digest, which has 64 hexadecimal characters")
    return digest
