"""Commands that queue a whole database again, as few as can be: lists in the place of many commands."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence

from ftbench.domain import shell
from ftbench.services.planning.commands import seeds_text

_Words = tuple[tuple[str, str], ...]

#: The axes that ``queue`` crosses, in the order in which commands are brought together by them.
_LISTS = ("--seeds", "--tasks", "--methods", "--models", "--noise", "--reduction", "--train-size")
_ALONE = "--vary"  # its seeds are a list of another kind


def fewer_commands(commands: Iterable[str]) -> list[str]:
    """Commands of ``ftbench queue`` that queue the same jobs as those that are given, each job once.

    Commands that differ in one list alone become one, axis by axis: a grid that is whole becomes a command.
    """
    found = list(dict.fromkeys(map(_pairs, commands)))
    for axis in _LISTS:
        found = _together(found, axis)
    return [shell.joined(["ftbench", "queue", *_typed(words)]) for words in found]


def _pairs(command: str) -> _Words:
    """The flags of a command with their values; "" behind one that has none."""
    pairs: list[tuple[str, str]] = []
    for word in shlex.split(command)[2:]:
        if word.startswith("--"):
            flag, _, value = word.partition("=")
            pairs.append((flag, value))
        else:
            pairs[-1] = (pairs[-1][0], word)
    return tuple(pairs)


def _together(commands: Sequence[_Words], axis: str) -> list[_Words]:
    groups: dict[object, list[_Words]] = {}
    for at, words in enumerate(commands):
        flags = [flag for flag, _ in words]
        whole = flags.count(axis) == 1 and _ALONE not in flags
        rest = tuple((flag, "" if flag == axis else value) for flag, value in words) if whole else at
        groups.setdefault(rest, []).append(words)
    return [_joined(group, axis) if len(group) > 1 else group[0] for group in groups.values()]


def _joined(group: Sequence[_Words], axis: str) -> _Words:
    values = dict.fromkeys(value for words in group for flag, value in words if flag == axis)
    text = _seeds(values) if axis == "--seeds" else ",".join(values)
    return tuple((flag, text if flag == axis else value) for flag, value in group[0])


def _seeds(values: Iterable[str]) -> str:
    seeds: set[int] = set()
    for text in values:
        seeds |= set(map(int, filter(None, text.split(",")))) if "," in text else set(range(int(text)))
    return seeds_text(sorted(seeds))


def _typed(words: _Words) -> list[str]:
    found: list[str] = []
    for flag, value in words:
        found += [f"{flag}={value}"] if value.startswith("-") else [flag, *([value] if value else [])]
    return found
