"""Runs of tuned methods by study: the mean of those that share a choice of hyper-parameters."""

from __future__ import annotations

import numpy as np

from ftbench.stats.aggregate import BoolArray, FloatArray, IntArray


def study_means(scores: FloatArray, studies: IntArray) -> FloatArray:
    """What each study says of each method and task: (methods, studies, tasks).

    Seeds of one study are trained with one choice, and so are no sample of their own: what is drawn anew is
    the study. Means are over the seeds that all methods of a task have, so that none differs for its seeds;
    NaN where there are none.

    Args:
        scores: (methods, seeds, tasks), NaN for a missing run; a method without any run on a task is none of
            its methods.
        studies: (seeds,) whose choice each seed was trained with, from 0.
    """
    there = np.isfinite(scores)
    has: BoolArray = np.asarray(there.any(axis=1))  # (methods, tasks)
    shared: BoolArray = np.asarray((there | ~has[:, None, :]).all(axis=0))  # (seeds, tasks)
    member = (studies[None, :] == np.unique(studies)[:, None]).astype(np.float64)  # (studies, seeds)
    counts = member @ shared  # (studies, tasks)
    sums = np.einsum("ks,mst->mkt", member, np.where(shared, np.nan_to_num(scores), 0.0))
    means = sums / np.maximum(counts, 1)
    found: FloatArray = np.where((counts > 0) & has[:, None, :], means, np.nan)
    return found
