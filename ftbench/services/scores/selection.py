"""What a report was asked for: which jobs it is about, and the command that would make such jobs."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ftbench import methods, models, tasks
from ftbench.db import CellRow
from ftbench.domain import axes, hparams
from ftbench.domain.axes import MethodChoice
from ftbench.errors import UnknownName, UsageError
from ftbench.render.layouts import LAYOUTS, STATISTIC_TITLES
from ftbench.render.table import Row
from ftbench.services.scores.settings import DATA
from ftbench.settings import DEFAULT_DATABASE

FOLDER = "folder:"
#: What the papers' tables span, where nothing else is known.
USUAL_METHODS, USUAL_TASKS = (
    "rdrop,bidrop",
    {None: "glue-small", "noise": "cola,mrpc,rte", "reduction": "cola,mrpc,rte"},
)
USUAL_RATIOS = {"noise": "0,0.05,0.1,0.15", "reduction": "0,0.5,0.6,0.7"}
USUAL_SEEDS = "10"


@dataclass(frozen=True)
class Request:
    """The flags' texts, None where a flag was not given.

    Attributes:
        table: the layout's name.
        baseline: a method's name or label; its jobs are let through whatever ``methods`` says.
        show: the statistics to show, with commas; None for those of the layout.
        collapsed: whether runs that collapsed count.
    """

    table: str = "main"
    models: str | None = None
    tasks: str | None = None
    methods: str | None = None
    baseline: str = "vanilla"
    show: str | None = None
    collapsed: bool = True

    def statistics(self) -> tuple[str, ...]:
        """The statistics to show; () for those of the layout.

        Raises:
            UnknownName: there is no such statistic.
            UsageError: the table's cells are estimates, not statistics of scores.
        """
        names = axes.names(self.show or "")
        layout = LAYOUTS.get(self.table)
        if names and layout and any(part.curve for part in layout.parts):
            raise UsageError(f"--show does not go with the table '{self.table}'; leave one of the two out")
        for name in names:
            if name not in STATISTIC_TITLES:
                raise UnknownName("statistic", name, STATISTIC_TITLES)
        return names

    @property
    def baseline_label(self) -> str:
        """The baseline, aliases resolved."""
        return methods.ALIASES.get(self.baseline.lower(), self.baseline)

    def check(self, cells: Collection[CellRow]) -> None:
        """Refuse names that neither the database nor a registry carries.

        Raises:
            UnknownName: with the nearest right one.
        """
        in_use = {cell.model for cell in cells}
        for text in axes.names(self.models or ""):
            if model_id(text) not in in_use and not _is_place(text):
                _unknown_unless("model", text, models.find, {*in_use, *models.names()})
        known = {cell.task for cell in cells}
        for text in axes.names(self.tasks or ""):
            if text not in known:
                _unknown_unless("task", text, lambda name: tasks.expand([name]), {*known, *tasks.names()})
        carried = {cell.method for cell in cells}
        for choice in (*axes.methods(self.methods or ""), *axes.methods(self.baseline)):
            if choice.name not in carried and not _is_file(choice.name):
                names = {*carried, *(entry.name for entry in methods.available())}
                _unknown_unless("method", choice.name, methods.find, names)

    def lets_through(self, cells: Iterable[CellRow]) -> list[CellRow]:
        """The jobs that the flags mean."""
        wanted_models = {model_id(text) for text in axes.names(self.models or "")}
        wanted_tasks = set(self.task_names())
        choices = axes.methods(self.methods or "")
        baseline = self.baseline_label
        meant: dict[tuple[str, str, int], bool] = {}  # rows share their hyper-parameters
        found = []
        for cell in cells:
            key = cell.method, cell.label, id(cell.hparams)
            if key not in meant:
                named = not choices or baseline in (cell.method, cell.label)
                meant[key] = named or any(_is(cell, choice) for choice in choices)
            there = not wanted_models or cell.model in wanted_models
            if there and meant[key] and (not wanted_tasks or cell.task in wanted_tasks):
                found.append(cell)
        return found

    def absent(self, rows: Collection[Row]) -> list[MethodChoice]:
        """The methods that were asked for of which a report has no row."""
        return [one for one in axes.methods(self.methods or "") if not any(_is(row, one) for row in rows)]

    def task_names(self) -> list[str]:
        """The tasks that were asked for, groups spelled out; [] for all."""
        names = []
        for text in axes.names(self.tasks or ""):
            try:
                names += [spec.name for spec in tasks.expand([text])]
            except UnknownName:
                names.append(text)
        return names


def command(
    request: Request,
    address: str,
    cells: Sequence[CellRow] = (),
    axis: str | None = None,
    changed: Mapping[str, Any] | None = None,
) -> str:
    """``ftbench queue …`` that would fill a table: as asked for, or like the jobs that there are.

    Args:
        request: the flags.
        address: of the database.
        cells: jobs of the same models, tasks and methods.
        axis: the perturbation that the table is about, or None.
        changed: the recipe settings that these jobs were given by hand.
    """
    names = {cell.task for cell in cells}
    usable = _classifications(names) if axis else names
    found = [cell for cell in cells if cell.task in usable]
    baseline = request.baseline_label
    labels = dict.fromkeys(cell.label for cell in found if cell.label != baseline)
    wanted = {
        "--methods": request.methods or ",".join(labels) or USUAL_METHODS,
        "--tasks": request.tasks or ",".join(dict.fromkeys(c.task for c in found)) or USUAL_TASKS[axis],
        "--models": request.models or ",".join(dict.fromkeys(_typed(c.model) for c in found)),
        "--train-size": ",".join(dict.fromkeys(str(c.train_size) for c in found if c.train_size)),
        "--seeds": _seeds({cell.seed for cell in found}) or USUAL_SEEDS,
    }
    if axis:
        wanted[f"--{axis}"] = USUAL_RATIOS[axis]
    if address and address != DEFAULT_DATABASE:
        wanted["--db"] = address
    words = [word for pair in wanted.items() if pair[1] for word in pair]
    for name, value in (changed or {}).items():
        words += ["--set", f"{name}={value}"] if name != DATA and value is not None else []
    return shlex.join(["ftbench", "queue", *words])


def _is(cell: CellRow | Row, choice: MethodChoice) -> bool:
    """Whether a job or a row is of a method, with the hyper-parameters that were given."""
    name = Path(choice.name).stem if _is_file(choice.name) else choice.name
    if cell.method != methods.ALIASES.get(name.lower(), name):
        return False
    return all(k in cell.hparams and _same(cell.hparams[k], text) for k, text in choice.given.items())


def _same(value: hparams.Value, text: str) -> bool:
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return float(text) == value
        except ValueError:
            return False
    return str(value).lower() == text.lower()


def model_id(text: str) -> str:
    """The id that the jobs of a model carry."""
    if _is_place(text) and Path(text).expanduser().is_dir():
        return FOLDER + Path(text).expanduser().resolve().name
    try:
        return models.find(text.partition("@")[0]).name
    except UnknownName:
        return text.partition("@")[0]


def _typed(model: str) -> str:
    """A model's id as ``queue`` takes it; where a folder stands is not known here."""
    return model.replace(FOLDER, "./")


def _classifications(tasks_named: Iterable[str]) -> set[str]:
    """The tasks that have classes: labels of others cannot be made wrong, nor their rows reduced."""
    names = set()
    for name in tasks_named:
        try:
            if tasks.find(name).regression:
                continue
        except UnknownName:
            pass
        names.add(name)
    return names


def _seeds(seeds: set[int]) -> str:
    if not seeds:
        return ""
    if seeds == set(range(len(seeds))):
        return str(len(seeds))
    return ",".join(map(str, sorted(seeds))) + ("," if len(seeds) == 1 else "")


def _is_place(text: str) -> bool:
    return "/" in text


def _is_file(name: str) -> bool:
    return name.endswith(".py")


def _unknown_unless(kind: str, text: str, find: Callable[[str], object], known: Iterable[str]) -> None:
    try:
        find(text)
    except UnknownName:
        raise UnknownName(kind, text, known) from None
