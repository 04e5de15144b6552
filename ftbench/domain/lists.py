r"""Lists as they are typed: a sign divides them, and a backslash takes a sign for what it is.

A comma in a path is typed ``\,``, a bracket in that of a method's file ``\[``; before any other character a
backslash is itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_SIGNS = r",\[\]|="
_TOKEN = re.compile(rf"\\[\\{_SIGNS}\s]|.", re.DOTALL)


def divided(text: str, sign: str = ",", *, brackets: bool = False) -> list[str]:
    """The entries of a list without the blanks around them, empty ones too; their backslashes stay.

    Args:
        text: the list.
        sign: what divides it.
        brackets: whether what stands in ``[…]`` is kept together.
    """
    entries: list[list[str]] = [[]]
    for token, depth in _tokens(text):
        if token == sign and not (brackets and depth):
            entries.append([])
        else:
            entries[-1].append(token)
    return [_stripped(tokens) for tokens in entries]


def cut(text: str, sign: str) -> tuple[str, str, str]:
    """As ``text.partition(sign)``, at the first sign that stands in no brackets; backslashes stay."""
    before = 0
    for token, depth in _tokens(text):
        if token == sign and depth == (sign == "["):
            return text[:before], sign, text[before + 1 :]
        before += len(token)
    return text, "", ""


def balanced(text: str) -> bool:
    """Whether every bracket closes, and none stands in another."""
    found = [depth for token, depth in _tokens(text) if token in ("[", "]")]
    return all(depth in (0, 1) for depth in found) and (not found or found[-1] == 0)


def unescaped(text: str) -> str:
    """An entry as it is meant: without blanks around it and backslashes that took a sign for what it is."""
    return "".join(token[-1] for token in _TOKEN.findall(_stripped(_TOKEN.findall(text))))


def escaped(text: str, signs: str = ",") -> str:
    """A name as it is typed in a list, so that ``unescaped`` gives it back.

    Args:
        text: the name.
        signs: what would divide it where it is typed, some of ``,[]|=``.
    """
    signed = re.sub(rf"[\\{re.escape(signs)}]", r"\\\g<0>", text)
    return re.sub(r"^\s|\s$", r"\\\g<0>", signed)


def _tokens(text: str) -> Iterator[tuple[str, int]]:
    """Each character, or backslash and sign; with how many brackets are open, one that opens counted."""
    depth = 0
    for token in _TOKEN.findall(text):
        depth += (token == "[") - (token == "]")
        yield token, depth


def _stripped(tokens: list[str]) -> str:
    start, end = 0, len(tokens)
    while start < end and tokens[start].isspace():
        start += 1
    while start < end and tokens[end - 1].isspace():
        end -= 1
    return "".join(tokens[start:end])
