"""Which jobs wait because others like them failed."""

from __future__ import annotations

import pytest

from ftbench.domain.breaker import EndedWell, Fallen, error_of, held

TRACE = 'File "a.py", line 3, in step\n  File "mine.py", line 7, in loss\nValueError: x'


def fall(*cells: str, message: str = "no", traceback: str = TRACE) -> list[Fallen]:
    """Failures of ``method model task``, one after another."""
    found = []
    for at, cell in enumerate(cells):
        method, model, task = cell.split()
        found.append(Fallen(method, model, task, message, traceback, float(at)))
    return found


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["a m t"] * 2, []),
        (["a m t"] * 3, [("a", "m", "t")]),
        (["a m t", "a m u", "a m v"], [("a", "m", None)]),
        (["a m t"] * 3 + ["a m u"], [("a", "m", None)]),
        (["a m t", "a n u", "a o v"], [("a", None, None)]),
        (["a m t", "b m t", "c m t"], [(None, "m", "t")]),
        (["a m t", "b m u", "c m v"], [(None, "m", None)]),
        (["a m t", "b n t", "c o t"], [(None, None, "t")]),
        (["a m t", "b n u", "c o v"], []),
        (["a m t"] * 3 + ["b n u"] * 3, [("a", "m", "t"), ("b", "n", "u")]),
    ],
)
def test_the_rest_of_what_the_failures_have_in_common_waits(
    cells: list[str], expected: list[tuple[str | None, ...]]
) -> None:
    assert [one[:3] for one in held(fall(*cells))] == expected


def test_errors_that_differ_in_numbers_names_and_digests_are_the_same_and_in_their_place_are_not() -> None:
    first = error_of("row 3 of 'cola' (d68b28422bd3): 0.5 at 0x7f3a", TRACE)
    assert first == error_of("row 12 of 'rte' (aaaab28422bd): 1e-3 at 0x12", TRACE)
    assert first != error_of("column 3 of 'cola' (d68b28422bd3): 0.5 at 0x7f3a", TRACE)
    assert first != error_of(
        "row 3 of 'cola' (d68b28422bd3): 0.5 at 0x7f3a", TRACE.replace("line 7", "line 8")
    )


def test_other_errors_do_not_add_up() -> None:
    assert held([*fall("a m t", "a m t"), *fall("a m t", message="another")]) == []


def test_what_has_ended_well_since_is_not_to_blame() -> None:
    failures = fall("a m t", "a m t", "a m t")
    assert held(failures, [EndedWell("a", "m", "t", 1.5)]) == []
    assert len(held(failures, [EndedWell("b", "m", "t", 1.5), EndedWell("a", "m", "u", 1.5)])) == 1
    assert len(held(failures, [EndedWell("a", "m", "t", -1.0)])) == 1, "before the first of them"


def test_it_says_what_waits_why_and_what_helps() -> None:
    (one,) = held(fall("a m t", "a m u", "a m v", message="row 3"))
    assert one.words(" --db x.db") == (
        "a on m: 3 jobs failed alike (row 3); the rest wait until "
        "`ftbench retry --methods a --models m --db x.db`"
    )
