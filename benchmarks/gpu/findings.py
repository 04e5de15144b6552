"""Findings: what the parts tell, and the two files that hold it at any moment."""

from __future__ import annotations

import json
import math
import os
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

Value = float | int | bool | str | None


@dataclass(frozen=True)
class Finding:
    """A line of a table.

    Attributes:
        table: its title.
        name: what the line is about.
        values: by column.
        error: the traceback of what was raised in its place; "" where nothing was.
    """

    table: str
    name: str
    values: Mapping[str, Value] = field(default_factory=dict)
    error: str = ""


@dataclass
class Told:
    """What is known of a part.

    Attributes:
        ended: ``""`` while it runs; ``done``, ``cut`` where its time was over, or ``failed``.
        seconds: that it took.
        findings: in their order.
        error: what ended it before its time.
    """

    ended: str = ""
    seconds: float = 0.0
    findings: list[Finding] = field(default_factory=list)
    error: str = ""


def found(table: str, name: str, work: Callable[[], Mapping[str, Value]]) -> Finding:
    """The finding that some work gives; what it raises is one, too, and what a package lacks is told."""
    try:
        return Finding(table, name, {column: _plain(value) for column, value in work().items()})
    except ModuleNotFoundError as error:
        return Finding(table, name, {"not run": f"there is no {error.name} here"})
    except Exception as error:
        last = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        return Finding(table, name, {"raised": last}, traceback.format_exc())


def _plain(value: Value) -> Value:
    """As JSON has it: numbers that are not finite are words."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


class Tables:
    """The findings of all parts, by table and name, as rules read them."""

    def __init__(self, parts: Mapping[str, Told]) -> None:
        """Take what is known."""
        self._tables: dict[str, dict[str, Mapping[str, Value]]] = {}
        for told in parts.values():
            for one in told.findings:
                self._tables.setdefault(one.table, {})[one.name] = one.values

    def table(self, title: str) -> Mapping[str, Mapping[str, Value]]:
        """The lines of a table; none where it was not reached."""
        return self._tables.get(title, {})

    def number(self, title: str, name: str, column: str) -> float | None:
        """A number; None where it was not measured."""
        value = self.table(title).get(name, {}).get(column)
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None

    def numbers(self, title: str, column: str) -> dict[str, float]:
        """A column's numbers by name."""
        known = {name: self.number(title, name, column) for name in self.table(title)}
        return {name: value for name, value in known.items() if value is not None}


@dataclass(frozen=True)
class Decision:
    """What numbers decide.

    Attributes:
        question: what was open.
        answer: what follows; "" where the numbers are not there.
        because: the numbers.
    """

    question: str
    answer: str
    because: str


class Notebook:
    """All that is known, in two files that are whole at any moment.

    Attributes:
        parts: by name, in their order.
        about: where and how this was run.
    """

    def __init__(self, folder: Path, about: Mapping[str, Value]) -> None:
        """Begin empty."""
        self._folder, self.about = folder, dict(about)
        self.parts: dict[str, Told] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def write(self, decisions: list[Decision]) -> None:
        """Write both files."""
        document: dict[str, Any] = {
            "about": self.about,
            "decisions": [asdict(one) for one in decisions],
            "parts": {name: asdict(told) for name, told in self.parts.items()},
        }
        self._replace("gpu.json", json.dumps(document, indent=1) + "\n")
        self._replace("gpu.md", self.page(decisions))

    def page(self, decisions: list[Decision]) -> str:
        """The page in Markdown: decisions first, then every part's tables."""
        lines = ["# The first minutes on a GPU", "", ", ".join(f"{k} {v}" for k, v in self.about.items())]
        lines += ["", "## What follows", ""]
        lines += [f"- {d.question} **{d.answer or 'not decided'}** ({d.because})" for d in decisions]
        for name, told in self.parts.items():
            lines += ["", f"## {name}", "", f"{told.ended or 'running'}, {told.seconds:.0f} s"]
            lines += ["", "```text", told.error.strip(), "```"] if told.error else []
            lines += _tables(told.findings)
        return "\n".join(lines) + "\n"

    def _replace(self, name: str, text: str) -> None:
        part = self._folder / f"{name}.part"
        part.write_text(text, encoding="utf-8")
        os.replace(part, self._folder / name)


def _tables(findings: list[Finding]) -> Iterator[str]:
    for title in dict.fromkeys(one.table for one in findings):
        mine = [one for one in findings if one.table == title]
        columns = list(dict.fromkeys(column for one in mine for column in one.values))
        yield from ("", f"### {title}", "")
        yield "| " + " | ".join(["", *columns]) + " |"
        yield "| " + " | ".join(["---", *("---:" for _ in columns)]) + " |"
        for one in mine:
            yield "| " + " | ".join([one.name, *(shown(one.values.get(c)) for c in columns)]) + " |"
        for one in mine:
            if one.error:
                yield from ("", f"{one.name}:", "", "```text", one.error.strip(), "```")


def shown(value: Value) -> str:
    """A value as tables show it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "NO"
    return f"{value:.4g}" if isinstance(value, float) else str(value).replace("|", "/")


def told_apart() -> IO[str]:
    """A way out for what is told: what libraries print goes to standard error from here on."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return out
