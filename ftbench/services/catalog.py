"""Catalog: what methods, tasks and models there are, as plain values."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from importlib import metadata
from typing import Any

from ftbench import methods, models, perturbations, tasks, trust
from ftbench.domain import hparams
from ftbench.domain.model import ModelSpec
from ftbench.domain.task import TaskSpec
from ftbench.methods.base import FAMILIES, Method
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
        "outputs": "a number" if spec.regression else f"{len(spec.labels)} classes",
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
