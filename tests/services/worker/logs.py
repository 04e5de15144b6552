"""Logs of workers, written and read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ftbench.services.worker import log


def read(folder: Path) -> list[str]:
    """All lines of a folder's logs, in the order of time."""
    lines = [line for path in folder.glob("*.log*") for line in path.read_text().splitlines()]
    return sorted(lines, key=lambda line: line.split()[0])


def events(folder: Path, *wanted: str) -> list[str]:
    """The lines of some events from their event on."""
    told = [line.split(" ", 3)[3] for line in read(folder)]
    return [line for line in told if line.split()[0] in wanted] if wanted else told


@contextmanager
def kept(folder: Path, name: str = "w", said: list[str] | None = None) -> Iterator[None]:
    """Write a log into a folder; ``said`` takes what is said of it."""
    with log.kept_log(folder, name, (said if said is not None else []).append):
        yield
