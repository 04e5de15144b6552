"""CPU threads: how many the jobs of a database train with, and whether the cores suffice for several jobs."""

from __future__ import annotations

from ftbench.db import Database
from ftbench.errors import BadValue, DatabaseError
from ftbench.printable import printable
from ftbench.services.worker import machine

_MOST = 4096


def fixed_threads(database: Database, given: int | None, slots: int | None = 1) -> int:
    """The number of threads that a database's jobs train with: fixed by its first worker.

    One thread and two give scores that differ in their last bits.

    Args:
        database: open for writing.
        given: the number asked for.
        slots: the first worker's, which share the cores; None leaves room for as many as possible.

    Raises:
        BadValue: another number was given.
        DatabaseError: what the database says is no number of threads.
    """
    if given is not None and given < 1:
        raise BadValue(f"--threads {given}: give 1 or more")
    usual = machine.default_threads(slots or machine.cores())
    stored = database.setting("threads", str(given or usual))
    if not (stored.isascii() and stored.isdecimal() and 1 <= int(stored[:6]) <= _MOST):
        raise DatabaseError(
            f"the jobs of {database.address} are to train with '{printable(stored):.20}' threads, which is "
            f"no number from 1 to {_MOST}: see its table 'settings'"
        )
    fixed = int(stored)
    if given is not None and given != fixed:
        raise BadValue(
            f"--threads {given}: the jobs of this database train with {fixed}, as with its first worker, so "
            "that scores agree to the last bit; leave --threads out, or use another database"
        )
    return fixed


def most_slots(device: str, threads: int) -> int:
    """As many jobs at once as there are cores for; on a GPU, one core drives a training process."""
    return max(1, machine.cores() // (threads if device == "cpu" else 1))


def too_many(device: str, threads: int, slots: int) -> str | None:
    """What to say of more threads than cores; None where they suffice."""
    if device != "cpu" or slots * threads <= machine.cores():
        return None
    return (
        f"{slots} x {threads} threads, and {machine.cores()} cores: the jobs will hinder each other "
        "(the first worker of a database chooses --threads)"
    )
