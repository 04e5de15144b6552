"""What may be shown: text from elsewhere without what a terminal, a page or a spreadsheet would act upon."""

from __future__ import annotations

import re

#: Control characters but line ends and tabs, marks that turn the direction of writing, halves of characters.
_HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")

_FORMULAS = ("=", "+", "-", "@", "\t", "\r")


def printable_lines(value: object) -> str:
    """A text with every hidden character spelled out (backslash x1b); line ends and tabs stay."""
    text = value if isinstance(value, str) else repr(value)
    return _HIDDEN.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def printable(value: object) -> str:
    """The same in one line."""
    return printable_lines(value).replace("\n", "\\n").replace("\t", "\\t")


def csv_cell(value: object) -> object:
    """A value as a CSV file may hold it: an apostrophe stands before text that a spreadsheet would compute.

    Numbers, and texts that are numbers, stay as they are.
    """
    if not isinstance(value, str) or not value.startswith(_FORMULAS):
        return value
    try:
        float(value.split(" ", 1)[0])  # values of several seeds stand in one cell
    except ValueError:
        return f"'{value}"
    return value
