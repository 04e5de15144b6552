"""The parts of the live pages: what is seen of the queue and of a job, as fragments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from urllib.parse import urlencode

from ftbench.domain.job import SHORT_DIGEST
from ftbench.domain.moment import moment
from ftbench.domain.result import State
from ftbench.services.board.grid import condition_words
from ftbench.services.board.overview import BoardView, RunningJob
from ftbench.web.fragments import Fragment, Fragments, filled_part

#: The parts of the first page, in their order.
QUEUE = ("counts", "running", "workers", "failures", "grid")
SHOWN_FAILED = 50
"""Failures of a class that are listed at once."""


@dataclass(frozen=True)
class Shortened:
    """The time of an end, told so coarsely that it does not change at every look."""

    seconds: float | None
    grain: int

    @property
    def moment(self) -> float | None:
        """Seconds since 1970."""
        return None if self.seconds is None else self.grain * round(self.seconds / self.grain)


def trouble_part(fragments: Fragments, trouble: str) -> Fragment:
    """Why nothing new is seen; empty where all is well."""
    return fragments.get("trouble", trouble, lambda: filled_part("trouble.html.j2", {"trouble": trouble}))


def queue_parts(fragments: Fragments, view: BoardView | None) -> dict[str, Fragment]:
    """The parts of the first page by their names; none where the database was never seen."""
    if view is None:
        return {}
    running = tuple(_steady(one) for one in view.running)
    ends = Shortened(view.ends, 60).moment
    shown: dict[str, dict[str, Any]] = {
        "counts": {"counts": dict(view.counts), "held": view.held, "ends": ends},
        "running": {"running": running},
        "workers": {"workers": view.workers, "launches": view.launches},
        "failures": {"failures": view.failures},
        "grid": {"maps": view.maps},
    }
    return {name: fragments.get(name, values, partial(_made, name, values)) for name, values in shown.items()}


def _made(name: str, values: Mapping[str, Any]) -> str:
    return filled_part(f"{name}.html.j2", {**values, **WORDS})


def _steady(one: RunningJob) -> RunningJob:
    return replace(one, ends=Shortened(one.ends, 5).moment)


def jobs_address(**filters: str | int) -> str:
    """The address of a list of jobs: those of a state, a method's label, a task."""
    given = {name: value for name, value in filters.items() if value not in ("", 0)}
    return f"/jobs?{urlencode(given)}" if given else "/jobs"


def short_digest(digest: str) -> str:
    """A digest as it is shown."""
    return digest[:SHORT_DIGEST]


def tags_of(parts: Mapping[str, Fragment]) -> dict[str, str]:
    """Part -> the tag of its content."""
    return {name: part.tag for name, part in parts.items()}


#: What templates know besides what they show.
WORDS: Mapping[str, Any] = {
    "condition_words": condition_words,
    "jobs_address": jobs_address,
    "short": short_digest,
    "states": tuple(map(str, State)),
    "moment": moment,
    "SHOWN_FAILED": SHOWN_FAILED,
}
