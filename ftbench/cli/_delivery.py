"""How a report is delivered: its format, and where its text goes."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import typer

from ftbench.cli._output import note
from ftbench.errors import BadValue, FtbenchError, UnknownName, UsageError
from ftbench.secrets import masked

PIPE_WIDTH = 120


@dataclass(frozen=True)
class Delivery:
    """What the flags say of a report's text.

    Attributes:
        format: the flag; None where it was not given.
        as_json: whether --json was given.
        output: the file; None for the terminal.
    """

    format: str | None = None
    as_json: bool = False
    output: str | None = None

    def chosen(self, *, lists: bool = False) -> str:
        """The flag, else what the file's name says, else rich; ``lists``: for lists of findings."""
        return chosen_format(self.format, self.as_json, self.output, lists=lists)

    @property
    def width(self) -> int:
        """Of the terminal, in characters; of a file ``PIPE_WIDTH``."""
        if self.output is not None:
            return PIPE_WIDTH
        return shutil.get_terminal_size((PIPE_WIDTH, 24)).columns

    @property
    def styled(self) -> bool:
        """Whether bold and underline reach a reader."""
        return self.output is None and styled()

    def deliver(self, text: str) -> None:
        """Print the report, or write it into the file."""
        deliver(text, self.output)


def deliver(text: str, output: str | None) -> None:
    """Print a report, or write it into a file."""
    if output is None:
        typer.echo(masked(text), nl=False)
        return
    try:
        Path(output).write_text(masked(text), encoding="utf-8")
    except OSError as error:
        raise FtbenchError(f"{output}: cannot be written: {error.strerror}") from error
    note(f"wrote {output}")


def chosen_format(given: str | None, as_json: bool, output: str | None, *, lists: bool = False) -> str:
    """The flag, else what the file's name says, else rich; ``lists``: for lists of findings."""
    from ftbench.render import formats

    given = None if given is None else formats.recognised(given)
    if as_json:
        if given not in (None, "json"):
            raise UsageError(f"--json and --format {given} contradict each other; give one of them")
        return "json"
    suffix = Path(output or "").suffix.lower()
    if given is None and not suffix:
        return "rich"
    if given is None:
        named = formats.suffixes(lists=lists)
        if suffix not in named:
            told = ", ".join(sorted(named))
            raise BadValue(f"--output {output}: name a file that ends in {told}, or give --format")
        return named[suffix]
    if given not in formats.names(lists=lists):
        raise UnknownName("format", given, formats.names(lists=lists))
    return given


def styled() -> bool:
    """Whether bold and underline reach a reader: a terminal that has not been told otherwise."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return sys.stdout.isatty() and not plain
