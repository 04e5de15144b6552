"""A queue with something of everything, for the tests of the board, and a client of it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from ftbench.db import Database, Entry, create_database
from ftbench.domain.result import CurvePoint, JobResult, Outcome, Score
from ftbench.services.worker.workdir import WorkDir
from ftbench.web.app import create_app
from ftbench.web.options import BoardOptions
from tests.db.samples import entry

TOKEN = "a-token-of-a-test"
MARKUP = "<img src=x onerror=alert(1)>"
RESULT = JobResult(
    scores=(Score("dev", "accuracy", 0.75),),
    curves=(CurvePoint("main", 1, "loss", 0.9), CurvePoint("main", 2, "loss", 0.6)),
    provenance={"torch": "2", "seconds": {"training": 3.5}, "wall_seconds": 4.0},
)


def fill(database: Database, entries: list[Entry] | None = None) -> dict[str, str]:
    """A done, a failed, a running and a queued job: state -> digest."""
    jobs = entries or [entry(seed) for seed in range(4)]
    database.jobs.add(jobs)
    first, second, third = (database.jobs.claim(f"worker-{n}", 60.0) for n in (1, 1, 2))
    assert first and second and third
    database.jobs.finish(first, RESULT)
    database.jobs.fail(second, Outcome.USER, "a wrong number", "Traceback: line 7", {})
    tell_live(database.address, third.digest, 12, 50)
    queued = next(row.digest for row in database.jobs.list() if row.state == "queued")
    return {"done": first.digest, "failed": second.digest, "running": third.digest, "queued": queued}


def tell_live(address: str, digest: str, step: int, total: int, attempt: int = 1) -> None:
    """Write how far a job is, as its worker does."""
    path = WorkDir(address).live(digest)
    path.parent.mkdir(parents=True, exist_ok=True)
    points = [["main", at, "loss", 1.0 / at] for at in range(1, step + 1)]
    told = {"attempt": attempt, "began": 1.0, "told": 11.0, "run": "main", "step": step, "total": total}
    path.write_text(json.dumps({**told, "points": points}))


@contextmanager
def client(address: str, **options: Any) -> Iterator[TestClient]:
    """A browser's requests to the board of a database, without a server."""
    chosen = replace(BoardOptions(address), **options)
    with TestClient(create_app(chosen), base_url="http://localhost:8765", follow_redirects=False) as opened:
        yield opened


@contextmanager
def filled(folder: Path, **options: Any) -> Iterator[tuple[TestClient, dict[str, str], str]]:
    """A client of a filled queue, its jobs by state, and its address."""
    address = str(folder / "runs.db")
    with create_database(address) as database:
        jobs = fill(database)
    with client(address, **options) as opened:
        yield opened, jobs, address


def looked(opened: TestClient, path: str, seen: Callable[[str], bool], tries: int = 50) -> str:
    """A page, once it shows something; what it showed last where it never does."""
    for _ in range(tries):
        text = opened.get(path).text
        if seen(text):
            break
        time.sleep(0.1)
    return text


@contextmanager
def served(address: str, *flags: str) -> Iterator[str]:
    """A server of the board; its address."""
    command = [sys.executable, "-m", "ftbench", "serve", "--port", "0", "--db", address, *flags]
    given = {**os.environ, "FTBENCH_TOKEN": TOKEN}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=given)
    assert process.stdout is not None and process.stderr is not None
    try:
        found = re.search(r"http://localhost:\d+/", process.stdout.readline())
        assert found is not None
        yield found[0]
    finally:
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert re.fullmatch(r"(no database at .*; the board waits for it\n)?", said), said
    assert process.returncode == 130
