"""The numbers that the papers print, as data: one file a paper, names mapped to ours.

``bidrop.csv`` (Tong et al. 2023), ``dps.csv`` (Zhang et al. 2022) and ``blo.csv`` (Somayajula et al. 2024,
the weight mixup) hold the cells, ``differences.csv`` the printed differences and drops, ``faults.csv`` the
cells that contradict the paper they stand in; numbers that stand in running text alone are among them.
Everything is as printed, × 100; nothing is corrected. Averages that the copies of a paper have lost are
recomputed from their cells, and say so.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

SOURCES = ("bidrop", "dps", "blo")
TITLES: Mapping[str, str] = {
    "bidrop": "Bi-Drop (Tong et al. 2023)",
    "dps": "DPS (Zhang et al. 2022)",
    "blo": "Weight mixup (Somayajula et al. 2024)",
}
#: Delta degrees of freedom of printed standard deviations: the weight mixup's script calls ``np.std``; of the
#: others nothing is known, and they are taken for sample deviations.
DDOF: Mapping[str, int] = {"bidrop": 1, "dps": 1, "blo": 0}
AVERAGE = "avg"
UNSTATED = "unstated"


@dataclass(frozen=True)
class Published:
    """A number printed in a paper.

    Attributes:
        source: the paper, one of ``SOURCES``.
        exhibit: ``table5``, ``appendixF``.
        model: by our name.
        method: by our name.
        task: the task or evaluation set by our name; ``avg`` over the tasks; ``unstated``.
        setting: the protocol: ``full``, ``noise=0.05``, ``n=500``, ``ood:train=snli,n=5000``, …
        metric: by our name; ``mean_of_tasks``, ``time_ratio``, ``percent_trainable``, ``unstated``.
        statistic: ``mean``, ``max``, ``std`` over seeds, or ``ratio``.
        value: as printed: scores × 100.
        n_seeds: the runs behind it; None where the paper does not say.
        note: what a reader must know.
    """

    source: str
    exhibit: str
    model: str
    method: str
    task: str
    setting: str
    metric: str
    statistic: str
    value: float
    n_seeds: int | None
    note: str

    @property
    def key(self) -> tuple[str, ...]:
        """What tells a cell from the others of all papers, the metric aside."""
        return self.source, self.exhibit, self.model, self.method, self.task, self.setting, self.statistic

    @property
    def recomputed(self) -> bool:
        """Whether no copy of the paper has it: an average of the printed cells of its row."""
        return self.note.startswith("recomputed")


@dataclass(frozen=True)
class PrintedDifference:
    """A printed difference between averages, or between scores of one task.

    Attributes:
        task: ``avg``, or the task that is scored.
        statistic: ``delta_mean`` and ``delta_max`` (minus vanilla), ``drop_vs_T2`` (the clean run minus this
            one), ``gain_vs_vanilla``.
    """

    source: str
    exhibit: str
    model: str
    method: str
    task: str
    setting: str
    statistic: str
    value: float


@cache
def cells(source: str | None = None, exhibit: str | None = None) -> tuple[Published, ...]:
    """The printed numbers, in the order of the papers; of one paper, and one table, where named."""
    found = []
    for name in SOURCES if source is None else (source,):
        for row in _rows(name):
            value, n_seeds = float(row.pop("value")), row.pop("n_seeds")
            found.append(
                Published(source=name, value=value, n_seeds=int(n_seeds) if n_seeds else None, **row)
            )
    return tuple(cell for cell in found if exhibit in (None, cell.exhibit))


@cache
def printed_differences() -> tuple[PrintedDifference, ...]:
    """The printed differences."""
    return tuple(PrintedDifference(value=float(row.pop("value")), **row) for row in _rows("differences"))


@cache
def faults() -> Mapping[tuple[str, ...], str]:
    """The cells that contradict their own paper: ``Published.key`` -> why."""
    return {tuple(list(row.values())[:-1]): row["reason"] for row in _rows("faults")}


def _rows(name: str) -> list[dict[str, str]]:
    text = (files(__name__) / f"{name}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
