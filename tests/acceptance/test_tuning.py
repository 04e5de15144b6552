"""A study's trials under two workers, of which one is killed: none lost, none made twice."""

from __future__ import annotations

import pytest

from tests.acceptance.conftest import DEADLINE, Place, kill, until

STUDY = ("tune", "--methods", "rdrop", "--tasks", "toy-accept", "--models", "tiny", "--trials", "3")
SHORT = ("--studies", "1", "--set", "steps=40", "--set", "batch_size=8")


@pytest.mark.slow
def test_a_killed_worker_loses_no_trial_and_two_never_make_more(place: Place) -> None:
    place.ftbench(*STUDY, *SHORT)
    words = ("worker", "--drain", "--threads", "1", "--lease", "2")
    first, second = place.start(*words), place.start(*words)
    until(lambda: len(place.rows("select owner from jobs where state = 'running'")) == 2, "both at work")
    kill(first.pid)
    first.communicate()
    place.ftbench(*STUDY, *SHORT)  # in the middle
    second.communicate(timeout=DEADLINE)
    place.ftbench(*words)
    assert place.rows("select state, count(*) from jobs group by state") == [("done", 6)]
    ended = place.rows("select count(*), count(distinct digest) from attempts where outcome = 'ok'")
    assert ended == [(6, 6)]
