"""Tables of many methods, of many tasks, and of names as long as a line."""

from __future__ import annotations

import numpy as np

from tests.services.report_rows import Rows

LONG = "a_method_with_a_name_that_goes_on_" * 6


def crowd(methods: int, tasks: int, seeds: int = 3, long: bool = False) -> Rows:
    """Vanilla and other methods on tasks that nobody knows, each a little better than the one before."""
    rng, rows = np.random.default_rng(0), Rows()
    for task in range(tasks):
        name = f"{LONG[:194]}task{task:02d}" if long else f"task{task:02d}"
        for method in range(methods):
            own = f"{LONG}"[:198] + f"{method:02d}" if long else f"own{method:02d}"
            values = rng.normal(0.6 + 0.004 * method, 0.01, seeds)
            rows.jobs(own if method else "vanilla", name, [float(value) for value in values])
    return rows
