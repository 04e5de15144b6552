"""A paper's table with the measured numbers and the printed ones, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ftbench.render.table import Cell

NOT_COMPARABLE = "not comparable"
#: How a verdict is written beside a number.
SIGNS: Mapping[str, str] = {
    "reproduced": "=",
    "not reproduced": "≠",
    "underpowered": "?",
    "undecidable": "⊘",
    NOT_COMPARABLE: "×",
}


@dataclass(frozen=True)
class SuiteHead:
    """A row's or column's heading; ``key`` is what machines call it."""

    key: str
    title: str
    subtitle: str = ""


@dataclass(frozen=True)
class SuiteCell:
    """One cell.

    Attributes:
        measured: ours, fractions; times and differences: in their own unit, see ``unit``.
        printed: statistic -> the paper's number, × 100 for scores.
        n_printed: the runs behind it; None where the paper does not say.
        verdict: one of ``SIGNS``, or "" where there is nothing to compare.
        reason: why the two are not comparable.
        p_equal: of the test that they agree to within the margin; None where none was made.
        p_apart: of the test that they do not.
        margin: points within which the two agree; None where no test was made.
        needs: our seeds that an underpowered cell would need for a verdict.
        note: what the source of the printed number says.
        recomputed: whether it is not printed, but follows from the row's printed cells.
        applies: False where the cell has no meaning.
    """

    measured: Cell = field(default_factory=Cell)
    printed: Mapping[str, float] = field(default_factory=dict)
    n_printed: int | None = None
    verdict: str = ""
    reason: str = ""
    p_equal: float | None = None
    p_apart: float | None = None
    margin: float | None = None
    needs: int | None = None
    note: str = ""
    recomputed: bool = False
    applies: bool = True


@dataclass(frozen=True)
class SuiteRow:
    """A row: a method, or a task where methods are columns."""

    head: SuiteHead
    cells: tuple[SuiteCell, ...]


@dataclass(frozen=True)
class SuiteGroup:
    """Rows under one condition.

    Attributes:
        title: the condition; "" where there is one only.
        setting: as the printed numbers name it.
        model: by its short name.
        rows: in the paper's order.
    """

    title: str
    setting: str
    model: str
    rows: tuple[SuiteRow, ...]


@dataclass(frozen=True)
class SuiteSection:
    """Groups with the same columns."""

    columns: tuple[SuiteHead, ...]
    groups: tuple[SuiteGroup, ...]


@dataclass(frozen=True)
class ClaimLine:
    """A claim of the paper, checked.

    Attributes:
        text: what it says.
        verdict: ``supported``, ``contradicted``, ``open``, or ``not measured``.
        detail: the test, its p and n; or what is missing.
    """

    text: str
    verdict: str
    detail: str


@dataclass(frozen=True)
class SuiteReport:
    """A paper's table.

    Attributes:
        name: of the suite.
        title: what it shows.
        statistics: what is shown of each cell: ``mean``, ``max``, ``std``, or ``ratio``.
        margins: metric -> points within which two means agree; {} where none are compared.
        sections: the table.
        caption: how to read it, a paragraph each.
        notes: what is missing and what must be known, a line each.
        claims: of the paper.
    """

    name: str
    title: str
    statistics: tuple[str, ...]
    margins: Mapping[str, float]
    sections: tuple[SuiteSection, ...]
    caption: tuple[str, ...]
    notes: tuple[str, ...] = ()
    claims: tuple[ClaimLine, ...] = ()

    @property
    def timed(self) -> bool:
        """Whether it is about time and memory, not scores."""
        return "ratio" in self.statistics
