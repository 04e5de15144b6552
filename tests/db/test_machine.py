"""The queue's states against a model of them: whatever happens in whatever order, both say the same."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)

from ftbench.db import JobFilter, Lease, create_database
from ftbench.domain.result import FINAL_OUTCOMES, MAX_ATTEMPTS, Outcome, State
from ftbench.domain.where import Home, JobField, Question
from tests.db.samples import RESULT, entry, expire

FAILURES = [one for one in Outcome if one is not Outcome.OK]
SEEDS = st.integers(0, 2)  # few jobs, each with a long story


@dataclass
class Known:
    """What the model knows of a job."""

    seed: int
    order: int
    priority: int
    state: State = State.QUEUED
    tries: int = 0
    token: str | None = None
    late: bool = False
    number: int = 0  # of the attempt that runs
    ended: dict[int, Outcome] = field(default_factory=dict)


class Queue(RuleBasedStateMachine):
    """Jobs are queued, claimed, beaten, ended, lost, cancelled and retried."""

    leases = Bundle("leases")

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.database = create_database(str(Path(self.folder.name) / "queue.db"))
        self.known: dict[str, Known] = {}

    def teardown(self) -> None:
        assert self.database.health.troubles() == [] or self.only_samples()
        self.database.close()
        self.folder.cleanup()

    def only_samples(self) -> bool:
        """Whether the only trouble is that the result of the tests has logits that are none."""
        return {one.table for one in self.database.health.troubles()} == {"predictions"}

    def any_is(self, *states: State) -> bool:
        return any(known.state in states for known in self.known.values())

    @initialize(jobs=st.integers(1, 3))
    def begin(self, jobs: int) -> None:
        for seed in range(jobs):
            self.add(seed, 0)

    @rule(seed=SEEDS, priority=st.integers(0, 1))
    def add(self, seed: int, priority: int) -> None:
        one = entry(seed, priority=priority)
        added = self.database.jobs.add([one])
        known = self.known.get(one.job.digest)
        if known is None:
            self.known[one.job.digest] = Known(seed, len(self.known), priority)
            assert added == (1, 0, 0)
        elif known.state is State.CANCELLED:
            known.state, known.tries, known.priority = State.QUEUED, 0, priority
            assert added == (0, 0, 1)
        else:
            assert added == (0, 1, 0)

    @precondition(lambda self: self.any_is(State.QUEUED) or self.any_late())
    @rule(target=leases)
    def claim(self) -> object:
        self.reap_model()
        waiting = [k for k in self.known.values() if k.state is State.QUEUED]
        lease = self.database.jobs.claim("worker", 600.0)
        if not waiting:
            assert lease is None
            return multiple()
        first = min(waiting, key=lambda k: (-k.priority, k.order))
        assert lease is not None and lease.job.seed == first.seed
        first.state, first.token, first.tries = State.RUNNING, lease.token, first.tries + 1
        first.number = max(first.ended, default=0) + 1
        assert lease.attempt == first.number
        return lease

    def any_late(self) -> bool:
        return any(known.late for known in self.known.values())

    def holds(self, lease: Lease) -> bool:
        return self.known[lease.digest].token == lease.token

    @rule(lease=leases)
    def beat(self, lease: Lease) -> None:
        assert self.database.jobs.heartbeat(lease, 600.0) is self.holds(lease)
        if self.holds(lease):
            self.known[lease.digest].late = False

    @rule(lease=consumes(leases))
    def finish(self, lease: Lease) -> None:
        held = self.holds(lease)
        assert self.database.jobs.finish(lease, RESULT) is held
        if held:
            self.end(lease.digest, State.DONE, Outcome.OK)

    @rule(lease=consumes(leases), outcome=st.sampled_from(FAILURES))
    def fail(self, lease: Lease, outcome: Outcome) -> None:
        held, known = self.holds(lease), self.known[lease.digest]
        uncounted = outcome is Outcome.ENVIRONMENT
        again = uncounted or (outcome not in FINAL_OUTCOMES and known.tries < MAX_ATTEMPTS)
        expected = State.QUEUED if again else State.FAILED
        assert self.database.jobs.fail(lease, outcome, "wrong") == (expected if held else None)
        if held:
            self.end(lease.digest, expected, outcome)
            if uncounted:  # of such attempts the last one is kept
                known.tries -= 1
                known.ended = {
                    number: ended
                    for number, ended in known.ended.items()
                    if ended is not outcome or number == lease.attempt
                }

    @rule(lease=consumes(leases))
    def release(self, lease: Lease) -> None:
        held = self.holds(lease)
        assert self.database.jobs.release(lease) is held
        if held:
            known = self.known[lease.digest]
            known.state, known.token, known.late, known.tries = State.QUEUED, None, False, known.tries - 1

    def end(self, digest: str, state: State, outcome: Outcome) -> None:
        known = self.known[digest]
        known.state, known.token, known.late = state, None, False
        known.ended[known.number] = outcome

    @precondition(lambda self: self.any_is(State.RUNNING))
    @rule(data=st.data())
    def fall_silent(self, data: st.DataObject) -> None:
        running = sorted(d for d, k in self.known.items() if k.state is State.RUNNING)
        digest = data.draw(st.sampled_from(running))
        expire(self.database, digest)
        self.known[digest].late = True

    def reap_model(self) -> int:
        late = [digest for digest, known in self.known.items() if known.late]
        for digest in late:
            self.lose(digest)
        return len(late)

    def lose(self, digest: str) -> None:
        again = self.known[digest].tries < MAX_ATTEMPTS
        self.end(digest, State.QUEUED if again else State.FAILED, Outcome.LOST)

    @precondition(lambda self: self.any_is(State.RUNNING))
    @rule()
    def reap(self) -> None:
        found = self.database.jobs.reap()
        assert found == self.reap_model()

    @rule(seed=SEEDS)
    def complete_elsewhere(self, seed: int) -> None:
        digest = entry(seed).job.digest
        if digest not in self.known:
            return
        known = self.known[digest]
        self.reap_model()
        free = known.state not in (State.DONE, State.RUNNING)
        assert self.database.jobs.complete(digest, RESULT, "elsewhere") is free
        if free:
            known.tries, known.number = known.tries + 1, max(known.ended, default=0) + 1
            self.end(digest, State.DONE, Outcome.OK)

    @rule(limit=st.integers(1, 3))
    def cancel(self, limit: int) -> None:
        meant = [
            d for d, k in self.known.items() if k.seed < limit and k.state in (State.QUEUED, State.RUNNING)
        ]
        assert self.database.jobs.cancel(below(limit)) == len(meant)
        for digest in meant:
            if self.known[digest].state is State.RUNNING:
                self.end(digest, State.CANCELLED, Outcome.LOST)
            self.known[digest].state = State.CANCELLED

    @precondition(lambda self: self.any_is(State.FAILED, State.CANCELLED))
    @rule(limit=st.integers(1, 3))
    def retry(self, limit: int) -> None:
        over = (State.FAILED, State.CANCELLED)
        meant = [k for k in self.known.values() if k.seed < limit and k.state in over]
        assert self.database.jobs.retry(below(limit)) == len(meant)
        for known in meant:
            known.state, known.tries = State.QUEUED, 0

    @precondition(lambda self: self.any_is(State.DONE))
    @rule(seed=SEEDS)
    def restart(self, seed: int) -> None:
        digest = entry(seed).job.digest
        done = digest in self.known and self.known[digest].state is State.DONE
        assert self.database.jobs.restart({digest: {}}) == int(done)
        if done:
            self.known[digest].state, self.known[digest].tries = State.QUEUED, 0

    @invariant()
    def both_say_the_same(self) -> None:
        rows = {row.digest: row for row in self.database.jobs.list()}
        assert {d: (r.state, r.attempts) for d, r in rows.items()} == {
            d: (k.state, k.tries) for d, k in self.known.items()
        }
        scored = {row.digest for row in self.database.results.values()}
        assert scored == {d for d, k in self.known.items() if k.state is State.DONE}
        for digest, known in self.known.items():
            tried = {one.number: one.outcome for one in self.database.results.attempts(digest)}
            running = {known.number: None} if known.state is State.RUNNING else {}
            assert tried == {**known.ended, **running}


def below(limit: int) -> JobFilter:
    return JobFilter(where=Question(JobField(Home.JOB, "seed", "number"), "<", (limit,)))


TestQueue = Queue.TestCase
TestQueue.settings = settings(max_examples=15, stateful_step_count=40, deadline=None)
