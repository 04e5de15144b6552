"""Catalog: what methods, tasks and models there are, as plain values."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from importlib import metadata
from typing import Any

from ftbench import methods, metrics, models, perturbations, tasks, trust
from ftbench.domain import hparams
from ftbench.domain.model import ModelSpec
from ftbench.domain.task import OwnColumns, TaskSpec
from ftbench.methods.base import FAMILIES, Method
from ftbench.metrics import Metric
from ftbench.perturbations import Perturber
from ftbench.plugins import PluginEntry, is_file

_Row = dict[str, Any]


def list_methods(plugins: Iterable[str] = ()) -> list[_Row]:
    """Every method by family, with paper and cost; what cannot be used has its error instead."""
    rows = []
    for entry in sorted(methods.available(plugins), key=_place):
        cls = entry.cls
        rows.append(
            {
                "name": entry.name,
                "title": cls.title if cls else "",
                "family": cls.family if cls else "",
                "paper": cls.paper if cls else "",
                "cost": cls.cost if cls else "",
                "source": entry.source,
                "error": entry.error,
            }
        )
    return rows


def tuners_line() -> str:
    """The methods that the installed peft brings, in a line; "" where it is not installed."""
    found = [name.partition(":")[2] for name in methods.tuners()]
    if not found:
        return ""
    version = metadata.version("peft")
    return f"and {len(found)} tuners of peft {version}, as peft:NAME: {', '.join(found)}"


def method_card(name: str) -> _Row:
    """A method's card: the paper, the update, the hyper-parameters, and where the authors' code differs."""
    _named(name)
    cls = methods.find(name)
    return {
        "name": cls.name(),
        "title": cls.title,
        "paper": cls.paper,
        "family": cls.family,
        "formula": cls.formula,
        "cost": cls.cost,
        "memory": cls.memory,
        "hyper-parameters": [setting(spec) for spec in hparams.describe(cls.HParams)],
        "differs": list(cls.differs),
        "published": dict(cls.published),
        "recipe": cls.recipe_defaults("paper"),
        "not supported": cls.unsupported_note,
        **({"library": f"{cls.library} {metadata.version(cls.library)}"} if cls.library else {}),
        **({"whole batch": cls.whole_batch} if cls.whole_batch else {}),
        "aliases": sorted(alias for alias, target in methods.ALIASES.items() if target == cls.name()),
    }


def _named(file: str) -> None:
    """Who types a file means to run it."""
    if is_file(file):
        trust.name(file)


def list_perturbations() -> list[_Row]:
    """Every perturbation in the order of application; what cannot be used has its error instead."""
    rows: list[_Row] = []
    for entry in sorted(perturbations.available(), key=_applied):
        cls = entry.cls
        value = cls.value() if cls else None
        rows.append(
            {
                "name": entry.name,
                "values": value.interval if value else "",
                "neutral": (cls.neutral or "0") if cls else "",
                "options": ", ".join(spec.name for spec in cls.options()) if cls else "",
                "changes": cls.caption if cls else "",
                "source": entry.source,
                "error": entry.error,
            }
        )
    return rows


def perturbation_card(name: str) -> _Row:
    """A perturbation's card: what it does, its value, its options, where it stands among the others."""
    _named(name.rpartition(":")[0] or name)
    cls = perturbations.find(name)
    return {
        "name": cls.name,
        "title": cls.title,
        "changes": cls.caption,
        "value": [setting(cls.value())],
        "neutral": cls.neutral or "0",
        "options": [setting(spec) for spec in cls.options()],
        "flag": cls.flag or "--perturb",
        "order": cls.order,
        "stream": cls.stream,
        "in words": " ".join((inspect.getdoc(cls) or "").split()),
    }


def list_metrics() -> list[_Row]:
    """Every metric by name; what cannot be used has its error instead."""
    return [
        {**(_metric(entry.cls()) if entry.cls else {"name": entry.name}), **_found(entry)}
        for entry in metrics.available()
    ]


