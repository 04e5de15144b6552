"""Train size: a subset of the training rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ftbench.domain.hparams import hparam
from ftbench.domain.task import TaskSpec
from ftbench.perturbations.base import Draws, LabelledRows, Perturber

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ftbench.perturbations.base import Integers

QUANTILES = 10  # the classes of a regression task, for stratifying
COMMON = 10  # rows with the same labels that make a stratum of their own


class TrainSize(Perturber):
    """Keep N of the training rows; how they are drawn is the recipe's ``subset``."""

    name = "train_size"
    title = "Training rows"
    caption = "A subset of the training rows"
    percent = False
    order = 10
    stream = "subset"
    neutral = "full"
    wanted = "numbers of rows from 1, or full"
    flag = "--train-size"

    @dataclass(frozen=True)
    class Settings:
        """How many rows."""

        value: int | None = hparam(
            None, range=(1, 1e12), unit="rows", help="train on a subset of this many rows"
        )

    def unsuitable(self, task: TaskSpec, rows: int | None) -> str | None:
        """More rows than there are."""
        if rows is not None and (self.settings.value or 0) > rows:
            return f"{task.title} has {rows} training rows"
        return None

    def perturb(self, rows: LabelledRows, draws: Draws) -> tuple[LabelledRows, Integers]:
        """Keep a prefix of an order of all rows."""
        keys = draws.keys(self.name, rows.numbers)
        order = subset_order(rows.task, rows.labels, keys, rows.recipe.subset)
        kept = rows.only(rows.numbers[order[: self.settings.value]])
        return kept, kept.numbers


def subset_order(task: TaskSpec, labels: NDArray[Any], keys: NDArray[Any], subset: str) -> Integers:
    """All places of rows in an order whose every prefix is a sample of its size.

    Uniform: by key. Stratified: the k-th row of its class (from 0) stands at (k + ½) / class size, so that
    each prefix holds every class at its share, and a larger sample contains the smaller. For two classes the
    counts are those of largest remainders; for more, largest remainders would not be nested. What the classes
    of other tasks are, ``strata_of`` says.

    Returns:
        Places in ``labels``, shape (n,).
    """
    import numpy as np

    if subset == "uniform":
        return np.argsort(keys, kind="stable")
    strata = strata_of(task, labels)
    position = np.empty(len(labels), dtype=np.float64)
    for stratum in np.unique(strata):
        members = np.flatnonzero(strata == stratum)
        members = members[np.argsort(keys[members], kind="stable")]
        position[members] = (np.arange(len(members)) + 0.5) / len(members)
    return np.lexsort((keys, position)).astype(np.int64)


def strata_of(task: TaskSpec, labels: NDArray[Any]) -> NDArray[Any]:
    """What each row counts as where every sample is to have its share of everything.

    Its class; its tenth of the numbers; of several labels their combination, and where words are labelled the
    tags that occur: what fewer than 10 rows have is one stratum.

    Args:
        task: whose labels they are.
        labels: as ``label_array`` gives them.

    Returns:
        Shape (n,); equal where rows are alike.
    """
    import numpy as np

    if task.regression:
        return quantile_bins(labels)
    if task.one_class:
        return labels
    tags = np.arange(task.outputs)[:, None]
    held = [np.isin(tags, row).ravel() for row in labels] if task.by_word else labels
    alike = np.array(held).reshape(len(labels), task.outputs)
    _, found, counts = np.unique(alike, axis=0, return_inverse=True, return_counts=True)
    return np.where(counts[found.ravel()] < COMMON, -1, found.ravel())


def quantile_bins(values: NDArray[Any]) -> Integers:
    """The tenth of the data that each value falls into; equal values fall into the same one.

    Scores of a regression task repeat and some occur once, so that the values themselves cannot be classes.

    Returns:
        Numbers in [0, 10), shape (n,); some may not occur.
    """
    import numpy as np

    below: Integers = np.searchsorted(np.sort(values), values, side="left")
    return (below * QUANTILES) // len(values)
