"""Scores as tables give them to plots."""

from __future__ import annotations

import pandas as pd


def frame(scores: dict[tuple[str, str], list[float]]) -> pd.DataFrame:
    """(label, task) -> scores, as tables give them to plots."""
    rows = [
        (label, task, seed, value, f"{label}-{task}-{seed}")
        for (label, task), values in scores.items()
        for seed, value in enumerate(values)
    ]
    return pd.DataFrame(rows, columns=["label", "task", "seed", "value", "job"])
