"""Commands that are printed can be typed as they are."""

from __future__ import annotations

import pytest

from ftbench.domain import shell
from ftbench.errors import FtbenchError
from tests.hostile import NAMES, typed

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
    assert typed(shell.joined(ODD)) == ODD


@pytest.mark.parametrize("word", ODD)
def test_a_command_stays_one_line_and_survives_an_error(word: str) -> None:
    command = shell.joined(["ftbench", "queue", word])
    assert str(FtbenchError(f"queue them with: {command}")) == f"queue them with: {command}"
    assert len(command.splitlines()) == 1


def test_plain_words_are_not_quoted() -> None:
    assert shell.joined(["ftbench", "queue", "--tasks", "cola,rte"]) == "ftbench queue --tasks cola,rte"