def metric_card(name: str) -> _Row:
    """A metric's card: what it is, how it is computed, and what it is where it has nothing to go by."""
    _named(name)
    one = metrics.find(name)
    return {
        **_metric(one),
        "formula": one.formula,
        "where there is little": one.edges,
        "paper": one.paper,
        "chance with 2 classes": one.chance(2),
        "margin": one.margin,
        "in words": " ".join((inspect.getdoc(type(one)) or "").split()),
    }


def _metric(one: Metric) -> _Row:
    of = ", ".join(kind.replace("_", " ") for kind in one.kinds)
    return {
        "name": one.name(),
        "scores": metrics.said(one),
        "of": f"{of} ({one.classes} classes)" if one.classes else of,
        "better": "higher" if one.higher else "lower",
        "range": f"{one.low:g} to {one.high:g}",
        "shown": "× 100" if one.percent else one.unit or "as it is",
        "stored": one.stored,
    }


def _found(entry: PluginEntry[Metric]) -> _Row:
    return {"source": entry.source, "error": entry.error}


def _applied(entry: PluginEntry[Perturber]) -> tuple[float, str]:
    """Where a perturbation stands in the listing: in the order of application, those that fail last."""
    return entry.cls.order if entry.cls else float("inf"), entry.name


def list_tasks() -> list[_Row]:
    """Every task with its classes, metric and reported set; what cannot be used has its error instead."""
    return [
        {**(_task(entry.spec) if entry.spec else {"name": entry.name}), "error": entry.error}
        for entry in tasks.available()
    ]


def task(name: str) -> _Row:
    """A task: what to predict, what is reported, and where its rows are read from."""
    spec = tasks.find(name)
    row = _task(spec)
    row["classes"] = list(spec.labels)
    row["range"] = list(spec.label_range) if spec.label_range else None
    row["evaluation"] = [rows.name for rows in spec.evaluation]
    row["files"] = [rows.tsv.path for rows in (spec.train, *spec.evaluation) if rows.tsv]
    hubs = [rows.hub for rows in (spec.train, *spec.evaluation) if rows.hub]
    row["hub"] = [f"{hub.dataset} {hub.config or ''}".strip() + f" ({hub.split})" for hub in hubs]
    row["note"] = spec.note
    return row


def is_own_task(name: str) -> bool:
    """Whether a task is named by its place: a file, a folder, an id of the hub."""
    return tasks.is_own(name)


def task_named(name: str, columns: OwnColumns) -> TaskSpec:
    """The one task that a name or the place of a user's own file means.

    Raises:
        UnknownName: there is none.
        OwnDataError: the file is no task.
    """
    if not tasks.is_own(name):
        return tasks.find(name)
    (spec,) = tasks.expand([name], columns)
    return spec


def list_models() -> list[_Row]:
    """Every model of the registry; any hub id and any folder can be given, too."""
    return [_model(models.find(name)) for name in models.names()]


def model(name: str) -> _Row:
    """A model of the registry and the recipe that it brings, task by task where it differs."""
    spec = models.find(name)
    row = _model(spec)
    row["recipe"] = dict(spec.recipe)
    row["recipe by task"] = {t: dict(values) for t, values in spec.task_recipes.items()}
    return row


def setting(spec: hparams.HParamSpec) -> _Row:
    """A hyper-parameter, or a setting of the recipe: its default, what it may be, what it means."""
    return {
        "name": spec.name,
        "default": spec.default,
        "values": spec.interval or "|".join(spec.choices),
        "unit": spec.unit,
        "grid": list(spec.grid),
        "help": spec.help,
    }


def _place(entry: PluginEntry[Method]) -> tuple[int, str]:
    """Where a method stands in the listing: by family, then by name; unknown families last."""
    family = entry.cls.family if entry.cls else ""
    return FAMILIES.index(family) if family in FAMILIES else len(FAMILIES), entry.name


def _task(spec: TaskSpec) -> _Row:
    return {
        "name": spec.name,
        "title": spec.title,
        "benchmark": spec.benchmark,
        "outputs": spec.predicted,
        "metric": spec.metric,
        "reported": spec.evaluation[0].name,
    }


def _model(spec: ModelSpec) -> _Row:
    return {
        "name": spec.name,
        "hub id": spec.hub_id,
        "family": spec.family,
        "parameters (M)": spec.parameters,
        "note": spec.note,
    }
