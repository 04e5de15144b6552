"""Which jobs may stand in one table: one model, one size of the training set, one way of training.

A recipe may differ between two tasks of a table, because a model brings its own for each task, and between
two methods, because a method brings its own settings. What a user changed by hand may not: each such change
makes a table of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from ftbench.domain import hparams
from ftbench.domain.cards import MethodCard
from ftbench.domain.recipe import Recipe, layered
from ftbench.domain.study import Study
from ftbench.domain.suited import length
from ftbench.errors import FtbenchError
from ftbench.services.scores.jobs import ReportJob
from ftbench.services.scores.own import OwnMethods

#: model, task, method -> the recipes that they bring, one for each variant of the method.
Brought = Callable[[str, str, str], Sequence[Mapping[str, Any]]]
SHOWN = tuple("epochs steps batch_size lr warmup_ratio warmup_steps weight_decay dropout precision".split())
DATA = "data"
"""Stands among the changes where a task's jobs were run on different rows."""
TUNED = "tuned"
"""Stands among the changes where jobs were run with the choices of a study, which it names."""


@dataclass(frozen=True)
class Setting:
    """The jobs of one table, and what they have in common.

    Attributes:
        model: the model's id.
        revision: its revision, where the report has several; else "".
        train_size: the rows trained on; None for all.
        changed: the settings that were changed by hand.
        jobs: the jobs.
        common: the recipe settings that all of them share.
        varying: the other settings: name -> task, method label -> value.
        study: whose choices the runs were trained with, in place of the recipe; None for none.
    """

    model: str
    revision: str
    train_size: int | None
    changed: Mapping[str, Any]
    jobs: tuple[ReportJob, ...]
    common: Mapping[str, Any] = field(default_factory=dict)
    varying: Mapping[str, Mapping[tuple[str, str], Any]] = field(default_factory=dict)
    study: Study | None = None

    @property
    def title(self) -> str:
        """The model, the training rows, and what was changed."""
        rows = "all training rows" if self.train_size is None else f"{self.train_size:,} training rows"
        model = f"{self.model} at {self.revision[:15]}" if self.revision else self.model
        return " · ".join(
            [model, rows, *(f"{k}={plain_value(v)}" for k, v in self.changed.items() if v is not None)]
        )

    def with_choices_of(self, study: Study) -> Setting:
        """The same jobs, which were trained with a study's choices."""
        return replace(self, study=study, changed={**self.changed, TUNED: study.name})

    def recipe_lines(self) -> tuple[str, ...]:
        """The recipe in a line, and a line for each setting that differs between tasks or methods."""
        if self.study is not None:
            return (self.study.said(),)
        shown = [k for k in (*SHOWN, *(k for k in self.changed if k not in SHOWN)) if k in self.common]
        told = [f"{k}={plain_value(self.common[k])}" for k in shown if self.common[k] is not None]
        lines = ["Recipe: " + ", ".join(told)]
        for name, values in self.varying.items():
            by_task = {task: {v for (t, _), v in values.items() if t == task} for task, _ in values}
            by_method = {label: {v for (_, m), v in values.items() if m == label} for _, label in values}
            if all(len(v) == 1 for v in by_task.values()):
                told = _by_name({task: plain_value(*v) for task, v in by_task.items()})
            elif all(len(v) == 1 for v in by_method.values()):
                told = _by_name({label: plain_value(*v) for label, v in by_method.items()})
            else:
                told = _by_name({f"{label} on {task}": plain_value(v) for (task, label), v in values.items()})
            lines.append(f"Recipe, {name}: " + ", ".join(told))
        return tuple(lines)


def plain_value(value: Any) -> str:
    """A setting's value as a user writes it."""
    return f"{value:g}" if isinstance(value, float) else "none" if value is None else str(value)


def _by_name(values: Mapping[str, str]) -> list[str]:
    """Each name with its value; where most have one value, that and the exceptions."""
    ((usual, count),) = Counter(values.values()).most_common(1)
    told = [f"{name} {value}" for name, value in values.items()]
    if count <= 3 or count <= len(values) / 2:
        return told
    return [usual, *(f"{name} {value}" for name, value in values.items() if value != usual)]


def brought(own_methods: OwnMethods) -> Brought:
    """What the registries of models and methods say; what they do not know brings nothing.

    Args:
        own_methods: those that are not installed.
    """
    from ftbench import methods, models
    from ftbench.methods.base import VARIANTS

    @cache
    def of_method(method: str) -> Sequence[Mapping[str, Any]]:
        try:
            cls = methods.of_row(method)
        except FtbenchError:
            return own_methods.cards.get(method, MethodCard()).recipes
        return [cls.recipe_defaults(variant) for variant in VARIANTS]

    @cache
    def of(model: str, task: str, method: str) -> Sequence[Mapping[str, Any]]:
        try:
            own: Mapping[str, Any] = models.recipe(models.find(model), task)
        except FtbenchError:
            own = {}  # ids of the hub and folders bring no recipe
        try:
            return [hparams.as_dict(layered(own, variant)) for variant in of_method(method)]
        except FtbenchError:  # a card of a recipe that there is not
            return [hparams.as_dict(layered(own))]

    return of


