"""Reports on time: seconds and memory of runs that had the machine to themselves, as ratios to vanilla."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ftbench.domain.result import State
from ftbench.render.suite_table import SuiteCell, SuiteHead
from ftbench.render.table import NOT_QUEUED, Cell
from ftbench.services.papers import cells, layout
from ftbench.services.papers.cells import FoundJobs, JobsByCell, Rule
from ftbench.services.planning import suite_grid
from ftbench.services.planning.asked import Asked
from ftbench.suites import Suite

if TYPE_CHECKING:
    from ftbench.services.papers.cells import PanelGrid

Facts = Mapping[str, Any]
COLUMNS = (
    SuiteHead(layout.TIME_RATIO, "Time", "× vanilla"),
    SuiteHead("seconds", "Training", "s"),
    SuiteHead("update_seconds", "Update", "ms"),
    SuiteHead("one_off_seconds", "One-off", "s"),
    SuiteHead("peak_memory", "Peak memory", "MiB"),
    SuiteHead(layout.TRAINABLE, "Trained", "% of weights"),
)


def grids(
    suite: Suite, asked: Asked, jobs: JobsByCell, facts: Mapping[str, Any], rule: Rule
) -> Iterator[PanelGrid]:
    """The blocks of a suite about time; nothing is tested: ratios are described."""
    from ftbench.services.papers.cells import PanelGrid

    seeds = suite.seeds
    for block in suite.blocks:
        wanted = [w for w in suite_grid.wanted_cells(suite, asked) if w.block is block]
        base = next((w for w in wanted if w.method.name == "vanilla"), None)
        vanilla = cell(jobs.of(base, block.model), facts, seeds, seconds_of).mean if base else None
        rows = []
        for one in wanted:
            printed = layout.printed(suite, block, one.line)
            mine = jobs.of(one, block.model)
            reads = (seconds_of, update, one_off, memory_of, trained)
            values: list[Cell] = [cell(mine, facts, seeds, read) for read in reads]
            found = [_ratio(values[0], vanilla), *values]
            shown = []
            for head, value in zip(COLUMNS, found, strict=True):
                numbers = {s: c.value for (column, s), c in printed.items() if column == head.key}
                shown.append(SuiteCell(value, numbers, applies=value.applies or bool(numbers)))
            rows.append((SuiteHead(one.line.name, one.line.title), tuple(shown)))
        yield PanelGrid(block, COLUMNS, tuple(rows))


def cell(
    jobs: Mapping[int, list[FoundJobs]],
    facts: Mapping[str, Facts],
    seeds: Sequence[int],
    read: Callable[[Facts], float | None],
) -> Cell:
    """The cell of a line; one that shared the machine is missing, one without the record is left out."""
    values: dict[int, float] = {}
    planned = len(seeds)
    missing: Counter[str] = Counter()
    for seed in seeds:
        done = [found for found in jobs.get(seed, []) if found.row.state == State.DONE]
        alone = [facts[f.row.digest] for f in done if facts.get(f.row.digest, {}).get("exclusive")]
        if alone:
            value = read(alone[0])
            if value is None:  # to queue it again would add nothing
                planned -= 1
            else:
                values[seed] = value
        else:
            here = jobs.get(seed, [])
            missing["not exclusive" if done else here[0].status if here else NOT_QUEUED] += 1
    found = cells.of_values(values, planned, missing)
    return found if planned else replace(found, applies=False)


def seconds_of(facts: Facts) -> float:
    """Seconds of training, one-off passes included."""
    return float(facts["seconds"]["training"])


def one_off(facts: Facts) -> float:
    """Seconds of what a method does once before its first step."""
    return float(sum(run.get("one_off_seconds", 0.0) for run in facts["runs"].values()))


def update(facts: Facts) -> float:
    """Milliseconds of an update, one-off passes left out."""
    updates = sum(run["total_steps"] for run in facts["runs"].values())
    return float(1000 * (seconds_of(facts) - one_off(facts)) / max(1, updates))


def memory_of(facts: Facts) -> float:
    """The largest memory taken, MiB: of the GPU, or of the process."""
    return float(facts.get("peak_memory_mb", 0))


def trained(facts: Facts) -> float | None:
    """The weights that the last run trained, in percent of all it had; None where that was not recorded."""
    run = list(facts["runs"].values())[-1] if facts["runs"] else {}
    return 100 * run["trained"] / run["parameters"] if run.get("parameters") else None


def _ratio(value: Cell, vanilla: float | None) -> Cell:
    if value.mean is None or not vanilla:
        return Cell(n=value.n, planned=value.planned, missing=value.missing)
    values = {seed: one / vanilla for seed, one in zip(value.seeds, value.values, strict=True)}
    return cells.of_values(values, value.planned, value.missing)
