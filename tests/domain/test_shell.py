"""Commands that are printed can be typed as they are."""

from __future__ import annotations

import subprocess

import pytest

from ftbench.domain import shell
from ftbench.errors import FtbenchError
from tests.domain.test_lists import NAMES


def read(command: str) -> list[str]:
    """The words that bash makes of a command."""
    program = f"show() {{ printf '%s\\0' \"$@\"; }}; show {command}"
    done = subprocess.run(["bash", "-c", program], capture_output=True, check=True, timeout=60)
    return done.stdout.decode("utf-8", "surrogateescape").split("\0")[:-1]


ODD = [
    *NAMES,
    "",
    "a'b\nc\\d",
    "\x1b[31m",
    "two  blanks",
    "a\u2028b",
    "a\u00a0b",
    "\udcff",
    "!x",
    "`x`",
    "-x",
]


def test_bash_reads_every_word_as_it_was() -> None:
    assert read(shell.joined(ODD)) == ODD


@pytest.mark.parametrize("word", ODD)
def test_a_command_stays_one_line_and_survives_an_error(word: str) -> None:
    command = shell.joined(["ftbench", "queue", word])
    assert str(FtbenchError(f"queue them with: {command}")) == f"queue them with: {command}"
    assert len(command.splitlines()) == 1


def test_plain_words_are_not_quoted() -> None:
    assert shell.joined(["ftbench", "queue", "--tasks", "cola,rte"]) == "ftbench queue --tasks cola,rte"
