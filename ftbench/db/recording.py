"""Recording: what an attempt leaves behind, written inside the transaction that ends it."""

from __future__ import annotations

import json
import math

from ftbench.db.engine import Transaction
from ftbench.domain.result import JobResult

GIVE_BACK = "UPDATE jobs SET attempts = attempts - 1 WHERE digest = :digest"


def check_finite(result: JobResult) -> None:
    """Refuse a score that is no number.

    Raises:
        ValueError: a score is not finite.
    """
    for score in result.scores:
        if not math.isfinite(score.value):
            raise ValueError(
                f"score {score.evaluation} {score.metric} is {score.value}: the attempt diverged"
            )


def record(transaction: Transaction, digest: str, number: int, result: JobResult) -> None:
    """Store what an attempt leaves behind."""
    transaction.many(
        "INSERT INTO scores (digest, evaluation, metric, value) "
        "VALUES (:digest, :evaluation, :metric, :value)",
        [{"digest": digest, **vars(score)} for score in result.scores],
    )
    transaction.many(
        "INSERT INTO curves (digest, run, name, step, value) VALUES (:digest, :run, :name, :step, :value)",
        [
            {"digest": digest, **vars(p), "value": p.value if math.isfinite(p.value) else None}
            for p in result.curves
        ],
    )
    transaction.many(
        "INSERT INTO predictions (digest, run, evaluation, rows, outputs, logits) "
        "VALUES (:digest, :run, :evaluation, :rows, :outputs, :logits)",
        [{"digest": digest, **vars(p)} for p in result.predictions],
    )
    if result.provenance:
        transaction.run(
            "INSERT INTO provenance (digest, number, facts) VALUES (:digest, :number, :facts)",
            digest=digest,
            number=number,
            facts=json.dumps(dict(result.provenance), sort_keys=True),
        )


def uncount(transaction: Transaction, digest: str, number: int) -> None:
    """Do not count an attempt, and forget those before it that the machine ended."""
    transaction.run(GIVE_BACK, digest=digest)
    earlier = "digest = :digest AND number < :number"
    for table in ("provenance", "attempts"):
        transaction.run(
            f"DELETE FROM {table} WHERE {earlier} AND number IN "
            f"(SELECT number FROM attempts WHERE {earlier} AND outcome = 'environment')",
            digest=digest,
            number=number,
        )
