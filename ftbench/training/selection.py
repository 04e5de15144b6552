"""Selection: the part of the training rows that a trial of a tuning is scored on, and not trained on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ftbench.domain.job import Job
from ftbench.domain.target import held_out_count
from ftbench.domain.task import TaskSpec
from ftbench.perturbations.train_size import subset_order
from ftbench.run.seeding import keys_of, stream_seed
from ftbench.training.perturb import Perturbed


def held_out(task: TaskSpec, job: Job, changed: Perturbed, total: int) -> NDArray[np.bool_]:
    """Which rows are held out: those first in an order of the stream ``split``, a tenth or 100 at least.

    Each class has its share in them, in regression each tenth of the scores. Neither method, recipe nor model
    enters, so all trials of a seed are scored on the same rows. Copies of a row stay together: they go where
    the first of them goes.

    Args:
        task: whose rows.
        job: its seed of the stream ``split`` draws.
        changed: the rows after all perturbations, shape (N,).
        total: the rows of the file, from which the originals of copies are known.

    Returns:
        Shape (N,).

    Raises:
        BadValue: they are too few.
    """
    count = held_out_count(len(changed.rows))
    originals, first, places = np.unique(changed.rows % total, return_index=True, return_inverse=True)
    keys = keys_of(originals, stream_seed("split", job.task, job.seed_of("split")))
    order = subset_order(task, changed.labels[first], keys, "stratified")
    copies = np.bincount(places)[order]  # how many rows each original stands for
    taken = int(np.searchsorted(np.cumsum(copies), count)) + 1
    chosen = np.zeros(len(originals), dtype=np.bool_)
    chosen[order[:taken]] = True
    found: NDArray[np.bool_] = chosen[places]
    return found
