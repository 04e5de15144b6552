"""Which jobs of a database are meant: the filters that reports, comparisons, claims and exports share."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from ftbench import methods, models, tasks
from ftbench.db import JobSummary
from ftbench.db.rows import JobFilter
from ftbench.domain.axes import MethodChoice
from ftbench.domain.where import Where, holds
from ftbench.errors import UnknownName
from ftbench.methods.base import BASELINE
from ftbench.models.resolve import covered, is_place, model_id
from ftbench.render.table import Row
from ftbench.services.scores.fields import of_summary
from ftbench.services.scores.titles import BY_TITLE, Naming
from ftbench.settings import place


@dataclass(frozen=True)
class Selection:
    """The filters; an empty one lets everything through.

    Attributes:
        models: only these, by names, ids or folders.
        tasks: only these, by names or groups.
        methods: only these, and the baseline.
        baseline: its jobs are let through whatever ``methods`` says; None where there is none.
        naming: how methods are called.
        where: an expression that holds of all of them, the baseline's, too; None for any.
    """

    models: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    methods: tuple[MethodChoice, ...] = ()
    baseline: MethodChoice | None = MethodChoice(BASELINE, {})
    naming: Naming = BY_TITLE
    where: Where | None = None

    @property
    def baseline_label(self) -> str:
        """The baseline as rows are labelled, aliases resolved; "" where there is none."""
        return methods.canonical(self.baseline.text) if self.baseline else ""

    def check(self, cells: Collection[JobSummary]) -> None:
        """Refuse names that neither the database nor a registry carries.

        Raises:
            UnknownName: with the nearest right one.
        """
        pairs = {(cell.model, cell.model_revision) for cell in cells}
        in_use = {name for name, _ in pairs}
        for text in self.models:
            if not is_place(text) and not covered(text, pairs):
                _unknown_unless("model", text, models.find, {*in_use, *models.names()})
        known = {cell.task for cell in cells}
        for text in self.tasks:
            if text not in known:
                _unknown_unless("task", text, task_names_of, {*known, *tasks.names()})
        carried = {cell.method for cell in cells}
        for choice in (*self.methods, *([self.baseline] if self.baseline else [])):
            if choice.name not in carried and not _is_file(choice.name):
                names = {*carried, *(entry.name for entry in methods.available())}
                _unknown_unless("method", choice.name, methods.find, names)

    def lets_through(self, cells: Collection[JobSummary]) -> list[JobSummary]:
        """The jobs that the flags mean."""
        wanted_models = set(self.models_of(cells))
        wanted_tasks = set(self.task_names())
        baseline = self.baseline_label
        meant: dict[tuple[str, str, str], bool] = {}
        found = []
        for cell in cells:
            key = cell.method, cell.label, cell.hparams.text
            if key not in meant:
                named = not self.methods or baseline in (cell.method, cell.label)
                meant[key] = named or any(is_of(cell, choice) for choice in self.methods)
            there = not self.models or cell.model in wanted_models
            if there and meant[key] and (not wanted_tasks or cell.task in wanted_tasks):
                found.append(cell)
        where = self.where
        return found if where is None else [c for c in found if holds(where, partial(of_summary, c))]

    def absent(self, rows: Collection[Row]) -> list[MethodChoice]:
        """The methods that were asked for of which a report has no row."""
        return [one for one in self.methods if not any(is_of(row, one) for row in rows)]

    def model_ids(self) -> list[str]:
        """The ids of the models that were asked for, as jobs carry them; [] for all."""
        return [model_id(text) for text in self.models]

    def models_of(self, cells: Iterable[JobSummary]) -> list[str]:
        """The models that were asked for, as some jobs name them; [] for all, or where none are."""
        pairs = dict.fromkeys((cell.model, cell.model_revision) for cell in cells) if self.models else {}
        return [name for text in self.models for name in covered(text, pairs.keys())]

    def folders(self) -> dict[str, Path]:
        """Where the rows of users' own tasks are that were named by their place: name -> folder."""
        return dict(filter(None, map(tasks.own_folder, self.tasks)))

    def task_names(self) -> list[str]:
        """The tasks that were asked for, groups spelled out; [] for all."""
        names = []
        for text in self.tasks:
            try:
                names += task_names_of(text)
            except UnknownName:
                names.append(text)
        return names


def task_names_of(text: str) -> list[str]:
    """The tasks that a name, a group or the place of a user's own file means, as jobs carry them.

    Raises:
        UnknownName: nothing carries the name.
    """
    name = tasks.called(text)
    return [name] if name != text else [spec.name for spec in tasks.expand([text])]


def is_of(cell: JobSummary | Row, choice: MethodChoice) -> bool:
    """Whether a job or a row is of a method, with the hyper-parameters that were given."""
    return cell.method == methods.canonical(by_name(choice).name) and choice.fits(cell.hparams)


def _is_file(name: str) -> bool:
    return name.endswith(".py")


def named_files(methods: Iterable[MethodChoice]) -> dict[str, str]:
    """The methods that were given by their file: name -> its whole path."""
    given = [choice for choice in methods if _is_file(choice.name)]
    return {by_name(one).name: str(place(one.name, "method").resolve()) for one in given}


def by_name(choice: MethodChoice) -> MethodChoice:
    """A method that was given by its file by the name that jobs carry."""
    return replace(choice, name=Path(choice.name).stem) if _is_file(choice.name) else choice


def _unknown_unless(kind: str, text: str, find: Callable[[str], object], known: Iterable[str]) -> None:
    try:
        find(text)
    except UnknownName:
        raise UnknownName(kind, text, known) from None


def in_order(names: Iterable[str], asked: Sequence[str]) -> list[str]:
    """Tasks in the order asked for, else in that of the listing; unknown ones last."""
    order = {name: at for at, name in enumerate(asked or tasks.names())}
    return sorted(dict.fromkeys(names), key=lambda name: order.get(name, len(order)))


def roughly(rows: Sequence[JobSummary], of: Sequence[JobSummary]) -> JobFilter:
    """A filter that lets at least these jobs of the database's through."""
    if len(rows) == len(of):
        return JobFilter()
    return JobFilter(
        models=tuple({cell.model for cell in rows}) or ("",),
        tasks=tuple({cell.task for cell in rows}),
        methods=tuple({cell.method for cell in rows}),
    )
