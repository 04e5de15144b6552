"""Tracker: what a file has to do to send curves and scores somewhere."""

from __future__ import annotations

import importlib.util
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from ftbench.domain.job import SHORT_DIGEST

#: A series of a run, such as ``loss`` or ``dev/accuracy``, and a step of it.
SeriesAt = tuple[str, int]
#: A step and its values, by series.
StepValues = tuple[int, Mapping[str, float]]


class Ending(StrEnum):
    """How an attempt at a job ended.

    A run that was stopped goes on later, or elsewhere.
    """

    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True)
class TrackedJob:
    """A job as trackers show it; all its texts are without secrets.

    Attributes:
        digest: its identity, by which its run is found again: of a job there is one run.
        name: what the run is called: ``tiny/toy-accept/bidrop[k=3]/noise=0.1/seed0``. Jobs that differ in
            their recipe alone share it.
        group: what repetitions have in common: the name without the seed.
        tags: what runs are looked up by: model, task, method, seed, ….
        settings: every hyper-parameter and recipe setting by name, ``recipe.lr``.
    """

    digest: str
    name: str
    group: str
    tags: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str | int | float | bool | None] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """The name with the first characters of the digest, which no other job has."""
        return f"{self.name}-{self.digest[:SHORT_DIGEST]}"


class TrackerRun(ABC):
    """The run of one job, open: it is a new one, or the one that the job had before."""

    def spelled(self, series: str) -> str:
        """A series as the tracker takes its name."""
        return series

    def known(self) -> Mapping[SeriesAt, float]:
        """What the run has already, of an attempt before, by spelled names; {} where nobody can say."""
        return {}

    @abstractmethod
    def log(self, steps: Sequence[StepValues]) -> None:
        """Add values to the series of these, spelled, names; a step may come again, with later values."""

    def score(self, last: int, values: Mapping[str, float]) -> None:
        """Add the scores of the trained model, ``dev/accuracy``, which are values of its last step."""
        self.log([(last, values)])

    @abstractmethod
    def end(self, how: Ending) -> None:
        """Write what is left, and let the run go."""


class Tracker:
    """Where runs are sent; a subclass stands in a file of its name, and loads its package inside functions.

    It may raise anything: that is told in a line, and the job goes on. All calls come from one thread.

    Attributes:
        package: the package that it needs, as it is imported.
    """

    package: ClassVar[str] = ""

    @classmethod
    def name(cls) -> str:
        """What users type: the name of the module it stands in."""
        return cls.__module__.rpartition(".")[2]

    @classmethod
    def lacking(cls) -> str:
        """Why it cannot be used on this machine, in a line; "" where it can."""
        if not cls.package or importlib.util.find_spec(cls.package) is not None:
            return ""
        ours = cls.__module__.startswith("ftbench.")
        wanted = f"'ftbench[{cls.name()}]'" if ours else cls.package
        return f"the package {cls.package} is not installed here: pip install {wanted}"

    def place(self) -> str:
        """Where its runs are, for people: a folder, a project."""
        raise NotImplementedError

    def open(self, job: TrackedJob) -> TrackerRun:
        """The run of a job: the one that it has, or a new one."""
        raise NotImplementedError