def split(jobs: Iterable[ReportJob], of: Brought) -> list[Setting]:
    """The tables that jobs make: by model, training rows, and what was changed in the recipe by hand.

    A job can stand in two of them: where a change by hand sets what a task's recipe has anyway, its jobs
    belong to the table of the recipe and to that of the change.
    """
    groups: dict[tuple[str, str, int | None], list[ReportJob]] = {}
    for job in jobs:
        cell = job.cell
        groups.setdefault((cell.model, cell.model_revision, cell.train_size), []).append(job)
    revisions: dict[str, set[str]] = {}
    for model, revision, _ in groups:
        revisions.setdefault(model, set()).add(revision)
    settings = []
    for (model, revision, size), members in groups.items():
        named = revision if len(revisions[model]) > 1 else ""
        for changed, chosen in _by_change(members, of):
            common, varying = _compare(chosen)
            settings.append(Setting(model, named, size, changed, tuple(chosen), common, varying))
    order = {model: at for at, (model, _, _) in enumerate(groups)}
    return sorted(
        settings, key=lambda s: (order[s.model], s.revision, s.train_size or float("inf"), len(s.changed))
    )


@dataclass(frozen=True)
class _Kind:
    """Jobs with one way of training: the way, and what would have been without a change by hand."""

    training: Mapping[str, Any]
    without: Sequence[Mapping[str, Any]]
    jobs: list[ReportJob]

    def changes(self) -> dict[str, Any]:
        """What was changed by hand; of a method's variants, the one that explains most."""
        options = [{k: v for k, v in self.training.items() if v != base.get(k)} for base in self.without]
        return min(options, key=len)

    def has(self, changes: Mapping[str, Any]) -> bool:
        """Whether queueing with these changes makes these very jobs."""
        return any(
            all(v == changes.get(k, base.get(k)) for k, v in self.training.items()) for base in self.without
        )


def _by_change(jobs: Sequence[ReportJob], of: Brought) -> list[tuple[dict[str, Any], list[ReportJob]]]:
    kinds = _kinds(jobs, of)
    candidates: list[dict[str, Any]] = []
    for kind in kinds:
        if (changes := kind.changes()) not in candidates:
            candidates.append(changes)
    found = []
    for changes in sorted(candidates, key=len):
        chosen = [at for at, kind in enumerate(kinds) if kind.has(changes)]
        found.append((changes, chosen))
    # A table whose jobs all stand in another one says nothing of its own.
    kept = [
        (changes, chosen)
        for at, (changes, chosen) in enumerate(found)
        if not any(
            set(chosen) < set(other) or (set(chosen) == set(other) and before < at)
            for before, (_, other) in enumerate(found)
            if before != at
        )
    ]
    return [(changes, [job for at in chosen for job in kinds[at].jobs]) for changes, chosen in kept]


def _kinds(jobs: Sequence[ReportJob], of: Brought) -> list[_Kind]:
    # A setting that an older version did not have yet was at its default.
    defaults = hparams.as_dict(Recipe())
    first_data: dict[str, str] = {}
    grouped: dict[tuple[str, str, str, str], list[ReportJob]] = {}
    for job in jobs:
        cell = job.cell
        first_data.setdefault(cell.task, cell.data_revision)
        grouped.setdefault((cell.task, cell.method, cell.data_revision, cell.recipe.text), []).append(job)
    kinds = []
    for (task, method, data, _), members in grouped.items():
        model, recipe = members[0].cell.model, members[0].cell.recipe
        values = members[0].cell.hparams
        fitting = [fitted(base, model, task, values) for base in of(model, task, method)]
        without = [{**base, DATA: first_data[task]} for base in fitting]
        kinds.append(_Kind({**defaults, **recipe, DATA: data}, without, members))
    return kinds


def fitted(recipe: Mapping[str, Any], model: str, task: str, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """A recipe that was brought, as ``queue`` fits it to a model: nobody shortened it by hand.

    Args:
        recipe: every setting by name.
        model: its id; of one that is not in the registry it is not known here how many positions it has.
        task: its name.
        values: the hyper-parameters of the method.
    """
    from ftbench import models, tasks

    try:
        spec = models.find(model)
    except FtbenchError:
        return recipe
    try:
        longest = tasks.find(task).longest
    except FtbenchError:
        longest = 0  # of a user's own file
    return {**recipe, "max_length": length(recipe["max_length"], spec, longest, values)}


def _compare(
    jobs: Sequence[ReportJob],
) -> tuple[dict[str, Any], dict[str, dict[tuple[str, str], Any]]]:
    """The settings that all jobs share, and the others by task and method label."""
    recipes: dict[tuple[str, str, str], Mapping[str, Any]] = {}
    for job in jobs:
        recipes[job.cell.task, job.cell.label, job.cell.recipe.text] = job.cell.recipe
    names = dict.fromkeys(name for recipe in recipes.values() for name in recipe)
    common: dict[str, Any] = {}
    varying: dict[str, dict[tuple[str, str], Any]] = {}
    for name in names:
        values = {(task, label): recipe.get(name) for (task, label, _), recipe in recipes.items()}
        if len(set(values.values())) == 1:
            common[name] = next(iter(values.values()))
        else:
            varying[name] = values
    return common, varying
