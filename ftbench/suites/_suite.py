"""Suite: a table or figure of a paper: its grid of jobs, and where each number stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ftbench.domain.perturbation import Perturbation

#: What a table shows: scores of a grid, or what training cost.
SCORES, TIME = "scores", "time"


@dataclass(frozen=True)
class Line:
    """A method of a table.

    Attributes:
        title: as the paper prints it.
        method: as ``--methods`` takes it: ``dps_dense[variant=published,keep_ratio=0.9]``.
        setting: the protocol of its printed numbers, where it is not that of its block.
        settings: recipe settings of this line alone, ``name=value``.
        doubled: a batch of twice the rows, with as many ``epochs`` or ``updates`` as the recipe has; "": not.
        ours: not in the paper.
    """

    title: str
    method: str
    setting: str = ""
    settings: tuple[str, ...] = ()
    doubled: str = ""
    ours: bool = False

    @property
    def name(self) -> str:
        """The method's name."""
        return self.method.partition("[")[0]


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
        tasks: as ``--tasks`` takes them.
        model: by its short name.
        title: the condition in words; "" where there is one only.
        setting: the protocol of the printed numbers.
        metric: of all tasks, "" for the one that each reports.
        metrics: of single tasks.
        change: to the data.
        evaluate: other tasks that are scored, as ``--evaluate`` takes them.
        columns: the sets that are shown; () for the reported one of each task.
        settings: recipe settings of all lines.
        task_settings: recipe settings of all lines on single tasks, over ``settings``.
        printed_model: the model of the printed numbers, where a user put another one in its place.
        departs: how it departs from what the printed numbers were measured under, a phrase each.
    """

    lines: tuple[Line, ...]
    tasks: str = "glue-small"
    model: str = "bert-large"
    title: str = ""
    setting: str = "full"
    metric: str = ""
    metrics: Mapping[str, str] = field(default_factory=dict)
    change: Perturbation = Perturbation()
    evaluate: str = ""
    columns: tuple[SuiteColumn, ...] = ()
    settings: tuple[str, ...] = ()
    task_settings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
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
        seeds: as ``--seeds`` takes them.
        exhibit: the table that prints its numbers; "" for the one of the same name.
        transposed: whether methods are columns and tasks are rows.
        averages_only: whether the average is all that it prints.
        difference: what is printed beside the averages: ``vanilla`` or ``clean`` runs minus these, or "".
        kind: ``SCORES`` or ``TIME``.
        protocol: what the paper does, where a reader should know it, and what it leaves open.
    """

    name: str
    title: str
    blocks: tuple[Panel, ...]
    statistics: tuple[str, ...] = ("mean",)
    seeds: str = "10"
    exhibit: str = ""
    transposed: bool = False
    averages_only: bool = False
    difference: str = ""
    kind: str = SCORES
    protocol: str = ""

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
