"""What methods say of their own scores: R3F, for one, has no noise term in regression."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache

from ftbench.render.table import Column, Group
from ftbench.services.scores.jobs import MethodKey
from ftbench.services.scores.own import OwnMethods, Remarks


def remarks(keys: Iterable[MethodKey], names: Sequence[str], own: OwnMethods) -> Remarks:
    """What the methods say of their scores on some tasks.

    A method or task that is not installed here, or hyper-parameters that it no longer takes, say nothing.

    Args:
        keys: the methods, with their hyper-parameters.
        names: the tasks.
        own: the methods that are not installed, with what they said when they were queued.
    """
    from ftbench import methods, tasks
    from ftbench.domain import hparams
    from ftbench.errors import FtbenchError

    find = cache(methods.of_row)
    found = dict(own.notes)
    for key in dict.fromkeys(keys):
        for name in names:
            try:
                cls = find(key.method)
                method = cls(hparams.parse(cls.HParams, key.values(), owner=key.method))
                text = method.note_for(own.tasks.get(name) or tasks.find(name))
            except FtbenchError:
                continue
            if text:
                found[key, name] = " ".join(text.split())
    return found


def remark_lines(columns: Sequence[Column], groups: Sequence[Group]) -> Iterator[str]:
    """A line for each thing that is said of scores in a table, with the starred cells that it is about."""
    said: dict[str, dict[str, list[str]]] = {}
    for group in groups:
        for row in group.rows:
            for column, cell in zip(columns, row.cells, strict=True):
                if cell.remark and cell.mean is not None:
                    titles = said.setdefault(cell.remark, {}).setdefault(row.shown, [])
                    titles += [column.title] * (column.title not in titles)
    for text, cells in said.items():
        where = "; ".join(f"{label} on {', '.join(titles)}" for label, titles in cells.items())
        yield f"* {where}: {text}."
