"""Suite: a table or figure of a paper: its grid of jobs, and where each number stands.

A paper's file writes methods, tasks, seeds and settings as flags take them; they are read when its constants
are made, and are values from there on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from ftbench.domain import axes
from ftbench.domain.axes import MethodChoice, RecipeChoice
from ftbench.domain.perturbation import Perturbation
from ftbench.domain.target import TargetChoice, target_choices

#: What a table shows: scores of a grid, or what training cost.
SCORES, TIME = "scores", "time"

Given = TypeVar("Given")
Read = TypeVar("Read")

#: Tasks, each with its recipe settings, ``name=value`` each.
_TaskTexts = tuple[tuple[str, tuple[str, ...]], ...]
_TaskSettings = tuple[tuple[str, RecipeChoice], ...]


class _Written(Generic[Given, Read]):
    """A field that takes a text, or what the text says, and holds what it says."""

    def __init__(self, read: Callable[[Given | Read], Read], default: Given | None = None) -> None:
        self._read = read
        self._default = None if default is None else read(default)

    def __set_name__(self, owner: type[object], name: str) -> None:
        self._name = name

    def __get__(self, instance: object, owner: type[object] | None = None) -> Read:
        if instance is not None:
            value: Read = vars(instance)[self._name]
            return value
        if self._default is None:
            raise AttributeError(self._name)  # so that a dataclass asks for it
        return self._default

    def __set__(self, instance: object, value: Given | Read) -> None:
        vars(instance)[self._name] = self._read(value)


def _method(given: str | MethodChoice) -> MethodChoice:
    if isinstance(given, str):
        (given,) = axes.methods(given)
    return given


def _names(given: str | tuple[str, ...]) -> tuple[str, ...]:
    return axes.split_names(given) if isinstance(given, str) else given


def _seeds(given: str | tuple[int, ...]) -> tuple[int, ...]:
    return axes.seeds(given) if isinstance(given, str) else given


def _scored(given: str | tuple[TargetChoice, ...]) -> tuple[TargetChoice, ...]:
    return target_choices(given) if isinstance(given, str) else given


def _settings(given: tuple[str, ...] | RecipeChoice) -> RecipeChoice:
    return given if isinstance(given, RecipeChoice) else axes.recipe_settings(given)


def _by_task(given: _TaskTexts | _TaskSettings) -> _TaskSettings:
    return tuple((task, _settings(one)) for task, one in given)


@dataclass(frozen=True)
class Line:
    """A method of a table.

    Attributes:
        title: as the paper prints it.
        method: written as ``--methods`` takes it: ``dps_dense[variant=published,keep_ratio=0.9]``.
        setting: the protocol of its printed numbers, where it is not that of its block.
        settings: recipe settings of this line alone, written ``name=value``.
        doubled: a batch of twice the rows, with as many ``epochs`` or ``updates`` as the recipe has; "": not.
        ours: not in the paper.
    """

    title: str
    method: _Written[str, MethodChoice] = _Written(_method)
    setting: str = ""
    settings: _Written[tuple[str, ...], RecipeChoice] = _Written(_settings, ())
    doubled: str = ""
    ours: bool = False

    @property
    def name(self) -> str:
        """The method's name."""
        return self.method.name


@dataclass(frozen=True)
class SuiteColumn:
    """A set that is scored, where it is not the reported one of each task.

    Attributes:
        title: as the paper prints it.
        evaluation: what the jobs call it: ``mnli-mm``, ``sick:dev``, ``rte:dev@linear``.
        published: what the printed numbers call it; "" where the paper prints none.
        averaged: whether it counts in the average.
        difference: whether the paper prints its difference to vanilla, which is shown beside it.
    """

    title: str
    evaluation: str
    published: str = ""
    averaged: bool = True
    difference: bool = False


@dataclass(frozen=True)
class Panel:
    """Lines under one condition: a model, a perturbation, a training task.

    Attributes:
        lines: the methods.
        tasks: written as ``--tasks`` takes them.
        model: by its short name.
        title: the condition in words; "" where there is one only.
        setting: the protocol of the printed numbers.
        metric: of all tasks, "" for the one that each reports.
        metrics: of single tasks.
        change: to the data.
        evaluate: other tasks that are scored, written as ``--evaluate`` takes them.
        columns: the sets that are shown; () for the reported one of each task.
        settings: recipe settings of all lines, written ``name=value``.
        task_settings: recipe settings of all lines on single tasks, written alike and over ``settings``.
        printed_model: the model of the printed numbers, where a user put another one in its place.
        departs: how it departs from what the printed numbers were measured under, a phrase each.
    """

    lines: tuple[Line, ...]
    tasks: _Written[str, tuple[str, ...]] = _Written(_names, "glue-small")
    model: str = "bert-large"
    title: str = ""
    setting: str = "full"
    metric: str = ""
    metrics: Mapping[str, str] = field(default_factory=dict)
    change: Perturbation = Perturbation()
    evaluate: _Written[str, tuple[TargetChoice, ...]] = _Written(_scored, "")
    columns: tuple[SuiteColumn, ...] = ()
    settings: _Written[tuple[str, ...], RecipeChoice] = _Written(_settings, ())
    task_settings: _Written[_TaskTexts, _TaskSettings] = _Written(_by_task, ())
    printed_model: str = ""
    departs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Suite:
    """A table or figure of a paper.

    Attributes:
        name: ``paper/table``, as users type it; the paper is the source of its printed numbers.
        title: what it shows.
        blocks: the grids, in the order of the paper.
        statistics: what it prints of each cell: ``mean``, ``max``, ``std``.
        seeds: written as ``--seeds`` takes them.
        exhibit: the table that prints its numbers; "" for the one of the same name.
        transposed: whether methods are columns and tasks are rows.
        averages_only: whether the average is all that it prints.
        difference: what is printed beside the averages: ``vanilla`` or ``clean`` runs minus these, or "".
        kind: ``SCORES`` or ``TIME``.
        protocol: what the paper does, where a reader should know it, and what it leaves open.
        printed_under: recipe settings of the paper that its grid leaves out, as not every machine takes
            them: set by hand, they depart from nothing.
    """

    name: str
    title: str
    blocks: tuple[Panel, ...]
    statistics: tuple[str, ...] = ("mean",)
    seeds: _Written[str, tuple[int, ...]] = _Written(_seeds, "10")
    exhibit: str = ""
    transposed: bool = False
    averages_only: bool = False
    difference: str = ""
    kind: str = SCORES
    protocol: str = ""
    printed_under: tuple[str, ...] = ()

    @property
    def source(self) -> str:
        """The paper, as the printed numbers name it."""
        return self.name.partition("/")[0]

    @property
    def printed_in(self) -> str:
        """The table that prints its numbers."""
        return self.exhibit or self.name.partition("/")[2]

    def models(self) -> tuple[str, ...]:
        """The models, in the order of the blocks."""
        return tuple(dict.fromkeys(block.model for block in self.blocks))
