"""A training process that lives but does not get on is told from a slow one."""

from __future__ import annotations

import os

import pytest

from ftbench.services.worker.pulse import BUSY, LEAST, TIMES, Pulse, cpu_ticks


class World:
    """A clock and the processor time of a process."""

    def __init__(self) -> None:
        self.now, self.used = 0.0, 5
        self.pulse = Pulse(1, lambda: self.now, lambda pid: self.used)

    def steps(self, seconds: float, first: int = 1, last: int = 3, total: int = 100) -> None:
        for step in range(first, last + 1):
            self.now += seconds
            self.pulse.heard("main", step, total)


def test_within_steps_the_longest_one_so_far_sets_the_limit() -> None:
    world = World()
    world.steps(25.0)
    world.pulse.stood_still()
    world.now += TIMES * 25.0 - 1
    assert world.pulse.stood_still() is None, "a slow step may take its time"
    world.now += 2
    assert world.pulse.stood_still() == pytest.approx(TIMES * 25.0 + 1)


def test_a_process_that_spins_within_a_step_is_found_later() -> None:
    world = World()
    world.steps(0.1)
    while world.pulse.stood_still() is None:
        world.now += 10
        world.used += 1000
    assert BUSY < world.now < BUSY + 30


def test_quick_steps_have_a_minute() -> None:
    world = World()
    world.steps(0.5)
    world.now += LEAST - 1
    assert world.pulse.stood_still() is None
    world.now += 2
    assert world.pulse.stood_still() is not None


def test_the_same_step_told_again_is_no_progress() -> None:
    world = World()
    world.steps(0.5)
    for _ in range(10):
        world.now += 10
        world.pulse.heard("main", 3, 100)
    assert world.pulse.stood_still() == 100


@pytest.mark.parametrize("steps", [0, 100])
def test_before_and_after_the_steps_a_process_that_computes_gets_on(steps: int) -> None:
    world = World()
    if steps:
        world.steps(0.1, last=steps)
    for _ in range(200):
        world.now += 30
        world.used += 1
        assert world.pulse.stood_still() is None
    world.now += LEAST + 1
    assert world.pulse.stood_still() == LEAST + 1, "stopped, or waiting for itself"


def test_where_the_system_tells_nothing_nothing_is_assumed() -> None:
    world = World()
    pulse = Pulse(1, lambda: world.now, lambda pid: None)
    world.now += 1e6
    assert pulse.stood_still() is None


def test_the_next_run_of_a_job_begins_without_a_limit() -> None:
    world = World()
    world.steps(0.1, last=100)
    world.now += 3000
    world.used += 1
    assert world.pulse.stood_still() is None
    world.pulse.heard("second", 1, 100)
    world.now += LEAST - 1
    assert world.pulse.stood_still() is None


def test_processor_time_is_read_of_a_process_that_lives() -> None:
    before = cpu_ticks(os.getpid())
    assert before is not None and before >= 0
    assert cpu_ticks(2**22 + 1) is None
