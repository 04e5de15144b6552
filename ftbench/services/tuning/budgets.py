"""Budgets: what so many trials buy: the expected best score, and how many draws are nearly as good."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ftbench.db import Database
from ftbench.domain.perturbation import Perturbation
from ftbench.errors import NothingToReport
from ftbench.render.sheet import Field, Sheet
from ftbench.services.planning import commands
from ftbench.services.planning.declaring import declare_command
from ftbench.services.scores.jobs import reported
from ftbench.services.scores.own import own_methods, own_tasks
from ftbench.services.scores.searches import Searched, searches
from ftbench.services.scores.selection import Selection
from ftbench.services.scores.titles import called_of
from ftbench.stats.best_of import expected_best, share_near_best

NEAR = 0.01
FIELDS = (
    Field("study", "Study", shown=False),
    Field("model", "Model"),
    Field("task", "Task"),
    Field("condition", "Data"),
    Field("method", "Name", shown=False),
    Field("method_title", "Method"),
    Field("near", "Within a point", "share"),
    Field("studies", "Studies", "count"),
    Field("trials", "Trials", "count"),
    Field("expected", "Expected best", "score"),
    Field("low", "lowest", "score"),
    Field("high", "highest", "score"),
)
NOTES = (
    "Expected best: of so many trials in any order, on the held-out rows (closed form, after Dodge et al. "
    "2019); the mean over studies, and the lowest and highest of them. A failed trial counts as the worst.",
    "Within a point: the share of draws whose score is at most one point below the best draw's: of a method "
    "that is easy to tune it is large.",
)


@dataclass(frozen=True)
class Bought:
    """What trials of one method buy on one model, task and condition.

    Attributes:
        study, model, task, condition, method: where.
        best: the expected best of n = 1 … N trials, shape (studies, N).
        near: the share of draws within a point of the best.
    """

    study: str
    model: str
    task: str
    condition: str
    method: str
    best: NDArray[np.float64]
    near: float


def bought(database: Database, selection: Selection) -> list[Bought]:
    """What trials bought in the searches that have ended.

    Raises:
        UnknownName: a name that nothing carries.
        NothingToReport: none has ended; says what to do.
    """
    found = searches(database)
    selection.check([one.start for one in found])
    meant = {cell.digest for cell in selection.lets_through([one.start for one in found])}
    ended = [one for one in found if one.start.digest in meant and one.chosen is not None]
    if not ended:
        run = commands.worker_command(database.address)
        example = declare_command(database.address)
        how = f"run its trials with: {run}" if found else f"declare one with: {example}"
        raise NothingToReport(f"no study of such methods has ended; {how}")
    chances = {
        name: task.chances().get(task.metric)
        for name, task in reported(
            (one.start.task for one in ended), (), (), own_tasks(database, [one.start for one in ended])
        ).items()
    }
    grouped: dict[tuple[str, str, str, Perturbation, str], list[Searched]] = {}
    for one in ended:
        where = one.study.name, one.start.model, one.start.task, one.start.perturbation, one.method
        grouped.setdefault(where, []).append(one)
    return [
        _of(study, model, task, change, method, mine, chances[task])
        for (study, model, task, change, method), mine in grouped.items()
    ]


def _of(
    study: str,
    model: str,
    task: str,
    change: Perturbation,
    method: str,
    mine: Sequence[Searched],
    chance: float | None,
) -> Bought:
    scores = [_scores(one, chance) for one in mine]
    least = min(map(len, scores))
    best = np.stack([expected_best(one)[:least] for one in scores])
    near = float(np.mean([share_near_best(one, NEAR) for one in scores]))
    condition = ", ".join(one.spoken for one in change.changes)
    return Bought(study, model, task, condition, method, best, near)


def _scores(one: Searched, chance: float | None) -> NDArray[np.float64]:
    """The scores of the draws; one that failed has the worst of them, or chance where that is lower."""
    there = [tried.score for tried in one.tried if tried.score is not None]
    worst = min(there if chance is None else [*there, chance])
    return np.array([worst if tried.score is None else tried.score for tried in one.tried])


def budgets(database: Database, selection: Selection) -> Sheet:
    """What trials bought, a line for some numbers of them.

    Raises:
        UnknownName: a name that nothing carries.
        NothingToReport: no search has ended.
    """
    rows, found = [], bought(database, selection)
    own = own_methods(database, database.results.trials())
    called = called_of((one.method for one in found), own, selection.naming)
    for one in found:
        for n in _steps(one.best.shape[1]):
            at = one.best[:, n - 1]
            rows.append(
                {
                    "study": one.study,
                    "model": one.model,
                    "task": one.task,
                    "condition": one.condition or None,
                    "method": one.method,
                    "method_title": called[one.method],
                    "near": one.near,
                    "studies": len(at),
                    "trials": n,
                    "expected": float(at.mean()),
                    "low": float(at.min()),
                    "high": float(at.max()),
                }
            )
    return Sheet("budget", "What a budget buys", FIELDS, tuple(rows), NOTES)


def _steps(most: int) -> Iterator[int]:
    """1, 2, 4, … and the whole budget."""
    n = 1
    while n < most:
        yield n
        n *= 2
    yield most
