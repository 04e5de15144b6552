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
from ftbench.db.recording import (
    GIVE_BACK,
    check_finite,
    close_attempt,
    end_lease,
    finish_values,
    how_ended,
    record,
    start_attempt,
    uncount,
)
from ftbench.db.rows import Lease, Moved
from ftbench.db.statements import BEAT, FIRST, LAST, QUEUED
from ftbench.domain.chain import LinkKind
from ftbench.domain.result import FINAL_OUTCOMES, MAX_ATTEMPTS, JobResult, Outcome, State
from ftbench.errors import UnknownName

# Written with the state as a literal: the partial index jobs_queued serves this and nothing slower.
NEXT_JOB = QUEUED + FIRST


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
        self._asked = ""  # the token of a claim that may have been committed

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
        moved = self._taken_back() if self.watcher.due else []
        claim = self._claimed_at_once(worker, lease, besides)
        if claim is None:
            with self._store.writing() as transaction:
                claim = self._claimed(transaction, worker, lease, moved, refused, besides)
        self._asked = ""
        for each in moved:
            told(each)
        return claim

    def _claimed_at_once(self, worker: str, lease: float, besides: Sequence[Kind]) -> Lease | None:
        """The claim by one statement; None where ``_claimed`` is to see to it."""
        statements = self._store.backend.at_once
        if statements is None or self._asked:
            return None
        conditions, values = kinds.besides(besides)
        self._asked = token = token_for(uuid.uuid4().hex, lease)
        sql = statements.claim.replace("{conditions}", conditions)
        row = self._store.at_once(sql, worker=worker, token=token, lease=float(lease), **values)
        if row is None or row[4] is None:
            self._asked = ""
            return None
        digest, spec, label, places, number, *_ = row
        try:
            return _lease(digest, token, worker, number, spec, label, places)
        except Unreadable:
            return None  # the job is found by its token

    def _claimed(
        self,
        transaction: Transaction,
        worker: str,
        lease: float,
        moved: list[Moved],
        refused: Callable[[Mapping[str, Any]], object],
        besides: Sequence[Kind],
    ) -> Lease | None:
        """The claim; see ``claim``."""
        passed, had = list[str](), self._had(transaction)
        while row := had or self._next(transaction, passed, besides):
            digest, spec, label, places = row
            try:
                there = read_places(places)
                if not had and (there.get("plugins") or there.get("perturbations")) and refused(there):
                    passed.append(places)
                    continue
            except Unreadable:
                pass  # told below
            if had:
                token, (number,) = self._asked, transaction.one(LAST, digest=digest)
            else:
                self._asked = token = token_for(uuid.uuid4().hex, lease)
                number = start_attempt(transaction, digest, token, worker, lease)
            had = None
            try:
                return _lease(digest, token, worker, number, spec, label, places)
            except Unreadable as error:
                message = f"this version of ftbench cannot read the job: {error}"
                end_lease(transaction, digest, token, State.FAILED)
                close_attempt(transaction, digest, number, Outcome.USER, message)
                moved.append(Moved(digest, State.FAILED, None, message))
        return None

    def _had(self, transaction: Transaction) -> Any:
        """The row of the job of a claim before, of which it is not known whether it was committed."""
        if not self._asked:
            return None
        return transaction.held(
            "SELECT digest, spec, label, places FROM jobs WHERE state = 'running' AND token = :token",
            token=self._asked,
        )

    def _next(self, transaction: Transaction, passed: Sequence[str], besides: Sequence[Kind]) -> Any:
        """The row of the next queued job whose places are none of those, and that is of no such kind.

        It is nobody else's until the transaction ends. Those that others hold just now are passed over
        while there are more, and then waited for: they may be given back.
        """
        condition, values = kinds.besides(besides)
        names = {f"passed{at}": text for at, text in enumerate(passed)}
        others = f"AND places NOT IN ({', '.join(f':{name}' for name in names)}) " if names else ""
        query = f"{QUEUED}{condition}{others}{FIRST} "
        backend = self._store.backend
        for ends in dict.fromkeys((backend.take_free, backend.hold)):
            if row := transaction.one(query + ends, **names, **values):
                return row
        return None

    def heartbeat(self, claim: Lease, lease: float) -> bool:
        """Extend the lease to ``lease`` seconds from now; False where it is lost (taken over, cancelled)."""
        values = {"lease": float(lease), "digest": claim.digest, "token": claim.token}
        statements = self._store.backend.at_once
        extended = statements is not None and self._store.at_once(statements.beat, **values) is not None
        if not extended:
            with self._store.writing() as transaction:
                extended = transaction.run(BEAT.format(clock=transaction.clock), **values) == 1
        if self.watcher.due:  # those who only work would else see too little of others
            self.watcher.look(self._store.single(RUNNING))
        return extended

    def release(self, claim: Lease) -> bool:
        """Give the job back unfinished; the attempt does not count. False where the lease is lost."""
        with self._store.writing() as transaction:
            if not end_lease(transaction, claim.digest, claim.token, State.QUEUED):
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

        True again where it is recorded already: the answer to an earlier call may have been lost.

        Raises:
            ValueError: a score is not finite; such an attempt fails as ``diverged``.
        """
        check_finite(result)
        statements, values = self._store.backend.at_once, finish_values(claim, result)
        if statements is not None and values is not None and self._store.at_once(statements.finish, **values):
            return True
        with self._store.writing(durable=True) as transaction:
            if not end_lease(transaction, claim.digest, claim.token, State.DONE):
                return how_ended(transaction, claim) == (State.DONE, Outcome.OK, "")
            close_attempt(transaction, claim.digest, claim.attempt, Outcome.OK)
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
            The job's new state, None where the lease is lost; the same again where it is recorded already.

        Raises:
            ValueError: the outcome is ``ok``.
        """
        if outcome is Outcome.OK:
            raise ValueError("an attempt that is ok does not fail: finish it")
        with self._store.writing(durable=True) as transaction:
            tries = transaction.one("SELECT attempts FROM jobs WHERE digest = :digest", digest=claim.digest)
            more = outcome is Outcome.ENVIRONMENT or (tries is not None and tries[0] < MAX_ATTEMPTS)
            state = State.QUEUED if more and not final and outcome not in FINAL_OUTCOMES else State.FAILED
            if not end_lease(transaction, claim.digest, claim.token, state):
                now_is, *ended = how_ended(transaction, claim)
                again = State.FAILED if now_is == State.FAILED else State.QUEUED
                return again if ended == [outcome, message] else None
            if outcome is Outcome.ENVIRONMENT:
                uncount(transaction, claim.digest, claim.attempt)
            close_attempt(transaction, claim.digest, claim.attempt, outcome, message, traceback)
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
        self._taken_back()
        with self._store.writing(durable=True) as transaction:
            row = transaction.held("SELECT state FROM jobs WHERE digest = :digest", digest=digest)
            if row is None:
                raise UnknownName("job", digest, [])
            if row[0] in (State.DONE, State.RUNNING):
                return False
            token = uuid.uuid4().hex
            number = start_attempt(transaction, digest, token, worker, 0.0, here=False)
            end_lease(transaction, digest, token, State.DONE)
            close_attempt(transaction, digest, number, Outcome.OK)
            record(transaction, digest, number, result)
            append(transaction, [of_job(transaction, LinkKind.INGEST, digest)])
            return True

    def reap(self) -> int:
        """Take expired leases back: each attempt ends as ``lost``, its job is queued again or fails.

        Returns:
            How many leases were over. ``claim`` does this first, by itself.
        """
        return len(self._taken_back())

    def _taken_back(self) -> list[Moved]:
        over = self.watcher.look(self._store.single(RUNNING))
        if not over:
            return []
        with self._store.writing(alone=True) as transaction:
            return take_back(transaction, over, transaction.now())


def _lease(digest: str, token: str, worker: str, number: int, spec: str, label: str, places: str) -> Lease:
    """A lease on the job of a row.

    Raises:
        Unreadable: it holds none.
    """
    job, there = read_job(digest, spec), read_places(places)
    check_column("label", (label,))
    return Lease(digest, token, worker, number, job, label, there)
