"""A small database with all that a published folder tells of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ftbench.cli import _requests
from ftbench.db import Database, Entry, create_database
from ftbench.domain.perturbation import Perturbation
from ftbench.domain.result import Outcome
from ftbench.services.claims.declared import declare
from tests.services.stored import finish, job_of

TOKEN = "hf_abcdefghijklmnopqrst"
ODD = "<script>owned=1</script>"
HOME = "/home/jdoe/experiments"
SCORES = {
    ("vanilla", "rte"): [0.70, 0.71, 0.69],
    ("bidrop", "rte"): [0.73, 0.735, 0.715],
    ("vanilla", "mrpc"): [0.80, 0.81, 0.82],
    ("bidrop", "mrpc"): [0.82, 0.83],  # the last seed is missing
}
TRACEBACK = (
    f'File "{HOME}/venv/lib/python3.11/site-packages/torch/nn/modules.py", line 3\nFile "{HOME}/mine.py"'
)


def ran(worker: str, seconds: float) -> dict[str, Any]:
    return {
        "ftbench": "0.9",
        "torch": "2.13",
        "device": "cpu",
        "worker": worker,
        "wall_seconds": seconds,
        "model_commit": "c0ffee",
        "digests": {f"{HOME}/rows.tsv": "abc"},
    }


def fill(path: Path) -> Path:
    """Make it: two methods on two tasks, noise, and jobs that failed, diverged, run and wait."""
    with create_database(str(path)) as database:
        declare(str(path), _requests.claimed("bidrop > vanilla"))
        for (method, task), scores in SCORES.items():
            for seed, score in enumerate(scores):
                curve = (0.7, 0.6, 0.5)
                told = ran("node17-4242", 3.5 + seed)
                finish(database, job_of(method, task, seed), score, losses=curve, provenance=told)
        for method in ("vanilla", "bidrop"):
            noisy = Perturbation.of({"noise": 0.1})
            for seed, score in enumerate((0.6, 0.61)):
                finish(database, job_of(method, "rte", seed, perturbation=noisy), score)
        finish(database, job_of("rdrop", "rte", 0), 0.7, label=f"rdrop[{ODD}]")
        _fail(database, "rdrop", 1, Outcome.USER, f"cannot read {HOME}/data/x.tsv with {TOKEN}")
        _fail(database, "rdrop", 2, Outcome.DIVERGED, "the loss is not finite")
        database.jobs.add([Entry(job_of("rdrop", "rte", 3), "rdrop", places={"data": f"{HOME}/data"})])
        assert database.jobs.claim("node17-4242", 600.0) is not None  # runs
        database.jobs.add(
            [Entry(job_of("rdrop", "rte", 4), "rdrop", places={"plugins": [f"{HOME}/mine.py"]})]
        )
    return path


def _fail(database: Database, method: str, seed: int, outcome: Outcome, message: str) -> None:
    job = job_of(method, "rte", seed)
    database.jobs.add([Entry(job, method)])
    claim = database.jobs.claim("node17-4242", 60.0)
    assert claim is not None and claim.digest == job.digest
    database.jobs.fail(claim, outcome, message, TRACEBACK)
