"""What scores predictions: one file each; users' own come from files and entry points.

A metric's file says all that is known of it: its names, its range, its direction, the tasks that it fits, its
chance level, how it is shown, and how it is computed. Files load numpy and others inside functions only.
"""

from ftbench.metrics._margins import Margins, margins
from ftbench.metrics._registry import (
    available,
    find,
    fitting,
    heading_of,
    of_score,
    said,
    score_bounds,
    usable,
)
from ftbench.metrics.base import Metric

__all__ = [
    "Margins",
    "Metric",
    "available",
    "score_bounds",
    "find",
    "fitting",
    "heading_of",
    "margins",
    "of_score",
    "said",
    "usable",
]
