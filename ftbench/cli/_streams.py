"""Standard input, output and error of a command, which may be closed, full, or read by nobody any more."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from ftbench.errors import FtbenchError


class Unwritten(FtbenchError, OSError):
    """Standard output cannot be written."""


class Unread(Unwritten):
    """Whoever read standard output has left."""


class _Output(io.TextIOWrapper):
    """Standard output, which says of an error that it is its own."""

    def write(self, text: str, /) -> int:
        """Write a text."""
        with _told():
            return super().write(text)

    def flush(self) -> None:
        """Hand on what was written."""
        with _told():
            super().flush()


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise Unread from None  # a plain one would be taken for a failure by the parser of the command line
    except OSError as error:
        raise Unwritten(f"standard output cannot be written: {error.strerror or error}") from None


def opened() -> None:
    """Give the process all three streams, and make standard output tell its own errors.

    A closed descriptor would be given to the next file that is opened, such as a database, and whatever
    prints would write into it. What stands in for standard output refuses to be written; for standard error
    there is nobody to be told, so that it takes everything.
    """
    for number, mode in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, mode)  # takes the lowest number that is free: this one
    # A terminal without '×' is no reason to fail, hence "replace".
    known = sys.stdout.encoding if sys.stdout is not None else "utf-8"
    sys.stdout = _Output(open(1, "wb", closefd=False), known, "replace", line_buffering=os.isatty(1))
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)
    if isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr.reconfigure(errors="replace")


def silenced() -> None:
    """Write nothing more to standard output, not even what waits to be written at the exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)


@contextmanager
def after_work() -> Iterator[None]:
    """Around what tells of work that is done, which stays done whether or not anybody reads of it."""
    try:
        yield
        sys.stdout.flush()
    except Unread:
        silenced()
    except Unwritten as error:
        silenced()
        complain(f"ftbench: {error}; what was asked for is done")


def complain(text: str) -> None:
    """A line on standard error, which may be full or gone as well."""
    try:
        print(text, file=sys.stderr, flush=True)
    except (OSError, ValueError):
        pass
