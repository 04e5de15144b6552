"""The fields that ``--where`` knows: those of jobs, perturbations, the recipe and the methods' own."""

from __future__ import annotations

from ftbench import methods, perturbations
from ftbench.db import JobSummary
from ftbench.domain import hparams
from ftbench.domain.hparams import Value
from ftbench.domain.recipe import Recipe
from ftbench.domain.result import State
from ftbench.domain.where import Home, JobField, JobFields, vocabulary

_JOB = (
    JobField(Home.JOB, "method", "text", spelled=methods.ALIASES),
    JobField(Home.JOB, "model", "text"),
    JobField(Home.JOB, "task", "text"),
    JobField(Home.JOB, "label", "text"),
    JobField(Home.JOB, "state", "text", choices=tuple(state.value for state in State)),
    JobField(Home.JOB, "seed", "number"),
)


def fields() -> JobFields:
    """The fields by name; where two have one, that of the job, the perturbation, the recipe comes first."""
    changes = [JobField(Home.PERTURBATION, entry.name, "number") for entry in perturbations.available()]
    recipe = [_declared(Home.RECIPE, spec) for spec in hparams.describe(Recipe)]
    own = [
        JobField(Home.HPARAMS, spec.name)
        for entry in methods.available()
        if entry.cls is not None
        for spec in hparams.describe(entry.cls.HParams)
    ]
    return vocabulary([*_JOB, *changes, *recipe, *own])


def of_summary(cell: JobSummary, field: JobField) -> Value:
    """What a job has of a field; None for nothing."""
    match field.home:
        case Home.JOB:
            return {"state": str(cell.state)}.get(field.name) or getattr(cell, field.name)
        case Home.PERTURBATION:
            value = cell.perturbation.value(field.name)
            return value or None if field.name == "train_size" else value
        case Home.RECIPE:
            return cell.recipe.get(field.name)
        case Home.HPARAMS:
            return cell.hparams.get(field.name)


def _declared(home: Home, spec: hparams.HParamSpec) -> JobField:
    return JobField(home, spec.name, "text" if spec.choices else "number", spec.choices)
