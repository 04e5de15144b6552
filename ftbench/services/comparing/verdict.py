"""The verdict: what a comparison of two methods comes to, in a sentence, and the seeds that it would take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ftbench.render.numbers import in_unit, p_equals, unless
from ftbench.services.scores.compared import AVERAGE, Compared
from ftbench.stats import power

WANTED = 0.8


def verdicts(
    compared: Compared, rows: Sequence[Mapping[str, Any]], spreads: Sequence[float], correction: str
) -> Iterator[str]:
    """One method against each other one: on average over the tasks, or on the only one.

    It is the first, or the one with which all others are compared.

    Args:
        compared: the runs.
        rows: of the table by task, in its order.
        spreads: of each row, the standard deviation of its paired differences; NaN where there is none.
        correction: how the p are corrected, for people; empty where they are not.
    """
    first, against = compared.labels[compared.pairs[0][0]], {right for _, right in compared.pairs}
    pairs: dict[tuple[str, str], list[int]] = {}
    for at, row in enumerate(rows):
        if row["left"] == first or len(against) == 1:
            pairs.setdefault((row["left"], row["right"]), []).append(at)
    family = sum(row["p"] is not None for row in rows)
    for places in pairs.values():
        about = rows[places[-1]]
        words = _sentence(compared, about, correction, family)
        if about["p"] is not None and not about["mark"] and about["difference"]:
            words += _seeds(
                compared, about["difference"], spreads[places[-1]], compared.level / max(family, 1)
            )
        yield words + "." + _by_task(rows[at] for at in places if rows[at]["task"] != AVERAGE)


def _sentence(compared: Compared, row: Mapping[str, Any], correction: str, family: int) -> str:
    """Who, by how much, and whether it is shown."""
    tasks = compared.block.tasks
    left, right = row["left_title"], row["right_title"]
    where = f"on average over {len(tasks)} tasks" if row["task"] == AVERAGE else f"on {row['task']}"
    where += f" ({compared.title})"
    if row["difference"] is None:
        one = _counted(compared, 1)
        return f"{left} and {right} cannot be compared {where}: no {one} of which both have all scores"
    if not row["difference"]:
        words = f"{left} is as good as {right}"
    else:
        unit = " points" if compared.fraction else ""
        side = "better" if row["difference"] > 0 else "worse"
        words = f"{left} is {in_unit(abs(row['difference']), compared.fraction)}{unit} {side} than {right}"
    words += f" {where}, with {row['n']} {_counted(compared, row['n'])}"
    if row["p"] is None:
        return f"{words}; it cannot be tested: {row['no_test']}"
    ends = compared.turned(row, ("difference", "low", "high"))
    low, high = (in_unit(ends[end], compared.fraction, signed=True) for end in ("low", "high"))
    after = f" after {correction} over {family} comparisons" if correction and family > 1 else ""
    shown = "shown" if row["mark"] else "not shown"
    words += f" (95 % interval {low} to {high}): {shown}, {p_equals(row['p_corrected'])}{after}"
    if row.get("undone_by") is not None:
        words += f", {unless(left if row['difference'] > 0 else right, row['undone_by'])}"
    return words


def _counted(compared: Compared, number: int) -> str:
    """What such a number is of, seeds or studies."""
    one = {"seeds": "seed", "studies": "study"}[compared.block.unit]
    return one if number == 1 else compared.block.unit


def _seeds(compared: Compared, difference: float, spread: float, alpha: float) -> str:
    """How many seeds, or studies of so many seeds, would show such a difference."""
    if not spread > 0:
        return ""
    needed = power.seeds_needed(difference, spread, alpha, WANTED)
    number = f"about {needed:,} {compared.block.unit}" if isinstance(needed, int) else str(needed)
    return f"; if this is the difference, it takes {number} to show it with a power of {100 * WANTED:.0f} %"


def _by_task(rows: Iterator[Mapping[str, Any]]) -> str:
    """On how many tasks it is shown; nothing where there is one."""
    found = list(rows)
    if len(found) < 2:
        return ""
    better = sum(row.get("mark") == "better" for row in found)
    worse = sum(row.get("mark") == "worse" for row in found)
    untested = sum(row["p"] is None for row in found)
    counts = [f"better on {better}", f"worse on {worse}"]
    counts += [f"not told apart on {len(found) - better - worse - untested}"]
    counts += [f"not tested on {untested}"] if untested else []
    return f" Task by task: {', '.join(counts)}."
