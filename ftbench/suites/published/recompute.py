"""Printed averages and differences, computed again from the printed cells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ftbench.suites.published import AVERAGE, PrintedDifference, Published, cells, printed_differences

TOLERANCE = 0.005  # half of the last printed digit; a difference is between two rounded numbers
CLEAN = ("table2", "full")  # where the drops of the Bi-Drop paper start from
NOISY = ("cola", "mrpc", "rte")


@dataclass(frozen=True)
class Recomputed:
    """A printed average or difference and what its cells give.

    Attributes:
        printed: what stands in the paper.
        value: from the printed cells.
    """

    printed: Published | PrintedDifference
    value: float

    @property
    def agrees(self) -> bool:
        """Whether the two are the same to the last printed digit."""
        allowed = TOLERANCE if isinstance(self.printed, Published) else 2 * TOLERANCE
        return abs(self.printed.value - self.value) <= allowed + 1e-9


def averages() -> Iterator[Recomputed]:
    """Every printed average whose cells stand in the same table."""
    groups: dict[tuple[str, ...], list[Published]] = {}
    for cell in cells():
        if cell.task != AVERAGE:
            groups.setdefault(_row(cell), []).append(cell)
    for cell in cells():
        if cell.task == AVERAGE and not cell.recomputed and _row(cell) in groups:
            values = [one.value for one in groups[_row(cell)] if recomputed_average(one)]
            yield Recomputed(cell, sum(values) / len(values))


def recomputed_average(cell: Published) -> bool:
    """Whether a cell goes into its row's average: Bi-Drop's Table 4 leaves the set trained on out."""
    trained = cell.setting.removeprefix("ood:train=").partition(",")[0]
    return not (cell.source == "bidrop" and cell.exhibit == "table4" and cell.task == trained)


def deltas() -> Iterator[Recomputed]:
    """Every printed difference between averages, from the printed ones; those of Figure 3 have none."""
    means = {(c.exhibit, c.model, c.method, c.setting, c.statistic): c.value for c in _bidrop(AVERAGE)}
    clean: dict[str, list[float]] = {}
    for cell in _bidrop(*NOISY):
        if (cell.exhibit, cell.setting, cell.statistic) == (*CLEAN, "mean"):
            clean.setdefault(cell.method, []).append(cell.value)
    for one in printed_differences():
        if one.task != AVERAGE:
            continue
        statistic = "max" if one.statistic.endswith("max") else "mean"
        own = means[one.exhibit, one.model, one.method, one.setting, statistic]
        if one.statistic == "drop_vs_T2":
            yield Recomputed(one, sum(clean[one.method]) / len(clean[one.method]) - own)
        else:
            setting = "ablation:vanilla" if one.setting.startswith("ablation") else one.setting
            yield Recomputed(one, own - means[one.exhibit, one.model, "vanilla", setting, statistic])


def _row(cell: Published) -> tuple[str, ...]:
    return cell.source, cell.exhibit, cell.model, cell.method, cell.setting, cell.statistic


def _bidrop(*tasks: str) -> Iterator[Published]:
    return (cell for cell in cells("bidrop") if cell.task in tasks)
