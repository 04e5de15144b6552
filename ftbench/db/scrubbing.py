"""Scrubbing: taking out of a copy what a database tells of machines, their users and their secrets.

What is evidence stays as it is: jobs, scores, logits, curves, claims, and the chain over them. Workers get
numbers for names, and what runs is queued, for nobody runs it in the copy.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

from ftbench.errors import DatabaseError

Clean = Callable[[str], str]

#: Table -> its key, and its columns of plain text and of JSON in which anything may stand.
_COLUMNS: dict[str, tuple[Sequence[str], Sequence[str], Sequence[str]]] = {
    "attempts": (("digest", "number"), ("message", "traceback"), ()),
    "provenance": (("digest", "number"), (), ("facts",)),
    "jobs": (("digest",), (), ("places",)),
    "claims": (("text",), (), ("places",)),
    "studies": (("name",), (), ("declaration",)),
}
#: What a cluster gave, which is of no use elsewhere.
_GIVEN = ("allocations", "launches")
#: What no copy needs: leases, tries that are open, the database's name for itself.
_SETTLE = (
    "DELETE FROM provenance WHERE EXISTS (SELECT 1 FROM attempts WHERE outcome IS NULL "
    "AND attempts.digest = provenance.digest AND attempts.number = provenance.number)",
    "DELETE FROM attempts WHERE outcome IS NULL",
    "UPDATE jobs SET state = 'queued', attempts = max(attempts - 1, 0) WHERE state = 'running'",
    "UPDATE jobs SET owner = NULL, token = NULL, expires = NULL",
    "DELETE FROM settings WHERE name = 'id'",
)


def scrub(path: Path, clean: Clean) -> None:
    """Rewrite a copy of a database; nothing of what was there stays in the file.

    Args:
        path: a SQLite file of this version that nobody else has open.
        clean: what makes a text fit to be seen by anybody.

    Raises:
        DatabaseError: it cannot be rewritten.
    """
    try:
        with closing(sqlite3.connect(path)) as copy:
            copy.text_factory = lambda raw: raw.decode("utf-8", "replace")
            with copy:
                _drop_strangers(copy)
                for table in _there(copy, _GIVEN):
                    copy.execute(f"DELETE FROM {table}")
                for statement in _SETTLE:
                    copy.execute(statement)
                called = _rename_workers(copy)
                once = cache(lambda text: clean(called(text)))  # versions and digests stand in many rows
                for table in _there(copy, _COLUMNS):
                    _rewrite(copy, table, once)
            copy.execute("VACUUM")  # pages that are free still hold what they held
    except sqlite3.Error as error:
        raise DatabaseError(
            f"the copy of the database cannot be cleaned ({str(error):.200}): `ftbench db check` may say more"
        ) from error


def _there(copy: sqlite3.Connection, tables: Iterable[str]) -> list[str]:
    """Those of some tables that a copy has; what lacks any is told by a check."""
    found = {name for (name,) in copy.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    return [table for table in tables if table in found]


def _drop_strangers(copy: sqlite3.Connection) -> None:
    """Views and triggers are not ours, and would act while rows are rewritten."""
    query = "SELECT type, name FROM sqlite_master WHERE type IN ('view', 'trigger')"
    for kind, name in copy.execute(query).fetchall():
        quoted = str(name).replace('"', '""')
        copy.execute(f'DROP {kind} "{quoted}"')


def _rename_workers(copy: sqlite3.Connection) -> Clean:
    """Number the workers, in the order of their first tries; what puts their numbers into other texts."""
    query = "SELECT worker FROM attempts GROUP BY worker ORDER BY min(rowid)"
    names = [name for (name,) in copy.execute(query)]
    numbers = {name: f"worker-{at}" for at, name in enumerate(names, start=1) if isinstance(name, str)}
    renamed = [(new, old) for old, new in numbers.items()]
    copy.executemany("UPDATE attempts SET worker = ? WHERE worker = ?", renamed)
    long = sorted((re.escape(name) for name in numbers if len(name) > 3), key=len, reverse=True)
    if not long:
        return lambda text: text
    pattern = re.compile(rf"(?<![\w-])(?:{'|'.join(long)})(?![\w-])")
    return lambda text: pattern.sub(lambda found: numbers[found[0]], text)


def _rewrite(copy: sqlite3.Connection, table: str, clean: Clean) -> None:
    keys, texts, documents = _COLUMNS[table]
    columns = (*texts, *documents)
    known: dict[str, str] = {}  # a grid has few recipes and machines, and many rows
    changed = []
    for row in copy.execute(f"SELECT {', '.join((*keys, *columns))} FROM {table}"):
        key, values = row[: len(keys)], row[len(keys) :]
        new = [
            _cleaned(value, clean, known, json_text=name in documents)
            for name, value in zip(columns, values, strict=True)
        ]
        if new != list(values):
            changed.append((*new, *key))
    sets, where = (
        joint.join(f"{name} = ?" for name in names) for names, joint in ((columns, ", "), (keys, " AND "))
    )
    copy.executemany(f"UPDATE {table} SET {sets} WHERE {where}", changed)


def _cleaned(value: object, clean: Clean, known: dict[str, str], *, json_text: bool) -> object:
    """A column's value; what is no text stays, to be found by a check."""
    if not isinstance(value, str) or not value:
        return value
    if value not in known:
        known[value] = _document(value, clean) if json_text else clean(value)
    return known[value]


def _document(text: str, clean: Clean) -> str:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return clean(text)
    return json.dumps(_walked(found, clean), sort_keys=True, separators=(",", ":"))


def _walked(value: Any, clean: Clean) -> Any:
    """A JSON value with its texts cleaned, its keys among them: files are keys, too."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {clean(key): _walked(one, clean) for key, one in value.items()}
    return [_walked(one, clean) for one in value] if isinstance(value, list) else value
