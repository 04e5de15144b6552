"""Compare: which of two methods or more is better, on each task and across tasks, as far as the runs say."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ftbench.db import Database
from ftbench.domain.axes import seed_ranges
from ftbench.render.numbers import UNDONE
from ftbench.render.sheet import Field, Sheet
from ftbench.services.comparing.request import TESTS, CompareRequest, compared_runs
from ftbench.services.comparing.verdict import verdicts
from ftbench.services.scores.compared import Compared
from ftbench.services.scores.jobs import MethodKey
from ftbench.stats import aggregate, dominance, paired
from ftbench.stats.aggregate import FloatArray
from ftbench.stats.correction import CORRECTIONS, TITLES
from ftbench.stats.findings import Interval, NoAnswer, Significance

RUN: Mapping[str, Callable[[FloatArray], Significance | NoAnswer]] = {
    "t": paired.t_test,
    "wilcoxon": paired.wilcoxon,
    "sign-flip": paired.sign_flip,
}
FIELDS = (
    Field("task", "Task"),
    Field("left", "Left", shown=False),
    Field("right", "Right", shown=False),
    Field("left_title", "Left title", shown=False),
    Field("right_title", "Right title", shown=False),
    Field("comparison", "Names", shown=False),
    Field("comparison_title", "Comparison"),
    Field("difference", "Δ", "points"),
    Field("low", "from", "points"),
    Field("high", "to", "points"),
    Field("interval", "Interval", shown=False),
    Field("n", "n", "count"),
    Field("p_t", "p (t)", "p"),
    Field("p_wilcoxon", "Wilcoxon", "p"),
    Field("p_sign_flip", "sign-flip", "p"),
    Field("smallest_p", "smallest", "p"),
    Field("p_corrected", "corrected", "p"),
    Field("mark", ""),
    Field("undone_by", "unless", "share"),
    Field("g", "g", "number"),
    Field("g_low", "g from", "number", shown=False),
    Field("g_high", "g to", "number", shown=False),
    Field("superiority", "P(better)", "share"),
    Field("order_bound", "ε", "share"),
    Field("dropped", "Dropped seeds", shown=False),
    Field("no_test", "No test", shown=False),
)


def compare(database: Database, request: CompareRequest) -> list[Sheet]:
    """The comparisons that a database can make, a sheet for each setting, then one across its tasks.

    Raises:
        UnknownName: a method, model or task that nothing carries.
        FtbenchError: there is nothing to compare.
    """
    from ftbench.services.claims import tested as claim_tests
    from ftbench.services.comparing import across, examples

    found = compared_runs(database, request)
    declared = claim_tests.tested(database, data_dir=request.data_dir)
    sheets = []
    for compared in found:
        lines: Iterable[str] = claim_tests.lines_for_comparison(
            declared, compared, request.condition.perturbation.condition, request.measured_by
        )
        sheets.append(by_task(compared, request, lines))
        sheets += across.sheets(compared, request)
    if request.examples:
        folders = request.selection.folders()
        sheets += examples.sheets(database, found, request.correction, request.data_dir, folders)
    return sheets


def by_task(compared: Compared, request: CompareRequest, lines: Iterable[str] = ()) -> Sheet:
    """Each pair on each task over seeds; and over the seeds' averages, where there are several tasks.

    Args:
        compared: the runs.
        request: which test, and how it is corrected.
        lines: what else is to be said of them.
    """
    columns = len(compared.block.tasks) + (len(compared.block.tasks) > 1)
    sure = 1 - compared.level / max(1, columns * len(compared.pairs))  # Bonferroni, as Ulmer et al. 2022
    found = [row for pair in compared.pairs for row in _rows(compared, *pair, request.test, sure)]
    rows, spreads = [row for row, _ in found], [spread for _, spread in found]
    tests = [row for row in rows if row["p"] is not None]
    corrected = CORRECTIONS[request.correction](np.array([row["p"] for row in tests]))
    for row, p in zip(tests, corrected, strict=True):
        row["p_corrected"] = float(p)
        row["mark"] = "" if p >= compared.level else "better" if row["difference"] > 0 else "worse"
    _unless(compared, rows)
    notes = (*_notes(rows, request, compared), *compared.said, *compared.aside, *lines)
    correction = "" if request.correction == "none" else TITLES[request.correction]
    said = tuple(verdicts(compared, rows, spreads, correction))
    shown = tuple(
        compared.turned(row, ("difference", "low", "high"), ("g", "g_low", "g_high")) for row in rows
    )
    title = f"Comparison by task: {compared.title}"
    return Sheet("tasks", title, FIELDS, shown, notes, said, compared.fraction)


def _unless(compared: Compared, rows: Sequence[dict[str, Any]]) -> None:
    """Say of what is marked which failures, that the better one's runs do not exclude, would undo it."""
    tasks = list(range(len(compared.block.tasks)))
    columns = [[at] for at in tasks] + [tasks] * (len(tasks) > 1)
    about = [(*pair, over) for pair in compared.pairs for over in columns]
    for row, (left, right, over) in zip(rows, about, strict=True):
        if row.get("mark"):
            better = left if row["difference"] > 0 else right
            row["undone_by"] = compared.block.undone_by(better, row["difference"], over)


