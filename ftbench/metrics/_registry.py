"""Where metrics are found: this folder, entry points, and files of the user's own."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from ftbench.domain.result import EXPLAINED
from ftbench.domain.task import TaskSpec
from ftbench.errors import PluginError, UnknownName
from ftbench.metrics.base import Metric
from ftbench.plugins import PluginEntry, Registry

if TYPE_CHECKING:
    from ftbench.metrics.base import Floats, Labels

#: Other spellings, in lower case.
ALIASES = {
    "acc": "accuracy",
    "mcc": "matthews",
    "roc_auc": "auroc",
    "auc": "auroc",
    "ap": "average_precision",
    "auprc": "average_precision",
    "kendall_tau": "kendall",
    "log_loss": "nll",
    "cross_entropy": "nll",
    "brier_score": "brier",
    "f1_macro": "macro_f1",
    "f1_weighted": "weighted_f1",
}

_METRICS = Registry("metric", Metric, "ftbench.metrics", lambda cls: cls.name(), aliases=ALIASES)


def find(name: str, files: Iterable[str | Path] = ()) -> Metric:
    """The metric of a name.

    Args:
        name: a metric's name or alias, or the path of a file that holds one (``./mine.py``).
        files: whose metrics may be named, too.

    Raises:
        UnknownName: nothing carries the name.
        PluginError: the file or entry point that carries it cannot be used.
    """
    return _METRICS.find(name, files)()


@lru_cache(maxsize=1000)
def of_score(name: str) -> Metric:
    """The metric of a name that stands beside a score; of one that is not installed nothing else is known."""
    try:
        found = _METRICS.known(name)()
    except (UnknownName, PluginError):
        return _unknown(name)
    return found if found.name() == name else _unknown(name)


def _unknown(called: str) -> Metric:
    class Unknown(Metric):
        low, high = -math.inf, 1.0 if called == EXPLAINED else math.inf

        @classmethod
        def name(cls) -> str:
            return called

        def unfit(self, task: TaskSpec) -> str:
            return "it is not installed"

        def score(self, logits: Floats, labels: Labels) -> float:
            return math.nan

    return Unknown()


def available(files: Iterable[str | Path] = ()) -> list[PluginEntry[Metric]]:
    """Every metric there is, by name; what cannot be used is listed with its error."""
    return _METRICS.available(files)


@cache
def usable() -> tuple[Metric, ...]:
    """Every metric that is installed and can be used, by name."""
    return tuple(entry.cls() for entry in available() if entry.cls is not None)


def fitting(task: TaskSpec) -> tuple[Metric, ...]:
    """The metrics that a task can be scored by, as they score it."""
    return tuple(metric.for_task(task) for metric in usable() if not metric.unfit(task))


def score_bounds(name: str) -> tuple[float, float] | None:
    """The smallest and the largest value of a metric; None where nothing is known."""
    metric = of_score(name)
    found = metric.low, metric.high
    return None if found == (-math.inf, math.inf) else found


def heading_of(name: str) -> str:
    """What stands over a column of a metric's scores."""
    return of_score(name).heading or name


def said(metric: Metric) -> str:
    """A metric in words."""
    return metric.title or metric.heading or metric.name()
