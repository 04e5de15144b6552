"""The database: whether it is there, can be read and written, and what waits in it."""

from __future__ import annotations

import os
from collections.abc import Iterator

from ftbench import settings
from ftbench.db import open_database
from ftbench.domain import shell
from ftbench.domain.result import State
from ftbench.errors import DatabaseMissing, FtbenchError
from ftbench.secrets import masked
from ftbench.services.doctor.findings import NOTE, OK, WRONG, Finding, homely

AREA = "database"


def of_database(address: str) -> Iterator[Finding]:
    """What stands at the address; a server is asked once."""
    shown = masked(address) if "://" in address else homely(address)
    flag = "" if address == settings.DEFAULT_DATABASE else f" --db {shell.quoted(masked(address))}"
    try:
        with open_database(address, write=False) as database:
            counts = database.jobs.counts()
    except DatabaseMissing:
        yield Finding(AREA, shown, NOTE, "there is none; `ftbench queue` makes it")
        return
    except FtbenchError as error:
        yield Finding(AREA, shown, WRONG, str(error))
        return
    told = ", ".join(f"{n} {state.value}" for state, n in counts.items() if n) or "no job"
    yield Finding(AREA, shown, OK, told)
    path = settings.sqlite_path(address)
    if path is not None:
        size = sum(one.stat().st_size for one in (path, path.with_name(path.name + "-wal")) if one.exists())
        may = os.access(path, os.W_OK) and os.access(path.absolute().parent, os.W_OK)
        words = f"{size / 2**20:,.1f} MiB" + ("" if may else ", read-only: reports work, workers do not")
        yield Finding(AREA, "file", OK if may else NOTE, words)
    if counts[State.FAILED]:
        advice = f"`ftbench status{flag}` says why, `ftbench retry --state failed{flag}` queues them again"
        yield Finding(AREA, "failed jobs", NOTE, str(counts[State.FAILED]), advice)
    if counts[State.QUEUED] and not counts[State.RUNNING]:
        yield Finding(
            AREA, "waiting jobs", NOTE, str(counts[State.QUEUED]), f"`ftbench worker{flag}` runs them"
        )