def _rows(
    compared: Compared, left: MethodKey, right: MethodKey, test: str, sure: float
) -> Iterator[tuple[dict[str, Any], float]]:
    """The rows of a pair; with each, the standard deviation of its differences, NaN for fewer than 2."""
    block = compared.block
    named = tuple(sorted(set(block.studies))) or block.seeds
    names = {"left": compared.labels[left], "right": compared.labels[right]}
    names |= {"left_title": compared.shown(left), "right_title": compared.shown(right)}
    for title, one, other in compared.columns(left, right):
        alone = [  # of studies none: their means are over the seeds that both have
            (key, f" alone has {seed_ranges(seeds)}")
            for key, seeds in (
                (left, _seeds(named, np.isfinite(one) & ~np.isfinite(other))),
                (right, _seeds(named, np.isfinite(other) & ~np.isfinite(one))),
            )
            if seeds
        ]
        pairs = paired.differences(one, other)
        row = {
            "task": title,
            **names,
            **compared.names(left, right),
            **_paired(one, other, test, sure),
            "dropped": "; ".join(compared.labels[key] + told for key, told in alone) or None,
            "dropped_title": "; ".join(compared.shown(key) + told for key, told in alone),
        }
        yield row, float(pairs.std(ddof=1)) if len(pairs) > 1 else math.nan


def _paired(one: FloatArray, other: FloatArray, test: str, sure: float) -> dict[str, Any]:
    """What the runs of two methods on one task say; ``sure``: the confidence of ε's bound."""
    pairs = paired.differences(one, other)
    interval, effect = paired.t_interval(pairs), paired.hedges_g(pairs)
    tested = {name: run(pairs) for name, run in RUN.items()}
    order = dominance.almost_stochastic_order(one, other, level=sure)
    above = paired.superiority(pairs)
    chosen = tested[test]
    p = {name: found.p if isinstance(found, Significance) else None for name, found in tested.items()}
    row: dict[str, Any] = {
        "difference": float(pairs.mean()) if len(pairs) else None,
        "n": len(pairs),
        "p": p[test],
        "p_t": p["t"],
        "p_wilcoxon": p["wilcoxon"],
        "p_sign_flip": p["sign-flip"],
        "smallest_p": paired.smallest_p(pairs) if len(pairs) > 1 else None,
        "superiority": above if isinstance(above, float) else None,
        "order_bound": order.high if isinstance(order, Interval) and order.n >= dominance.LEAST else None,
        "no_test": str(chosen) if isinstance(chosen, NoAnswer) else None,
    }
    if isinstance(interval, Interval):
        row |= {"low": interval.low, "high": interval.high, "interval": interval.kind}
    if isinstance(effect, Interval):
        row |= {"g": effect.value, "g_low": effect.low, "g_high": effect.high}
    return row


def _notes(rows: list[dict[str, Any]], request: CompareRequest, compared: Compared) -> Iterator[str]:
    family = sum(row["p"] is not None for row in rows)
    how = TITLES[request.correction]
    unit = compared.block.unit
    one = "seed" if unit == "seeds" else "study (the means of its runs)"
    yield (
        f"Δ: mean difference in points over n {unit}, paired by {one}, with the 95 % interval of the "
        f"paired t-test, uncorrected. Corrected: {how} over the {family} comparisons of this table "
        f"({TESTS[request.test]} test); marked below {compared.level:.3g}."
    )
    yield (
        f"smallest: the smallest p that Wilcoxon's and the sign-flip test can reach with these {unit}. "
        f"g: paired Hedges' g. P(better): share of {unit} on which the left method is better. "
        f"ε: almost stochastic order, upper bound, corrected (Bonferroni) over the {len(rows)} comparisons; "
        f"below {dominance.DOMINATES:g} the left method dominates; from {dominance.LEAST} {unit}."
    )
    if any(row.get("undone_by") is not None for row in rows):
        yield UNDONE
    untested, dropped = [row for row in rows if row["no_test"]], [row for row in rows if row["dropped"]]
    if untested and not request.untested:
        yield f"No test for {len(untested)} of the {len(rows)} comparisons; --untested says why."
    if dropped and not request.untested:
        yield f"Seeds that one method lacks are dropped from {len(dropped)} of them; --untested says which."
    for row in rows if request.untested else ():
        where = f"{row['comparison_title']} on {row['task']}"
        if row["no_test"]:
            yield f"No test for {where}: {row['no_test']}."
        if row["dropped"]:
            yield f"Dropped from {where}: seeds that one method lacks ({row['dropped_title']})."


def _seeds(seeds: tuple[int, ...], which: aggregate.BoolArray) -> list[int]:
    return [seed for seed, there in zip(seeds, which, strict=True) if there]
