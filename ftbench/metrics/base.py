"""Metric: the interface of what scores predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ftbench.domain.task import CLASSIFICATION, TaskSpec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Labels = NDArray[Any]
    Times = NDArray[np.int64]


class Metric:
    """A metric: what it is called, what its values may be, which tasks it fits, and how it is computed.

    Give either ``score``, or ``resampled`` (and ``seen``), of which the score is then that of all rows once;
    it makes intervals over test examples fast. Nothing may warn.

    Attributes:
        title: what a caption says it is: ``expected calibration error``; "" for its heading.
        heading: what stands over a column: ``ECE``; "" for its name.
        warning: what a caption must say beside the title, in brackets behind a blank; "" for nothing.
        average: its average over tasks in words; "" for ``the average`` and its title.
        low, high: the smallest and the largest value, as stored.
        higher: whether higher is better.
        percent: whether it is a fraction, shown × 100; else it is shown in its own unit.
        unit: its own unit in words, for captions: ``nats``, ``the unit of the labels``; "" for fractions.
        margin: what difference of two scores is none in practice, as they are shown.
        kinds: the kinds of tasks that it fits, of ``domain.task.KINDS``.
        classes: how many classes a task must have; None for any number.
        stored: whether every run is scored by it; others are computed from stored logits, or where a task
            reports them.
        formula, paper, edges: for its card: how it is computed, where it comes from, and what it is where it
            has nothing to go by.
    """

    title: ClassVar[str] = ""
    heading: ClassVar[str] = ""
    warning: ClassVar[str] = ""
    average: ClassVar[str] = ""
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = 1.0
    higher: ClassVar[bool] = True
    percent: ClassVar[bool] = True
    unit: ClassVar[str] = ""
    margin: ClassVar[float] = 1.0
    kinds: ClassVar[tuple[str, ...]] = (CLASSIFICATION,)
    classes: ClassVar[int | None] = None
    stored: ClassVar[bool] = False
    formula: ClassVar[str] = ""
    paper: ClassVar[str] = ""
    edges: ClassVar[str] = ""

    def __init_subclass__(cls) -> None:
        """Refuse a metric that computes nothing."""
        if cls.score is Metric.score and cls.resampled is Metric.resampled:
            raise TypeError(f"{cls.__name__} has neither score nor resampled")

    @classmethod
    def name(cls) -> str:
        """What users type: the name of the module that it stands in."""
        return cls.__module__.rpartition(".")[2]

    def unfit(self, task: TaskSpec) -> str:
        """Why a task cannot be scored by it, in a few words; "" where it can."""
        if task.kind not in self.kinds:
            return f"it is for {' and '.join(kind.replace('_', ' ') for kind in self.kinds)}"
        if self.classes is not None and len(task.labels) != self.classes:
            return f"it is for {self.classes} classes"
        return ""

    def for_task(self, task: TaskSpec) -> Metric:
        """The metric as it scores a task that it fits: itself, where names and kind do not matter."""
        return self

    def chance(self, classes: int, labels: Labels | None = None) -> float | None:
        """What a model scores that tells nothing apart; a run that diverged counts as this.

        Args:
            classes: how many there are; 0: not known, or a number is to be predicted.
            labels: those of the rows that are scored, where they are at hand; else classes are of one size.

        Returns:
            None where that is not known.
        """
        return None

    def seen(self, logits: Floats) -> Floats:
        """What of the logits it looks at; rows with the same label in which that is the same are alike.

        Args:
            logits: shape (rows, outputs); where words are labelled (rows, words, tags).

        Returns:
            Shape (rows,) or (rows, anything).
        """
        return logits

    def score(self, logits: Floats, labels: Labels) -> float:
        """The score of some rows; NaN where they have none, such as a recall without a row to be found.

        Args:
            logits: as in ``seen``, one row at least.
            labels: as tasks of its kinds have them: class numbers or numbers (rows,), 0 or 1 (rows, labels),
                tags (rows, words) with ``NO_LABEL`` where nothing is predicted.
        """
        import numpy as np

        once = np.ones((1, len(labels)), dtype=np.int64)
        return float(self.resampled(self.seen(logits), labels, once)[0])

    def resampled(self, seen: Floats, labels: Labels, times: Times) -> Floats:
        """The score of samples in which rows count several times, as they do in a bootstrap; always a number.

        Args:
            seen: what ``seen`` gives, a row for each.
            labels: of the rows.
            times: how often each counts, shape (samples, rows).

        Returns:
            Shape (samples,).
        """
        import numpy as np

        found = [self.score(np.repeat(seen, one, axis=0), np.repeat(labels, one, axis=0)) for one in times]
        return np.nan_to_num(np.array(found, dtype=np.float64), nan=0.0)
