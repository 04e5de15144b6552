"""CoNLL files: a token and its tag in a line, the tag last, and a blank line between two sentences."""

from __future__ import annotations

from pathlib import Path

from ftbench.errors import OwnDataError
from ftbench.tasks.own.table import Table, short, shown_path, text_lines

TOKENS, TAGS = "tokens", "tags"
_NO_SENTENCE = ("-DOCSTART-", "# ")


def read_conll(path: Path) -> Table:
    """The sentences of a file; a row stands in the line where it begins.

    Raises:
        OwnDataError: it cannot be read, or a line has no tag.
    """
    name = shown_path(path)
    tokens: list[list[str]] = []
    tags: list[list[str]] = []
    places: list[tuple[str, str]] = []
    inside = False
    for number, line in enumerate(text_lines(path), 1):
        if not line.strip() or line.startswith(_NO_SENTENCE):
            inside = False
            continue
        cells = line.split("\t") if "\t" in line else line.split()
        cells = [cell.strip() for cell in cells]
        if len(cells) < 2 or not cells[0] or not cells[-1]:
            told = f"'{short(line.strip())}' has no tag: write token and tag, a tab or a space between them"
            raise OwnDataError(f"{name}, line {number}: {told}")
        if not inside:
            inside = True
            tokens.append([])
            tags.append([])
            places.append((name, f"line {number}"))
        tokens[-1].append(cells[0])
        tags[-1].append(cells[-1])
    if not tokens:
        raise OwnDataError(f"{name}: has no sentences")
    return Table({TOKENS: tokens, TAGS: tags}, places)
