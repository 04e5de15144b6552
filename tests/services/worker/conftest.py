"""What tests of workers in processes of their own need."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ftbench.db import Database
from ftbench.services.worker.attempt import Attempt
from ftbench.services.worker.child import Child
from ftbench.services.worker.joblog import JobLog
from ftbench.services.worker.live import LiveFile
from ftbench.services.worker.workdir import WorkDir
from tests.services.worker.helpers import FAKE, Watch
from tests.services.worker.processes import Driver


@pytest.fixture
def drivers() -> Iterator[list[Driver]]:
    started: list[Driver] = []
    yield started
    for driver in started:
        driver.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """For the logs of workers; not made yet."""
    return tmp_path / "work" / "workers"


@pytest.fixture
def take(database: Database, tmp_path: Path) -> Iterator[Callable[..., Attempt]]:
    """Claims the next job and makes an attempt at it, whose training process has been told nothing yet."""
    children: list[Child] = []

    def make(
        watch: Watch | None = None, *, lease: float = 60.0, timeout: float | None = None, grace: float = 60.0
    ) -> Attempt:
        claim = database.jobs.claim("w", lease)
        assert claim is not None
        log = JobLog(WorkDir(database.address).log(claim.digest), "an attempt")
        children.append(Child(log.path, command=FAKE))
        return Attempt(
            claim,
            children[-1],
            log,
            live=LiveFile(WorkDir(database.address).live(claim.digest), claim.attempt),
            database=database,
            progress=watch or Watch(),
            lease=lease,
            timeout=timeout,
            grace=grace,
        )

    yield make
    for child in children:
        child.kill()
        child.close()
