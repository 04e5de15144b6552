"""The jobs that are trials of studies, which tables of the queue count apart from runs."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, select

from ftbench.db.checked import known_change, read_rows
from ftbench.db.engine import Store
from ftbench.db.filters import matching
from ftbench.db.names import shown_model
from ftbench.db.rows import ALL, JobFilter
from ftbench.db.studies import stored_studies
from ftbench.db.tables import jobs
from ftbench.domain.perturbation import Perturbation
from ftbench.domain.result import State

_BATCH = 500  # digests that are asked for at once


class TrialJob(NamedTuple):
    """A trial: whose it is, and where it stands.

    Attributes:
        study: the name of the first study that has it.
        method: as the study names it, without what was drawn.
        model, task, label, perturbation, state: of its job; the label has what was drawn.
    """

    study: str
    method: str
    model: str
    task: str
    label: str
    perturbation: Perturbation
    state: State


def trial_jobs(store: Store, connection: Connection, where: JobFilter = ALL) -> list[TrialJob]:
    """The trials of all studies among the jobs that a filter lets through, in the order of their studies."""
    owners: dict[str, tuple[str, str]] = {}
    for study in stored_studies(connection, store.set_aside):
        for trial in study.trials:
            owners.setdefault(trial.digest, (study.name, trial.method))
    shown = shown_model(connection)
    fields = ("digest", "model", "task", "label", "perturbation", "state")
    query = select(*(shown if name == "model" else jobs.c[name] for name in fields))
    found: dict[str, TrialJob] = {}
    digests, convert = list(owners), {"perturbation": known_change, "state": State}
    for at in range(0, len(digests), _BATCH):
        some = query.where(jobs.c.digest.in_(digests[at : at + _BATCH]), matching(where, shown))
        for digest, *rest in read_rows(store.rows_of(connection, some), fields, convert, store.set_aside):
            found[digest] = TrialJob(*owners[digest], *rest)
    return [found[digest] for digest in owners if digest in found]
