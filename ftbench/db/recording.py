"""Recording: an attempt's beginning, its end_lease, and what it leaves behind, in the transaction of each."""

from __future__ import annotations

import json
import math
import uuid
from typing import Any

from ftbench.db.engine import Transaction
from ftbench.db.statements import LAST
from ftbench.domain.result import JobResult, Outcome, State

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


def how_ended(transaction: Transaction, digest: str, number: int) -> tuple[Any, Any, Any]:
    """Where a job stands now, and the outcome and message of an attempt; None for what is not there."""
    row = transaction.one(
        "SELECT jobs.state, attempts.outcome, attempts.message FROM attempts "
        "JOIN jobs ON jobs.digest = attempts.digest "
        "WHERE attempts.digest = :digest AND attempts.number = :number",
        digest=digest,
        number=number,
    )
    return tuple(row) if row else (None, None, None)


def start_attempt(
    transaction: Transaction, digest: str, token: str, worker: str, lease: float, *, here: bool = True
) -> int:
    """Lease a job that is not running, and open an attempt; its number.

    Args:
        transaction: that writes.
        digest: the job.
        token: of the lease.
        worker: who tries.
        lease: seconds until the lease ends.
        here: False for one that ran elsewhere, of which nobody knows when it began.
    """
    transaction.run(
        "UPDATE jobs SET state = 'running', attempts = attempts + 1, owner = :worker, token = :token, "
        f"expires = {transaction.clock} + :lease WHERE digest = :digest AND state <> 'running'",
        digest=digest,
        token=token,
        worker=worker,
        lease=float(lease),
    )
    (last,) = transaction.one(LAST, digest=digest)
    transaction.run(
        "INSERT INTO attempts (digest, number, worker, started, message, traceback) "
        f"VALUES (:digest, :number, :worker, {transaction.clock if here else 'NULL'}, '', '')",
        digest=digest,
        number=last + 1,
        worker=worker,
    )
    return int(last) + 1


def end_lease(transaction: Transaction, digest: str, token: str, state: State) -> bool:
    """End a lease; False where the token is no longer the job's."""
    changed = transaction.run(
        "UPDATE jobs SET state = :state, owner = NULL, token = NULL, expires = NULL "
        "WHERE digest = :digest AND token = :token",
        state=str(state),
        digest=digest,
        token=token,
    )
    return changed == 1


def close_attempt(
    transaction: Transaction,
    digest: str,
    number: int,
    outcome: Outcome,
    message: str = "",
    traceback: str = "",
) -> None:
    """Write how an attempt ended, now."""
    transaction.run(
        f"UPDATE attempts SET outcome = :outcome, ended = {transaction.clock}, message = :message, "
        "traceback = :traceback WHERE digest = :digest AND number = :number",
        outcome=str(outcome),
        message=message,
        traceback=traceback,
        digest=digest,
        number=number,
    )


def fail_unclaimed(transaction: Transaction, digest: str, reason: str) -> None:
    """Fail a queued job that nobody can train, with an attempt that says why."""
    token = uuid.uuid4().hex
    number = start_attempt(transaction, digest, token, "", 0.0)
    end_lease(transaction, digest, token, State.FAILED)
    close_attempt(transaction, digest, number, Outcome.USER, reason)
