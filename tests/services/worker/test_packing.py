"""How many jobs at once: numbers worked out by hand."""

from __future__ import annotations

import pytest

from ftbench.domain.events import Memory
from ftbench.services.worker.packing import LONGEST, SECONDS, Packing, decide_slots, room

PLENTY = Memory(held=100, free=90_000, total=100_000)


@pytest.mark.parametrize(
    ("slots", "memory", "expected"),
    [
        (1, Memory(held=10_000, free=70_000, total=80_000), 7),  # 70,000 - 8,000 hold 6 more
        (1, Memory(held=31_000, free=70_000, total=80_000), 3),  # exactly 2 more
        (1, Memory(held=31_001, free=70_000, total=80_000), 2),
        (4, Memory(held=10_000, free=17_999, total=80_000), 4),  # the reserve leaves 9,999
        (4, Memory(held=10_000, free=18_000, total=80_000), 5),
        (2, Memory(held=10_000, free=1_000, total=80_000), 2),  # less free than the reserve: none more
        (3, None, 3),
    ],
)
def test_memory_has_room_for_so_many_slots(slots: int, memory: Memory | None, expected: int) -> None:
    assert room(slots, memory) == expected


@pytest.mark.parametrize(
    ("rates", "slots", "limit", "memory", "expected"),
    [
        ({1: 10.0}, 1, 16, PLENTY, (2, True)),  # the first is always followed by a second
        ({1: 10.0, 2: 11.0}, 2, 16, PLENTY, (4, True)),  # a tenth more pays
        ({1: 10.0, 2: 10.9}, 2, 16, PLENTY, (1, False)),  # less does not
        ({1: 10.0, 2: 19.0, 4: 20.0}, 4, 16, PLENTY, (2, False)),
        ({1: 10.0, 2: 19.0, 4: 36.0}, 4, 6, PLENTY, (6, True)),
        ({1: 10.0, 2: 19.0, 4: 36.0, 6: 50.0}, 6, 6, PLENTY, (6, False)),  # no more cores
        ({1: 10.0, 2: 19.0}, 2, 16, Memory(20_000, 30_000, 80_000), (3, True)),  # room for one
        ({1: 10.0, 2: 19.0}, 2, 16, Memory(30_000, 30_000, 80_000), (2, False)),  # for none
        ({1: 10.0}, 1, 1, PLENTY, (1, False)),
        ({1: 10.0}, 1, 16, None, (1, False)),
    ],
)
def test_slots_are_added_while_that_pays_and_taken_back_where_it_does_not(
    rates: dict[int, float], slots: int, limit: int, memory: Memory | None, expected: tuple[int, bool]
) -> None:
    assert decide_slots(rates, slots, limit=limit, memory=memory) == expected


def train(packing: Packing, begin: float, steps: int, slots: int, seconds: float) -> str | None:
    """So many steps in each slot, and the end of a job in each, between two moments."""
    for slot in range(slots):
        packing.progress(f"{slot} at {begin}", "main", 5, PLENTY)
    assert packing.look(slots, begin) is None
    for slot in range(slots):
        packing.progress(f"{slot} at {begin}", "main", 5 + steps, PLENTY)
        packing.ended(f"{slot} at {begin}")
    return packing.look(slots, begin + seconds)


def test_auto_begins_with_one_slot_and_goes_back_where_more_do_not_pay() -> None:
    packing = Packing(None, limit=16)
    assert packing.slots == 1
    assert train(packing, 0.0, 600, 1, 60.0) == "1 slot: 10 steps a second; trying 2 slots"
    assert train(packing, 100.0, 570, 2, 60.0) == "2 slots: 19 steps a second; trying 4 slots"
    assert train(packing, 200.0, 300, 4, 60.0) == "4 slots: 20 steps a second; going back to 2 slots"
    assert packing.slots == 2
    assert train(packing, 300.0, 9999, 2, 60.0) is None, "it has decided"


def test_a_fixed_number_stays() -> None:
    packing = Packing(3, limit=1)
    assert train(packing, 0.0, 600, 3, 60.0) is None
    assert packing.slots == 3


def test_a_measurement_lasts_until_as_many_jobs_ended_as_there_are_slots() -> None:
    packing = Packing(None, limit=16)
    packing.progress("a", "main", 1, PLENTY)
    assert packing.look(1, 0.0) is None
    packing.progress("a", "main", 101, PLENTY)
    assert packing.look(1, SECONDS) is None, "no job has ended"
    assert packing.look(1, LONGEST - 0.1) is None
    assert packing.look(1, LONGEST) == "1 slot: 0.333 steps a second; trying 2 slots"


def test_a_slot_without_work_begins_the_measurement_anew() -> None:
    packing = Packing(None, limit=16)
    packing.progress("a", "main", 1, PLENTY)
    packing.look(1, 0.0)
    packing.progress("a", "main", 1001, PLENTY)
    packing.ended("a")
    assert packing.look(0, 50.0) is None
    assert packing.look(1, 60.0) is None, "the next job has not trained yet"
    packing.progress("b", "main", 1, PLENTY)
    assert packing.look(1, 100.0) is None
    packing.progress("b", "main", 61, PLENTY)
    packing.ended("b")
    assert packing.look(1, 160.0) == "1 slot: 1 steps a second; trying 2 slots"


def test_steps_of_several_runs_count_and_those_before_an_interruption_do_not() -> None:
    packing = Packing(None, limit=16)
    packing.progress("a", "first", 1, PLENTY)
    packing.look(1, 0.0)
    for run, step in (("first", 31), ("second", 10), ("second", 20)):  # 30 + 10 + 10
        packing.progress("a", run, step, PLENTY)
    packing.ended("a")
    packing.progress("resumed", "main", 5000, PLENTY)
    packing.progress("resumed", "main", 5010, PLENTY)
    assert packing.look(1, 60.0) == "1 slot: 1 steps a second; trying 2 slots"


def test_what_was_trained_before_all_slots_were_busy_does_not_count() -> None:
    packing = Packing(None, limit=16)
    train(packing, 0.0, 600, 1, 60.0)
    packing.progress("early", "main", 1, PLENTY)
    assert packing.look(2, 100.0) is None
    packing.progress("early", "main", 1001, PLENTY)
    packing.ended("early")
    assert train(packing, 200.0, 570, 2, 60.0) == "2 slots: 19 steps a second; trying 4 slots"


def test_the_least_that_was_free_and_the_most_that_was_held_decide() -> None:
    packing = Packing(None, limit=16)
    packing.progress("a", "main", 1, Memory(held=10, free=900, total=1000))
    packing.look(1, 0.0)
    packing.progress("a", "main", 2, Memory(held=300, free=390, total=1000))
    packing.progress("a", "main", 3, Memory(held=200, free=800, total=1000))
    packing.ended("a")
    assert packing.look(1, 60.0) == "1 slot: 0.0333 steps a second; going on with 1 slot"  # 290 < 300


def test_where_so_many_failed_there_are_never_as_many_again() -> None:
    packing = Packing(None, limit=16)
    train(packing, 0.0, 600, 1, 60.0)
    train(packing, 100.0, 600, 2, 60.0)
    assert packing.slots == 4
    packing.fewer(3)
    packing.fewer(3)
    assert packing.slots == 3
    assert train(packing, 200.0, 600, 3, 60.0) is None
    assert packing.slots == 3
