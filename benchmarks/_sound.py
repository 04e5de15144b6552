"""What fuzzing begins with: a small sound database, and an ear for files that are opened."""

from __future__ import annotations

import sqlite3
import sys
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ftbench.domain.job import Job
    from ftbench.domain.perturbation import Perturbation


class Watch:
    """Hears of every file that this process opens to write, or to read outside of some folders."""

    def __init__(self, inside: Path) -> None:
        """Listen from now on; an audit hook cannot be taken away."""
        self._inside, self._on, self.opened = str(inside), False, list[str]()
        code = [sys.prefix, sys.base_prefix, *filter(None, sys.path), str(Path(__file__).parent.parent)]
        self._known = ("/proc/", "/dev/", *code, *(str(Path(one).resolve()) for one in code))
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._on or event not in (
            "open",
            "sqlite3.connect",
            "os.remove",
            "os.rename",
            "subprocess.Popen",
        ):
            return
        name = str(arguments[0]).removeprefix("file:")
        compiled = "__pycache__" in name  # Python's own, of a file that is loaded for the first time
        read = event == "open" or compiled
        if name.startswith(self._inside) or (read and name.startswith(self._known)):
            return
        if not (event == "open" and isinstance(arguments[0], int)):
            self.opened.append(f"{event} {name}")

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Listen within."""
        self.opened.clear()
        self._on = True
        try:
            yield
        finally:
            self._on = False


def sound(path: Path, jobs: int = 5) -> list[dict[str, Any]]:
    """Make a small database with jobs in each state; the events that would end one that waits.

    Args:
        path: the file, made new.
        jobs: how many; of five, two are done, one has failed, and two wait.
    """
    from ftbench.db import Entry, create_database
    from ftbench.domain.claim import DeclaredClaim
    from ftbench.domain.events import encode_logits
    from ftbench.domain.launch import Launch
    from ftbench.domain.perturbation import Perturbation
    from ftbench.domain.result import CurvePoint as Point
    from ftbench.domain.result import JobResult, Outcome, Predictions, Score
    from ftbench.domain.topup import TopupPlan

    logits = Predictions("main", "dev", 2, 2, zlib.compress(bytes(16)))
    facts = {"threads": 1, "method_digest": "c", "runs": {"main": {"rows": 4}}}
    scores = (Score("dev", "accuracy", 0.5), Score("dev", "f1", 0.5))
    result = JobResult(scores, (Point("main", 1, "loss", 0.7),), (logits,), facts)
    kinds = [Perturbation(), Perturbation.of({"noise": 0.1}), Perturbation.of({"train_size": 300})]
    with create_database(str(path)) as database:
        made = [_job(at, kinds[at % 3]) for at in range(jobs)]
        database.jobs.add(
            [Entry(job, job.method, places={"model": "/nowhere", "plugins": ["/x.py"]}) for job in made]
        )
        for at in range(jobs * 3 // 5):
            lease = database.jobs.claim("worker", 60.0)
            assert lease is not None
            if at % 3 == 2:
                database.jobs.fail(lease, Outcome.USER, "wrong", "traceback")
                continue
            database.jobs.finish(lease, result)
            if at % 3 == 1:  # done twice, so that there are scores of before
                database.jobs.restart({lease.digest: {}})
                again = database.jobs.claim("worker", 60.0)
                assert again is not None
                database.jobs.finish(again, result)
        database.claims.add(DeclaredClaim("bidrop", "vanilla"))
        pair = made[0].digest, made[1].digest
        database.topups.record(TopupPlan("a, b", (pair,), 0.05, 0.0, (0, 1, 2), (2, 3), (("open",),)))
        database.launches.add(Launch("0a1b2c3d", "slurm", 2))
        database.launches.reserve("0a1b2c3d", lambda found: 2)
        waiting = next(row.digest for row in database.jobs.list() if row.state == "queued")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    return [
        {"event": "started", "digest": waiting},
        {"event": "progress", "run": "main", "step": 1, "total": 2},
        {"event": "curve", "run": "main", "step": 1, "name": "loss", "value": 0.7},
        {"event": "score", "evaluation": "dev", "metric": "accuracy", "value": 0.75},
        {
            "event": "predictions",
            "run": "main",
            "evaluation": "dev",
            "rows": 2,
            "outputs": 2,
            "logits": encode_logits(bytes(16)),
        },
        {"event": "provenance", "values": facts},
        {"event": "done", "digest": waiting},
    ]


def _job(at: int, change: Perturbation) -> Job:
    from ftbench.domain.job import Job

    method = ("vanilla", "bidrop", "elsewhere")[at % 3]
    values = {"k": 2} if method == "bidrop" else {}
    return Job("tiny", "sha256:m", "toy-entail", "toy-1", ("dev",), method, values, at // 3, change)
