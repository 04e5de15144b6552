"""A lock is waited out."""

from __future__ import annotations

import pytest

from ftbench.errors import DatabaseBusy, DatabaseError
from ftbench.services.worker.insisting import LONGEST, Insisting


class Locked:
    """A write that meets a lock until a time."""

    def __init__(self, until: float, error: type[DatabaseError] = DatabaseBusy) -> None:
        self.now, self.until, self.error = 0.0, until, error
        self.tries = 0
        self.said: list[str] = []

    def __call__(self) -> str:
        self.tries += 1
        self.now += 5
        if self.now < self.until:
            raise self.error
        return "written"

    def insist(self, hurried: bool = False) -> str:
        return Insisting(self.said.append, lambda: hurried, lambda: self.now, lambda seconds: None)(self)


@pytest.mark.parametrize("seconds", [60, LONGEST - 10])
def test_a_lock_that_ends_is_waited_out_and_said_once(seconds: float) -> None:
    locked = Locked(seconds)
    assert locked.insist() == "written"
    assert locked.said == ["the database is locked by another program: waiting until it is free"]


def test_without_a_lock_nothing_is_said() -> None:
    locked = Locked(0)
    assert locked.insist() == "written" and (locked.tries, locked.said) == (1, [])


def test_a_lock_without_end_is_an_error() -> None:
    with pytest.raises(DatabaseBusy):
        Locked(float("inf")).insist()


def test_who_has_no_time_tries_once() -> None:
    locked = Locked(60)
    with pytest.raises(DatabaseBusy):
        locked.insist(hurried=True)
    assert locked.tries == 1


def test_other_errors_are_not_tried_again() -> None:
    locked = Locked(60, DatabaseError)
    with pytest.raises(DatabaseError):
        locked.insist()
    assert locked.tries == 1
