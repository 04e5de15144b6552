"""The words under a paper's table: its protocol, what departs from it, and what is missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ftbench.db.rows import JobSummary
from ftbench.metrics import heading_of
from ftbench.render.suite_table import SuiteCell
from ftbench.services.papers import layout
from ftbench.services.papers.cells import Rule
from ftbench.services.planning import commands, rerun, suite_grid
from ftbench.services.planning.asked import Asked
from ftbench.services.scores.overflowed import SkippedUpdates, overflow_lines
from ftbench.services.scores.stale import OTHER_CODE, Codes, stale
from ftbench.stats.equivalence import UNDECIDABLE
from ftbench.suites import TIME, Suite
from ftbench.suites.published import TITLES


def caption(suite: Suite, asked: Asked, rule: Rule, diverged: bool = False) -> Iterator[str]:
    """How the table is to be read.

    Args:
        suite: the paper's.
        asked: the axes that were given.
        rule: how means are compared.
        diverged: whether runs of ours did, and count as chance.
    """
    yield f"{TITLES[suite.source]}. {suite.protocol}"
    differs = suite_grid.differs(suite, asked)
    if differs:
        yield "Differs from the paper's protocol: " + "; ".join(differs) + "."
    if suite.kind == TIME:
        yield "Measured on runs that had the machine to themselves; evaluation is not in the times."
        return
    margin = _within(suite, rule)
    yield (
        "Measured, and [in brackets] printed. The sign compares the means by two one-sided t tests "
        f"at {rule.level:.3g}: = reproduced, within {margin}; ≠ not reproduced, further apart; ? "
        "underpowered, neither shown; ⊘ undecidable by any number of our seeds; × not comparable. Where a "
        "paper prints no standard deviation, ours stands for it. Orders and claims are tested at this level, "
        "too. Max, std and Δ are described, not "
        "tested."
    )
    if diverged:
        yield (
            "d: runs of ours that diverged; they score the chance level of their metric (--diverged missing: "
            "none)."
        )


def _within(suite: Suite, rule: Rule) -> str:
    """The margins in words: one where the metrics share it."""
    metrics = dict.fromkeys(p.metric for block in suite.blocks for p in layout.printed_places(block))
    titles: dict[float, list[str]] = {}
    for metric in metrics:
        titles.setdefault(rule.margins.of(metric), []).append(heading_of(metric))
    told = [
        f"{points:g} point{'s' * (points != 1)}" + (f" ({', '.join(names)})" if len(titles) > 1 else "")
        for points, names in titles.items()
    ]
    averaged = "; an average: the mean of its columns'" if len(titles) > 1 else ""
    return " or ".join(told) + averaged


def notes(suite: Suite, asked: Asked, cells: Sequence[SuiteCell], address: str) -> Iterator[str]:
    """What is missing, with the command that fills it, and what could not be compared."""
    missing = sum(not c.measured.complete for c in cells)
    if missing:
        command = commands.for_suite(suite.name, asked, address)
        yield (
            f"{missing} of {len(cells)} cells lack seeds; queue them with: {command}, and run them "
            f"with: {commands.worker_command(address)}"
        )
    reasons: dict[str, int] = {}
    for cell in cells:
        if cell.reason:
            reasons[cell.reason] = reasons.get(cell.reason, 0) + 1
    for reason, count in reasons.items():
        yield f"{count} cell{'s' * (count > 1)} not compared: {reason}."
    yield from _open(cells)
    recomputed = sum(cell.recomputed for cell in cells)
    if recomputed:
        told = "averages are" if recomputed > 1 else "average is"
        yield f"≈: {recomputed} {told} not printed, but recomputed from the row's printed cells."
    if cells and not any(cell.printed for cell in cells):
        yield "The paper prints no numbers for these cells."


def _open(cells: Sequence[SuiteCell]) -> Iterator[str]:
    """What would settle the cells that are open."""
    tested = [c for c in cells if c.p_equal is not None]
    needs = sorted(c.needs for c in cells if c.needs)
    if needs:
        seeds = f"{needs[0]:,}" if needs[0] == needs[-1] else f"{needs[0]:,} to {needs[-1]:,}"
        yield (
            f"? {len(needs)} of {len(tested)} tested cells are underpowered: for a verdict they need {seeds} "
            "seeds, if mean and spread stay what they are."
        )
    never = sum(c.verdict == UNDECIDABLE for c in cells)
    if never:
        yield (
            f"⊘ {never} of {len(tested)} tested cells cannot be decided by any number of our seeds: what the "
            "paper's own runs leave open is wider than the margin."
        )


def overflowed(
    cells: Sequence[SuiteCell], rows: Sequence[JobSummary], found: Mapping[str, SkippedUpdates]
) -> Iterator[str]:
    """How many updates of the runs that are shown were left out in fp16."""
    shown = {digest for cell in cells for digest in cell.measured.jobs} if found else set()
    return overflow_lines(found, [row for row in rows if row.digest in shown])


def older_code(
    cells: Sequence[SuiteCell], rows: Sequence[JobSummary], codes: Codes, address: str
) -> tuple[str, ...]:
    """Which of the scores come from another state of their method's code, and which are left out for that."""
    shown = {digest for cell in cells for digest in cell.measured.jobs}
    lacking = any(cell.measured.missing.get(OTHER_CODE) for cell in cells)
    found = stale([row for row in rows if (row.aside and lacking) or row.digest in shown], codes)
    return rerun.note(found, codes, address)
