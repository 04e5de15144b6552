"""Recording: an attempt's beginning, its end_lease, and what it leaves behind, in the transaction of each."""

from __future__ import annotations

import json
import math
import uuid
from typing import Any

from ftbench.db.engine import Transaction
from ftbench.db.rows import Lease
from ftbench.db.statements import CLOSE, END, FACTS, LAST, LEFT, OPEN, TAKE
from ftbench.domain.chain import GAP, LinkKind, sealed_around, strand_of, told_of_job
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
    for table, rows in left(result).items():
        names = ", ".join(LEFT[table])
        values = ", ".join(f":{name}" for name in LEFT[table])
        into = f"INSERT INTO {table} (digest, {names}) VALUES (:digest, {values})"
        transaction.many(into, [{"digest": digest, **row} for row in rows])
    if told := facts(result):
        values = "VALUES (:digest, :number, :facts)"
        transaction.run(f"{FACTS} {values}", digest=digest, number=number, facts=told)


def left(result: JobResult) -> dict[str, list[dict[str, Any]]]:
    """The rows that a result is, by the tables of ``LEFT``."""
    return {
        "scores": [{**vars(score), "value": float(score.value)} for score in result.scores],
        "curves": [
            {**vars(p), "value": float(p.value) if math.isfinite(p.value) else None} for p in result.curves
        ],
        "predictions": [*map(vars, result.predictions)],
    }


def finish_values(claim: Lease, result: JobResult) -> dict[str, Any] | None:
    """The parameters of ``AtOnce.finish``; None where it cannot say what is to be said.

    Those of ``END`` and ``CLOSE``, of ``LEFT`` as a list for each column, and the pieces of what the digests
    of the link and of its content are taken of, around what the database puts in.
    """
    scores = [(score.evaluation, score.metric, score.value) for score in result.scores]
    digest, strand, kind = claim.digest, strand_of(claim.digest), str(LinkKind.FINISH)
    told = told_of_job(claim.label, GAP, GAP, None, scores)
    pieces = {"content": told, "link": [GAP, strand, GAP, kind, digest, GAP, "", GAP]}
    around = {f"{name}{at}": text for name, of in pieces.items() for at, text in enumerate(sealed_around(of))}
    if len(around) != 3 + 5:
        return None
    lists = {
        f"{table}_{name}": [row[name] for row in rows]
        for table, rows in left(result).items()
        for name in LEFT[table]
    }
    return {
        "digest": digest,
        "token": claim.token,
        "number": claim.attempt,
        "state": str(State.DONE),
        "outcome": str(Outcome.OK),
        "message": "",
        "traceback": "",
        "facts": facts(result),
        "strand": strand,
        "kind": kind,
        "scored": bool(scores),
        **lists,
        **around,
    }


def facts(result: JobResult) -> str | None:
    """What an attempt ran with, as its column holds it; None where that is not known."""
    return json.dumps(dict(result.provenance), sort_keys=True) if result.provenance else None


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


def how_ended(transaction: Transaction, claim: Lease) -> tuple[Any, Any, Any]:
    """Where a job stands now, and the outcome and message of a claim's attempt; None for what is not there.

    A claim that a crash of the machine has undone may have left its number to somebody else's.
    """
    row = transaction.one(
        "SELECT jobs.state, attempts.outcome, attempts.message FROM attempts "
        "JOIN jobs ON jobs.digest = attempts.digest "
        "WHERE attempts.digest = :digest AND attempts.number = :number AND attempts.worker = :worker",
        digest=claim.digest,
        number=claim.attempt,
        worker=claim.worker,
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
        f"{TAKE.format(clock=transaction.clock)} WHERE digest = :digest AND state <> 'running'",
        digest=digest,
        token=token,
        worker=worker,
        lease=float(lease),
    )
    (last,) = transaction.one(LAST, digest=digest)
    transaction.run(
        f"{OPEN} VALUES (:digest, :number, :worker, {transaction.clock if here else 'NULL'}, '', '')",
        digest=digest,
        number=last + 1,
        worker=worker,
    )
    return int(last) + 1


def end_lease(transaction: Transaction, digest: str, token: str, state: State) -> bool:
    """End a lease; False where the token is no longer the job's."""
    return transaction.run(END, state=str(state), digest=digest, token=token) == 1


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
        CLOSE.format(clock=transaction.clock),
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
