"""Cards of users' own methods and changes to the data: made where their files were named."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from ftbench import methods, perturbations, tasks
from ftbench.domain import hparams
from ftbench.domain.cards import CARDS, MethodCard, text_of
from ftbench.domain.job import Job
from ftbench.domain.plan import Plan, Planned
from ftbench.domain.task import TaskSpec
from ftbench.errors import FtbenchError, PluginError
from ftbench.methods import Method
from ftbench.methods.base import VARIANTS

TYPICAL_ROWS = 10_000  # to train on, of a task that does not say


def carded(whole: Plan) -> Plan:
    """A plan whose jobs carry the cards of the files that its user has just named."""
    changes = cache(lambda name, file: perturbations.card_of_change(perturbations.find(name, {name: file})))

    made: dict[tuple[object, ...], dict[str, Any]] = {}  # seeds share theirs

    def with_cards(planned: Planned) -> Planned:
        job, places = planned.job, planned.places
        files = places.get("perturbations") or {}
        cards: dict[str, Any] = dict(places.get(CARDS) or {})
        if places.get("plugins"):
            key = job.method, str(job.hparams), job.task, job.recipe, job.perturbation.train_size
            if key not in made:
                made[key] = card_of_job(job, places).document()
            cards["method"] = made[key]
        if files:
            cards["perturbations"] = {name: changes(name, file) for name, file in files.items()}
        return replace(planned, places={**places, CARDS: cards}) if cards else planned

    return replace(whole, jobs=tuple(map(with_cards, whole.jobs)))


def card_of_job(job: Job, places: Mapping[str, Any]) -> MethodCard:
    """What the method of a job says of itself; its file is run.

    Args:
        job: the job.
        places: its files, those of its method named by the user.

    Raises:
        UnknownName: it is not there.
        PluginError: its file cannot be used, or what it says of itself fails.
    """
    files = tuple(places["plugins"])
    cls = methods.find(job.method, files)
    task = tasks.task_of_job(job.task, places)
    method = cls(hparams.parse(cls.HParams, job.hparams, owner=job.method))
    try:
        return MethodCard(
            text_of(cls.title),
            hparams.normalise(cls.defaults()),
            tuple(hparams.normalise(cls.recipe_defaults(variant)) for variant in VARIANTS),
            text_of(method.note_for(task) or ""),
            float(method.passes(task, epochs(job, task))),
        )
    except Exception as error:  # a plug-in may raise anything
        said = " ".join(f"{type(error).__name__}: {error}".split())
        raise PluginError(f"{files[0]}: what {job.method} says of itself fails: {said}") from error


def passes(job: Job, task: TaskSpec, cls: type[Method]) -> float:
    """What an update of a job takes, by its method; 1 where that does not take its hyper-parameters."""
    try:
        method = cls(hparams.parse(cls.HParams, job.hparams, owner=job.method))
    except FtbenchError:
        return 1.0
    return method.passes(task, epochs(job, task))


def training_rows(job: Job, task: TaskSpec) -> int:
    """How many rows a job trains on, as far as its task says."""
    return job.perturbation.train_size or task.train_rows or TYPICAL_ROWS


def epochs(job: Job, task: TaskSpec) -> float:
    """How often a job goes through its rows."""
    rows = training_rows(job, task)
    return job.recipe.total_steps(rows) / math.ceil(rows / job.recipe.batch_size)
