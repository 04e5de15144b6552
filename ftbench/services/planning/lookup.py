"""Finding: what the names of a grid mean: methods with hyper-parameters, models, tasks and their rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from ftbench import methods, models, tasks, trust
from ftbench.domain import axes, hparams, job, plan
from ftbench.domain.model import ModelRef
from ftbench.domain.target import Target
from ftbench.domain.task import MULTI_LABEL, TOKEN_CLASSIFICATION, DataRef, TaskSpec
from ftbench.errors import BadValue, DataMissing
from ftbench.models.lm_head import lacks_lm_head
from ftbench.plugins import is_file
from ftbench.services.worker.missing import Missing
from ftbench.tasks import sources
from ftbench.tasks.nli import label_map


def grid_method(choice: axes.MethodChoice, variant: str, plugins: Sequence[str] = ()) -> plan.GridMethod:
    """A method with all its hyper-parameters.

    Args:
        choice: as it was asked for.
        variant: where the choice does not give one.
        plugins: files whose methods may be named, too.

    Raises:
        BadValue: it stands for all the settings of a database, or a hyper-parameter is out of its range.
        FtbenchError: there is no such method, or its file cannot be used.
    """
    if choice.every:
        raise BadValue(f"method '{choice.text}': here one setting is meant, such as {choice.name}")
    file = trust.name(choice.name) if is_file(choice.name) else None  # who types it means to run it
    cls = methods.find(choice.name, plugins)
    name = cls.name()
    resolved = cls.resolve(choice.given, variant)
    values = hparams.identity(resolved)
    return plan.GridMethod(
        name=name,
        label=job.label(name, values, cls.defaults(), hparams.as_dict(cls.resolve({}, "published"))),
        hparams=values,
        recipe=cls.recipe_defaults(choice.given.get("variant", variant)),
        unsupported=cls(resolved).refusal,
        plugin=file,
    )


class Finder:
    """Finds models and data, each once for all grids of a request.

    Attributes:
        notes: what users' own files were understood to be, a line each.
    """

    def __init__(self, folder: Path | None) -> None:
        """Look for data in a folder; None for the hub."""
        self._folder = folder
        self._models: dict[str, plan.GridModel] = {}
        self._tasks: dict[str, plan.GridTask] = {}
        self._others: dict[str, DataRef] = {}
        self._missing_models: list[str] = []
        self._missing_rows: list[str] = []
        self._away = ""
        self.notes: list[str] = []

    @property
    def missing(self) -> Missing:
        """What was looked for and is neither here nor to be had now."""
        return Missing(tuple(self._missing_models), tuple(dict.fromkeys(self._missing_rows)), self._away)

    def model(self, text: str, retention: bool = False) -> plan.GridModel:
        """A model, as ``--models`` takes it; where ``retention`` is measured, with what it lacks for that."""
        if text not in self._models:
            spec, ref = models.resolve(text)
            here = ref.path is not None or models.cached(ref) is not None
            if not here and (away := models.away(ref)):
                self._missing_models.append(text)
                self._away = away
            taken = f"{ref.id}: its weights are named '{spec.prefix}…'; the prefix is taken off"
            note = "; ".join([taken] * bool(spec.prefix) + _without_lm_head(ref) * retention)
            self._models[text] = plan.GridModel(
                ref, spec, partial(models.recipe, spec), note, unknown=not here and spec.head is None
            )
        return self._models[text]

    def task(self, spec: TaskSpec) -> plan.GridTask:
        """A task with its rows, checked."""
        if spec.name not in self._tasks:
            data = self._located(spec)
            rows = _check_rows(spec, data) if data.revision else None
            if spec.own is not None:
                self.notes.append(_understood(spec, data))
            self._tasks[spec.name] = plan.GridTask(spec, data, rows)
        return self._tasks[spec.name]

    def _located(self, spec: TaskSpec) -> DataRef:
        """Where the rows are; without a revision where they are not here and the hub cannot be asked.

        Raises:
            DataMissing: a folder does not have them, or the hub does not.
        """
        try:
            return sources.locate(spec, self._folder)
        except DataMissing as error:
            if not error.away:
                raise
            self._missing_rows.append(spec.name)
            self._away = error.away
            return DataRef("hub", "")

    def scored_on(self, spec: TaskSpec, targets: tuple[Target, ...]) -> plan.GridTask:
        """A task whose models are scored on other tasks, too; what is its own is scored anyway."""
        others: dict[str, DataRef] = {}
        refused: dict[str, str] = {}
        for target in targets:
            if target.task == spec.name:
                continue
            other = tasks.find(target.task)
            reason = _not_scored_on(spec, other, target)
            if reason:
                refused[target.name] = reason
            else:
                others[target.name] = self._other(other, target)
        return replace(self.task(spec), others=others, refused=refused)

    def _other(self, spec: TaskSpec, target: Target) -> DataRef:
        if target.name not in self._others:
            needed = spec.with_sets(*target.sets(spec))
            data = self._located(needed)
            if data.revision:
                _check_rows(needed, data)
            self._others[target.name] = data
        return self._others[target.name]


def _understood(spec: TaskSpec, data: DataRef) -> str:
    """What a user's own file was understood to be, in a line."""
    own = spec.own
    assert own is not None
    drawn = " drawn" if own.drawn else ""
    sets = [
        f"{len(sources.read(spec, rows.name, data)):,}{drawn} for {rows.name}" for rows in spec.evaluation
    ]
    rows = f"{spec.train_rows:,} rows to train on, {', '.join(sets)}"
    what = f"{' and '.join(own.text)} -> {own.label}, {spec.predicted}"
    return f"{spec.name}: {what}; {rows}; reported: {spec.metric}"


def _not_scored_on(spec: TaskSpec, other: TaskSpec, target: Target) -> str:
    """Why a model of one task is not scored on another; "" where it can be."""
    if other.kind in (MULTI_LABEL, TOKEN_CLASSIFICATION):
        return f"{other.title} has several labels a row: models of other tasks are not scored on it"
    if target.probe:
        return f"a model of {spec.title} labels words, and probes read whole texts" if spec.by_word else ""
    if label_map(spec, other) is None:
        return f"a model of {spec.title} does not predict the labels of {other.title}"
    return ""


def _without_lm_head(ref: ModelRef) -> list[str]:
    """That no language-model loss can be measured on a model, where its files are here and lack the head."""
    place = Path(ref.path) if ref.path else models.cached(ref)
    lacks = lacks_lm_head(place) if place is not None else ""
    return [f"{ref.id}: {lacks}: --retention gives the distance alone"] if lacks else []


def _check_rows(spec: TaskSpec, data: DataRef) -> int:
    """Read the rows, so that a broken file is told now and not by each job; the number to train on.

    Raises:
        DataError: a file is truncated or malformed.
    """
    for rows in spec.evaluation:
        sources.read(spec, rows.name, data)
    return len(sources.read(spec, spec.train.name, data).labels)
