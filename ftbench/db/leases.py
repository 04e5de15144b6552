"""The life of a claimed job: claim, heartbeat, and exactly one recorded end."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ftbench.db import kinds
from ftbench.db.chain import append, of_job
from ftbench.db.checked import Unreadable, check_column, read_job, read_places
from ftbench.db.engine import Store, Transaction
from ftbench.db.kinds import Kind
from ftbench.db.reaping import RUNNING, LeaseWatch, take_back, token_for
from ftbench.db.recording import GIVE_BACK, check_finite, record, uncount
from ftbench.db.rows import Lease, Moved
from ftbench.db.statements import LAST
from ftbench.domain.chain import LinkKind
from ftbench.domain.result import FINAL_OUTCOMES, MAX_ATTEMPTS, JobResult, Outcome, State
from ftbench.errors import UnknownName

# Written with the state as a literal: the partial index jobs_queued serves this and nothing slower.
_QUEUED = "SELECT digest, spec, label, places FROM jobs WHERE state = 'queued' "
_FIRST = "ORDER BY priority DESC, sequence LIMIT 1"
NEXT_JOB = _QUEUED + _FIRST


class Leases:
    """Hands jobs to workers and takes their results; every method is one transaction.

    Contract: a claimed job has one holder, whose token alone can end it. A holder that sends no heartbeat
    for the length of its lease loses the job to whoever has seen its heartbeat stand still for so long, at
    the next claim or ``reap``; from then on all it says about the job is refused (False or None) and changes
    nothing. No two clocks are compared: see ``LeaseWatch``.

    Attributes:
        watcher: what this process has seen of the leases.
    """

    def __init__(self, store: Store) -> None:
        """Work on an open database."""
        self._store = store
        self.watcher = LeaseWatch()

    def claim(
        self,
        worker: str,
        lease: float,
        told: Callable[[Moved], None] = lambda moved: None,
        refused: Callable[[Mapping[str, Any]], object] = lambda places: None,
        besides: Sequence[Kind] = (),
    ) -> Lease | None:
        """Take the next job: highest priority first, then the oldest.

        Jobs of expired leases are given back first. A job that this version cannot read, or whose digest is
        not that of its spec, fails with the reason, and the next one is taken.

        Args:
            worker: who takes it.
            lease: seconds until it counts as lost without a heartbeat.
            told: hears of each job that was given back or failed, once that is written.
            refused: whether jobs with these places are left alone, queued as they are.
            besides: kinds of jobs to leave alone.

        Returns:
            The claim, None where nothing else is queued.
        """
        with self._store.writing() as transaction:
            now = transaction.now()
            moved = self._reap(transaction, now) if self.watcher.due else []
            claim, passed = None, list[str]()
            while claim is None and (row := self._next(transaction, passed, besides)):
                digest, spec, label, places = row
                try:
                    there = read_places(places)
                    if (there.get("plugins") or there.get("perturbations")) and refused(there):
                        passed.append(places)
                        continue
                except Unreadable:
                    there = None
                token = token_for(uuid.uuid4().hex, lease)
                number = _start(transaction, digest, token, worker, now=now, expires=now + lease)
                try:
                    job, there = read_job(digest, spec), read_places(places)
                    check_column("label", (label,))
                except Unreadable as error:
                    message = f"this version of ftbench cannot read the job: {error}"
                    _end(transaction, digest, token, State.FAILED)
                    _close(transaction, digest, number, Outcome.USER, message, now=now)
                    moved.append(Moved(digest, State.FAILED, None, message))
                    continue
                claim = Lease(digest, token, number, job, label, there)
        for each in moved:
            told(each)
        return claim

    def _next(self, transaction: Transaction, passed: Sequence[str], besides: Sequence[Kind]) -> Any:
        """The row of the next queued job whose places are none of those, and that is of no such kind."""
        condition, values = kinds.besides(besides)
        names = {f"passed{at}": text for at, text in enumerate(passed)}
        others = f"AND places NOT IN ({', '.join(f':{name}' for name in names)}) " if names else ""
        query = f"{_QUEUED}{condition}{others}{_FIRST} {self._store.backend.take_one}"
        return transaction.one(query, **names, **values)

    def heartbeat(self, claim: Lease, lease: float) -> bool:
        """Extend the lease to ``lease`` seconds from now; False where it is lost (taken over, cancelled)."""
        with self._store.writing() as transaction:
            changed = transaction.run(
                "UPDATE jobs SET expires = :expires WHERE digest = :digest AND token = :token",
                expires=transaction.now() + lease,
                digest=claim.digest,
                token=claim.token,
            )
            if self.watcher.due:  # those who only work would else see too little of others
                self.watcher.look(transaction.all(RUNNING))
            return changed == 1

    def release(self, claim: Lease) -> bool:
        """Give the job back unfinished; the attempt does not count. False where the lease is lost."""
        with self._store.writing() as transaction:
            if not _end(transaction, claim.digest, claim.token, State.QUEUED):
                return False
            transaction.run(GIVE_BACK, digest=claim.digest)
            transaction.run(
                "DELETE FROM attempts WHERE digest = :digest AND number = :number",
                digest=claim.digest,
                number=claim.attempt,
            )
            return True

    def finish(self, claim: Lease, result: JobResult) -> bool:
        """Record the result and end the job as done; False, and nothing recorded, where the lease is lost.

        Raises:
            ValueError: a score is not finite; such an attempt fails as ``diverged``.
        """
        check_finite(result)
        with self._store.writing(durable=True) as transaction:
            if not _end(transaction, claim.digest, claim.token, State.DONE):
                return False
            _close(transaction, claim.digest, claim.attempt, Outcome.OK, now=transaction.now())
            record(transaction, claim.digest, claim.attempt, result)
            append(transaction, [of_job(transaction, LinkKind.FINISH, claim.digest)])
            return True

    def fail(
        self,
        claim: Lease,
        outcome: Outcome,
        message: str,
        traceback: str = "",
        provenance: Mapping[str, Any] | None = None,
        final: bool = False,
    ) -> State | None:
        """Record a failed attempt.

        The job is queued again unless the outcome is final (``user``, ``diverged``; any, if the caller says
        so) or it was the last of the attempts that a job has. What is the machine's fault (``environment``)
        is not counted: of such attempts the last one alone is kept.

        Returns:
            The job's new state, None where the lease is lost.

        Raises:
            ValueError: the outcome is ``ok``.
        """
        if outcome is Outcome.OK:
            raise ValueError("an attempt that is ok does not fail: finish it")
        with self._store.writing(durable=True) as transaction:
            tries = transaction.one("SELECT attempts FROM jobs WHERE digest = :digest", digest=claim.digest)
            more = outcome is Outcome.ENVIRONMENT or (tries is not None and tries[0] < MAX_ATTEMPTS)
            state = State.QUEUED if more and not final and outcome not in FINAL_OUTCOMES else State.FAILED
            if not _end(transaction, claim.digest, claim.token, state):
                return None
            if outcome is Outcome.ENVIRONMENT:
                uncount(transaction, claim.digest, claim.attempt)
            now = transaction.now()
            _close(transaction, claim.digest, claim.attempt, outcome, message, traceback, now=now)
            record(transaction, claim.digest, claim.attempt, JobResult(provenance=provenance or {}))
            return state

    def complete(self, digest: str, result: JobResult, worker: str) -> bool:
        """Record a result that was made elsewhere, for a job that nobody has claimed.

        A failed or cancelled job becomes done too, and one whose lease was seen to be over.

        Returns:
            False, and nothing recorded, where the job is done already or a worker is running it.

        Raises:
            UnknownName: no such job.
            ValueError: a score is not finite.
        """
        check_finite(result)
        with self._store.writing(durable=True) as transaction:
            now = transaction.now()
            over = self.watcher.look(transaction.all(RUNNING))
            take_back(transaction, [row for row in over if row[0] == digest], now)
            row = transaction.one("SELECT state FROM jobs WHERE digest = :digest", digest=digest)
            if row is None:
                raise UnknownName("job", digest, [])
            if row[0] in (State.DONE, State.RUNNING):
                return False
            token = uuid.uuid4().hex
            number = _start(transaction, digest, token, worker, now=None, expires=now)
            _end(transaction, digest, token, State.DONE)
            _close(transaction, digest, number, Outcome.OK, now=now)
            record(transaction, digest, number, result)
            append(transaction, [of_job(transaction, LinkKind.INGEST, digest)])
            return True

    def reap(self) -> int:
        """Take expired leases back: each attempt ends as ``lost``, its job is queued again or fails.

        Returns:
            How many leases were over. ``claim`` does this first, by itself.
        """
        with self._store.writing() as transaction:
            return len(self._reap(transaction, transaction.now()))

    def _reap(self, transaction: Transaction, now: float) -> list[Moved]:
        return take_back(transaction, self.watcher.look(transaction.all(RUNNING)), now)


def _start(
    transaction: Transaction, digest: str, token: str, worker: str, *, now: float | None, expires: float
) -> int:
    """Lease a job that is not running, and open an attempt; its number."""
    transaction.run(
        "UPDATE jobs SET state = 'running', attempts = attempts + 1, owner = :worker, token = :token, "
        "expires = :expires WHERE digest = :digest AND state <> 'running'",
        digest=digest,
        token=token,
        worker=worker,
        expires=expires,
    )
    (last,) = transaction.one(LAST, digest=digest)
    transaction.run(
        "INSERT INTO attempts (digest, number, worker, started, message, traceback) "
        "VALUES (:digest, :number, :worker, :started, '', '')",
        digest=digest,
        number=last + 1,
        worker=worker,
        started=now,
    )
    return int(last) + 1


def _end(transaction: Transaction, digest: str, token: str, state: State) -> bool:
    """End a lease; False where the token is no longer the job's."""
    changed = transaction.run(
        "UPDATE jobs SET state = :state, owner = NULL, token = NULL, expires = NULL "
        "WHERE digest = :digest AND token = :token",
        state=str(state),
        digest=digest,
        token=token,
    )
    return changed == 1


def _close(
    transaction: Transaction,
    digest: str,
    number: int,
    outcome: Outcome,
    message: str = "",
    traceback: str = "",
    *,
    now: float,
) -> None:
    transaction.run(
        "UPDATE attempts SET outcome = :outcome, ended = :now, message = :message, traceback = :traceback "
        "WHERE digest = :digest AND number = :number",
        outcome=str(outcome),
        now=now,
        message=message,
        traceback=traceback,
        digest=digest,
        number=number,
    )


def fail_unclaimed(transaction: Transaction, digest: str, reason: str) -> None:
    """Fail a queued job that nobody can train, with an attempt that says why."""
    now, token = transaction.now(), uuid.uuid4().hex
    number = _start(transaction, digest, token, "", now=now, expires=now)
    _end(transaction, digest, token, State.FAILED)
    _close(transaction, digest, number, Outcome.USER, reason, now=now)
