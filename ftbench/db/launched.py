"""What the rows of ``launches`` and ``allocations`` say, as far as they can be believed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from ftbench.db.checked import Unreadable, check_column
from ftbench.domain.launch import Allocation, Launch, LaunchState, Standing

_ID = re.compile(r"[0-9a-f]{8}")
_WRONG = (ValueError, TypeError, RecursionError, Unreadable)
_Row = Mapping[Any, Any]


class Launched(NamedTuple):
    """A launch with its allocations, in the order of their numbers."""

    launch: Launch
    allocations: tuple[Allocation, ...]


def launched(
    launches: Iterable[_Row], allocations: Iterable[_Row], aside: Callable[[object, str], None]
) -> list[Launched]:
    """The launches of rows, in their order.

    Args:
        launches: rows of the table.
        allocations: likewise, in the order of their numbers.
        aside: hears of each row that is left out, and why.
    """
    of: dict[str, list[Allocation]] = {}
    for row in allocations:
        try:
            of.setdefault(row["launch"], []).append(_allocation(row))
        except _WRONG as error:
            aside(f"the allocation {row['launch']!r:.40}", _told(error))
    found = []
    for row in launches:
        try:
            found.append(Launched(_launch(row), tuple(of.get(row["id"], ()))))
        except _WRONG as error:
            aside(f"the launch {row['id']!r:.40}", _told(error))
    return found


def _launch(row: _Row) -> Launch:
    """The launch of a row; raises one of ``_WRONG`` where it holds none."""
    barred = json.loads(row["barred"])
    if not isinstance(barred, list):
        raise Unreadable("its barred nodes are no list")
    if not _ID.fullmatch(str(row["id"])):  # it names a folder
        raise Unreadable("its id is not eight hexadecimal digits")
    check_column("name", (row["id"], row["engine"], *barred))
    check_column("number", (row["workers"], row["backlog"]))
    check_column("created", (row["asked"],))
    return Launch(
        row["id"],
        row["engine"],
        row["workers"],
        max(1, row["backlog"]),
        LaunchState(row["state"]),
        str(row["reason"]),
        tuple(barred),
        row["asked"],
    )


def _allocation(row: _Row) -> Allocation:
    check_column("name", (row["launch"], row["engine_id"]))
    check_column("name", [name for name in (row["node"], row["worker"]) if name is not None])
    check_column("number", [row[name] for name in ("number", "restarts", "early", "failures")])
    check_column("created", (row["asked"],))
    check_column("started", (row["started"],))
    check_column("ended", (row["ended"],))
    return Allocation(**{**row, "state": Standing(row["state"]), "reason": str(row["reason"])})


def _told(error: Exception) -> str:
    return str(error) if isinstance(error, Unreadable) else f"{error!r:.80}"
