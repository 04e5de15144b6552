"""Every method against the baseline: the comparisons that a page of results shows unasked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ftbench.db import Database
from ftbench.render.sheet import Sheet
from ftbench.services.claims import tested
from ftbench.services.comparing import across
from ftbench.services.comparing.by_task import by_task
from ftbench.services.comparing.request import CompareRequest, compared_runs
from ftbench.services.scores.compared import Compared
from ftbench.services.scores.jobs import baseline_of


def against_baseline(database: Database, request: CompareRequest, baseline: str) -> list[Sheet]:
    """Each method minus the baseline, by task and across tasks; corrections are over these pairs alone.

    Args:
        database: whose runs.
        request: which of them; of methods that it names, and without names of all settings of all.
        baseline: the label or the name of what they are compared with.

    Raises:
        UnknownName: a model or task that nothing carries.
        FtbenchError: there is nothing to compare.
    """
    declared, sheets = tested.tested(database, data_dir=request.data_dir), list[Sheet]()
    for whole in compared_runs(database, request):
        compared = _with(whole, baseline)
        if not compared.pairs:
            continue
        condition = request.condition.perturbation.condition
        lines: Iterable[str] = tested.lines_for_comparison(declared, compared, condition, request.measured_by)
        sheets.append(by_task(compared, request, lines))
        sheets += across.sheets(compared, request)
    return sheets


def _with(compared: Compared, baseline: str) -> Compared:
    """The pairs with the baseline, which stands on the right."""
    base = baseline_of(baseline, compared.labels, compared.block.compared)
    others = [key for key in compared.block.compared if key != base]
    return replace(compared, pairs=tuple((key, base) for key in others) if base is not None else ())
