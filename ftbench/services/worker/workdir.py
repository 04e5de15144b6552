"""The working folder of a database on this machine: checkpoints and a log for each job, logs of workers."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

from ftbench.db import Database, JobFilter
from ftbench.domain.command import checkpoint_folder, checkpoint_folders, job_of_folder
from ftbench.domain.job import DIGEST
from ftbench.domain.result import State
from ftbench.errors import FtbenchError
from ftbench.settings import work_dir

_TOKEN = 12  # characters of a lease's token that a folder's name has
_OVER = (State.DONE, State.FAILED, State.CANCELLED)


class WorkDir:
    """Checkpoints live as long as their job may go on; logs stay.

    Attributes:
        path: the folder.
    """

    def __init__(self, address: str) -> None:
        """The folder of a database; nothing is made."""
        self.path = work_dir(address).absolute()

    def checkpoints(self, digest: str, token: str) -> Path:
        """The folder for the checkpoints of the attempt that has a lease's token; it need not exist."""
        return checkpoint_folder(self.path, _checked(digest), token[:_TOKEN])

    def earlier(self, digest: str) -> list[Path]:
        """The folders with checkpoints of a job, of all attempts."""
        return checkpoint_folders(self.path, digest)

    def log(self, digest: str) -> Path:
        """A job's log; it need not exist."""
        return self.path / "logs" / f"{_checked(digest)}.log"

    def live(self, digest: str) -> Path:
        """What a job that runs has come to; it need not exist."""
        return self.path / "live" / f"{_checked(digest)}.json"

    @property
    def workers(self) -> Path:
        """The folder of the workers' own logs; it need not exist."""
        return self.path / "workers"

    def forget(self, digest: str) -> None:
        """Delete a job's checkpoints, of all attempts, and what it had come to, as far as possible."""
        with suppress(OSError):
            self.live(digest).unlink(missing_ok=True)
        for folder in self.earlier(digest):
            shutil.rmtree(folder, ignore_errors=True)

    def sweep(self, database: Database) -> int:
        """Delete the checkpoints of jobs that are over: cancelled while they waited, or ended elsewhere.

        Returns:
            How many jobs had some.
        """
        if not self.path.is_dir():
            return 0
        found = {digest for entry in self.path.iterdir() if (digest := job_of_folder(entry))}
        over = database.jobs.list(JobFilter(states=_OVER, digests=tuple(found))) if found else ()
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
