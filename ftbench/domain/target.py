"""Target: what a trained model is scored on, as a job names it.

``dev`` is a set of the job's own task; ``sick:dev`` one of another task, whose labels must fit the model's;
``rte:dev@linear`` a probe: the encoder is frozen, and a new head trained on the other task's training rows.
``retention`` is no set of rows: how far the weights moved, and what is left of the language model.
``held_out`` is a part of the job's own training rows, which it is not trained on: what tuning selects by.
"""

from __future__ import annotations

from dataclasses import dataclass

from ftbench.domain.axes import split_names
from ftbench.domain.task import TaskSpec
from ftbench.errors import BadValue, UnknownName

LINEAR, LOGISTIC = "linear", "logistic"
PROBES = (LINEAR, LOGISTIC)

HELD_OUT = "held_out"
RETENTION = "retention"
"""Stands for the evaluation set in what is measured of the pretrained model that is left."""
HELD_OUT_BEST = "held_out@best"
"""The same rows, scored at the end of each epoch: the best of these points, and where it is."""
HELD_OUT_SHARE, HELD_OUT_LEAST = 0.1, 100


def held_out_count(rows: int) -> int:
    """How many of so many training rows are held out: a tenth, and 100 at least.

    Raises:
        BadValue: that is more than half of them, so that too few are left to train on.
    """
    count = max(HELD_OUT_LEAST, round(HELD_OUT_SHARE * rows))
    if 2 * count > rows:
        raise BadValue(
            f"{rows} training rows are too few to hold {count} of them out for selection: "
            f"{2 * HELD_OUT_LEAST} are needed"
        )
    return count


@dataclass(frozen=True)
class Target:
    """One thing that a job is scored on.

    Attributes:
        task: another task than the job's; "" for its own.
        rows: the evaluation set.
        probe: one of ``PROBES``, or "" where the model predicts with its own head.
    """

    task: str
    rows: str
    probe: str = ""

    @property
    def name(self) -> str:
        """As jobs and scores carry it."""
        at = f"@{self.probe}" if self.probe else ""
        return f"{self.task}:{self.rows}{at}" if self.task else self.rows

    def sets(self, task: TaskSpec) -> tuple[str, ...]:
        """The sets of the other task that are read: a probe trains, too."""
        return (task.train.name, self.rows) if self.probe else (self.rows,)

    @classmethod
    def of(cls, name: str) -> Target:
        """The target of a name that ``name`` gave."""
        rest, _, probe = name.partition("@")
        task, colon, rows = rest.partition(":")
        return cls(task, rows, probe) if colon else cls("", rest, probe)


@dataclass(frozen=True)
class TargetChoice:
    """What is to be scored, as it was asked for.

    Attributes:
        task: its name or an alias.
        rows: the evaluation set; None for the one that the task reports.
        probe: one of ``PROBES``, or "".
    """

    task: str
    rows: str | None = None
    probe: str = ""

    @property
    def text(self) -> str:
        """As it is typed."""
        rows = "" if self.rows is None else f":{self.rows}"
        return f"{self.task}{rows}@{self.probe}" if self.probe else f"{self.task}{rows}"

    def on(self, task: TaskSpec) -> Target:
        """The target on the task of that name.

        Raises:
            UnknownName: a set that does not exist.
        """
        rows = task.evaluation[0].name if self.rows is None else self.rows
        known = [one.name for one in task.evaluation]
        if rows not in known:
            raise UnknownName(f"evaluation set of {task.name}", rows, known)
        return Target(task.name, rows, self.probe)


def target_choices(text: str) -> tuple[TargetChoice, ...]:
    """What a user asks for: ``sick,snli:test,rte@linear``.

    Raises:
        BadValue: an entry names no task.
        UnknownName: a probe that does not exist.
    """
    return tuple(map(_target, split_names(text)))


def _target(text: str) -> TargetChoice:
    rest, at, probe = text.partition("@")
    task, colon, rows = rest.partition(":")
    if not task.strip():
        raise BadValue(f"evaluate '{text}': write a task, task:set or task@linear")
    if at and probe not in PROBES:
        raise UnknownName("probe", probe, PROBES)
    return TargetChoice(task.strip(), rows if colon else None, probe)
