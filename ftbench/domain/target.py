"""Target: what a trained model is scored on, as a job names it.

``dev`` is a set of the job's own task; ``sick:dev`` one of another task, whose labels must fit the model's;
``rte:dev@linear`` a probe: the encoder is frozen, and a new head trained on the other task's training rows.
"""

from __future__ import annotations

from dataclasses import dataclass

from ftbench.domain.task import TaskSpec
from ftbench.errors import BadValue, UnknownName

LINEAR, LOGISTIC = "linear", "logistic"
PROBES = (LINEAR, LOGISTIC)


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

    @classmethod
    def asked(cls, text: str, task: TaskSpec) -> Target:
        """What a user asks for: a task, which means the set that it reports, or ``task:set``; with a probe.

        Args:
            text: ``sick``, ``snli:test``, ``rte@linear``.
            task: the task of that name.

        Raises:
            UnknownName: a probe or a set that does not exist.
        """
        rest, at, probe = text.partition("@")
        if at and probe not in PROBES:
            raise UnknownName("probe", probe, PROBES)
        _, colon, named = rest.partition(":")
        rows = named if colon else task.evaluation[0].name
        known = [one.name for one in task.evaluation]
        if rows not in known:
            raise UnknownName(f"evaluation set of {task.name}", rows, known)
        return cls(task.name, rows, probe)


def task_of(text: str) -> str:
    """The name of the task in what a user asks for.

    Raises:
        BadValue: there is none.
    """
    name = text.partition("@")[0].partition(":")[0].strip()
    if not name:
        raise BadValue(f"evaluate '{text}': write a task, task:set or task@linear")
    return name
