"""Duplicates: training rows that stand in the data more than once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ftbench.domain.hparams import hparam
from ftbench.perturbations.base import Draws, LabelledRows, Perturber

if TYPE_CHECKING:
    from ftbench.perturbations.base import Integers


class Duplicates(Perturber):
    """Add ``round(ratio·N)`` copies of rows to the N that there are, after all other changes.

    A copy is exact: a wrong label or a misspelt word is repeated, too. Each row is copied once before any is
    copied twice. The number of epochs stays, so there are more updates. Copies of a row are held out together
    (see ``held_out_fraction``): no model is chosen on rows that it was trained on.
    """

    name = "duplicates"
    title = "Duplicates"
    caption = "Copies of training rows added, as a fraction of the rows"
    order = 1000
    wanted = "ratios from 0 to 10, such as 0,0.5"

    @dataclass(frozen=True)
    class Settings:
        """How many copies."""

        value: float = hparam(0.0, range=(0, 10), help="copies of training rows, as a fraction of the rows")

    def perturb(self, rows: LabelledRows, draws: Draws) -> tuple[LabelledRows, Integers]:
        """Copy the first in the ranking."""
        import numpy as np

        count, there = round(self.settings.value * len(rows.numbers)), len(rows.numbers)
        copied, numbers = [], [rows.numbers]
        for copy in range(1, -(-count // there) + 1):
            part = draws.first(rows.numbers, min(there, count - (copy - 1) * there))
            copied.append(part)
            numbers.append(part + copy * rows.total)
        sources = np.searchsorted(rows.numbers, np.concatenate([rows.numbers, *copied]))
        found = np.concatenate(numbers)
        order = np.argsort(found, kind="stable")
        at = sources[order]
        texts = tuple(column[at] for column in rows.texts)
        changed = replace(rows, numbers=found[order], labels=rows.labels[at], texts=texts)
        return changed, np.unique(np.concatenate([rows.numbers[:0], *copied]))
