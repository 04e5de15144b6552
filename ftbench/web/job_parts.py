"""The parts of a job's page, read from the database and from the work folder where something has changed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ftbench.db import Database
from ftbench.domain.result import State
from ftbench.printable import printable, printable_lines
from ftbench.services import jobs as service
from ftbench.services.board.overview import BoardReader, BoardView, RunningJob
from ftbench.services.worker.joblog import last_lines
from ftbench.services.worker.workdir import WorkDir
from ftbench.web.curves import LINES, curve_panels
from ftbench.web.fragments import Fragment, Fragments, filled_part
from ftbench.web.parts import WORDS, Shortened

#: The parts in their order.
JOB = ("state", "actions", "curves", "attempts", "log", "about")
LOG_LINES = 200
_LONGEST = 2000  # characters of a fact
_WATCHED = 64  # jobs of which is kept what was read last
#: What may be done to a job in a state.
ACTIONS: Mapping[str, tuple[str, ...]] = {
    State.QUEUED: ("cancel", "priority"),
    State.RUNNING: ("cancel",),
    State.FAILED: ("retry",),
    State.CANCELLED: ("retry",),
}


@dataclass
class _Kept:
    """What was read of a job, and in which state of it."""

    stamp: object = None
    read: dict[str, Any] = field(default_factory=dict)
    log: tuple[object, list[str] | None] = (None, None)
    fragments: Fragments = field(default_factory=Fragments)


class JobParts:
    """Makes the parts of jobs' pages; by the one thread that reads the database."""

    def __init__(self) -> None:
        """Nothing is read yet."""
        self._kept: dict[str, _Kept] = {}

    def get(self, reader: BoardReader, view: BoardView | None, digest: str) -> dict[str, Fragment]:
        """The parts of a job by their names.

        Args:
            reader: of the database.
            view: the queue as it was seen last.
            digest: the whole digest.

        Raises:
            UnknownName: there is no such job.
            DatabaseError: it cannot be read.
        """
        kept = self._kept.pop(digest, None) or _Kept()
        stamp = reader.database.board.stamps([digest]).get(digest)
        if stamp != kept.stamp or not kept.read:
            kept.read, kept.stamp = _read(reader.database, digest), stamp
        self._kept[digest] = kept
        while len(self._kept) > _WATCHED:
            del self._kept[next(iter(self._kept))]
        running = next((one for one in view.running if one.row.digest == digest), None) if view else None
        self._look_at_log(kept, reader.database.address, digest)
        shown = _shown(kept, running, reader, digest)
        return {
            name: kept.fragments.get(name, shown[name], partial(_made, name, shown[name])) for name in JOB
        }

    def _look_at_log(self, kept: _Kept, address: str, digest: str) -> None:
        path = WorkDir(address).log(digest)
        state: object = None
        with suppress(OSError):
            status = path.stat()
            state = status.st_size, status.st_mtime_ns
        if state != kept.log[0] or state is None:
            lines = None if state is None else [printable_lines(line) for line in last_lines(path, LOG_LINES)]
            kept.log = state, lines


def _made(name: str, values: Mapping[str, Any]) -> str:
    return filled_part(f"job_{name}.html.j2", {**values, **WORDS})


def _read(database: Database, digest: str) -> dict[str, Any]:
    """What the database has of a job."""
    found = service.show(database, digest)
    attempts = service.logs(database, digest, 0)["attempts"]
    curves = database.results.curves(digest) if found["state"] == State.DONE else []
    return {**found, "attempts": attempts, "curves": curves}


def _shown(
    kept: _Kept, running: RunningJob | None, reader: BoardReader, digest: str
) -> dict[str, dict[str, Any]]:
    """What the parts show."""
    read, row = kept.read, running.row if running else None
    live = running.live if running else None
    points = live.points if live else tuple(read["curves"])
    return {
        "state": {
            "state": read["state"],
            "live": live,
            "ends": Shortened(running.ends, 5).moment if running else None,
            "owner": printable(read["worker"]) if read["worker"] else "",
            "expires": row.expires if row else None,
            "scores": read["scores"],
        },
        "actions": {
            "digest": digest,
            "priority": read["priority"],
            "actions": ACTIONS.get(read["state"], ()),
        },
        "curves": {
            "panels": curve_panels(points, live.total if live else 0),
            "elsewhere": read["state"] == State.RUNNING,
            "LINES": LINES,
        },
        "attempts": {"attempts": read["attempts"]},
        "log": {"lines": kept.log[1]},
        "about": {
            "facts": list(_facts(read)),
            "provenance": [(name, _told(value)) for name, value in sorted(read["provenance"].items())],
            "command": read["command"],
        },
    }


def _facts(read: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """A job's settings, a line each; what is not set is left out."""
    spec = read["spec"]
    model, task, method = spec["model"], spec["task"], spec["method"]
    yield "digest", read["job"]
    yield "queued", str(read["created"])
    yield "model", f"{model['id']} ({model['revision']})"
    yield "task", f"{task['name']} ({task['revision']}), evaluated on {', '.join(task['evaluation'])}"
    yield "method", f"{read['label']} {_pairs(method['hparams'])}".strip()
    yield "seed", str(spec["seed"])
    for name in ("perturbation", "streams", "recipe"):
        if spec.get(name):
            yield name, _pairs(spec[name])
    for score in read["past_scores"]:
        yield (
            f"before: {score['evaluation']} {score['metric']}",
            f"{score['old']:.4g} (attempt {score['attempt']})",
        )


def _pairs(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={_told(value)}" for name, value in values.items() if value is not None)


def _told(value: object) -> str:
    """A value as it is read, in no more than a few lines."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return printable(text)[:_LONGEST]
