"""What goes into the stores and comes out: plain values, no SQLAlchemy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

from ftbench.domain.claim import DeclaredClaim
from ftbench.domain.job import Job
from ftbench.domain.perturbation import Perturbation
from ftbench.domain.result import Outcome, State
from ftbench.domain.where import Where


class Document(dict[str, Any]):
    """A JSON object that rows share, with the text that tells it from others; do not change it.

    Attributes:
        text: its JSON with sorted keys; equal for equal objects, and a quick key.
    """

    __slots__ = ("text",)

    def __init__(self, values: Mapping[str, Any]) -> None:
        """Take the values, and write their text once."""
        super().__init__(values)
        self.text = json.dumps(self, sort_keys=True)


@dataclass(frozen=True)
class Entry:
    """A job to be queued, with what is not part of its identity.

    Attributes:
        job: the job.
        label: the method as tables show it: ``bidrop[k=3]``.
        priority: higher goes first.
        places: where things are on this machine (``model``, ``data``, ``plugins``), as JSON values.
    """

    job: Job
    label: str
    priority: int = 0
    places: Mapping[str, Any] = field(default_factory=dict)


class Added(NamedTuple):
    """What became of the entries; the three sum to their number.

    Attributes:
        added: new jobs.
        known: were there already, in any state but cancelled (or stood in the list twice).
        revived: were cancelled and are queued again.
    """

    added: int
    known: int
    revived: int


@dataclass(frozen=True)
class Lease:
    """A worker's lease on a job.

    Attributes:
        digest: the job's identity.
        token: the lease's secret; results are recorded only with it.
        worker: who has it.
        attempt: which try of the job's life this is, from 1.
        job: what to do.
        label: the method as tables show it.
        places: where things are on this machine.
    """

    digest: str
    token: str
    worker: str
    attempt: int
    job: Job
    label: str
    places: Mapping[str, Any]


class Moved(NamedTuple):
    """A job that a claim has moved on its way to another one.

    Attributes:
        state: where it stands now: queued again, or failed for good.
        owner: the worker whose lease had expired; None where no worker can read the job.
        reason: why, in words.
    """

    digest: str
    state: State
    owner: str | None
    reason: str


@dataclass(frozen=True)
class JobFilter:
    """Which jobs: those that match one value of every axis that has values; without any, all.

    Attributes:
        states: where they stand.
        models: names of models, or ids, which several folders of one last name share.
        tasks: names of tasks.
        methods: names of methods, or labels (``bidrop[k=3]``).
        digests: whole digests.
        where: an expression that holds; None for any.
    """

    states: tuple[State, ...] = ()
    models: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()
    where: Where | None = None


ALL = JobFilter()

#: The perturbations that have a column of their own, kept for queries and listings.
OWN_COLUMNS = ("train_size", "reduction", "noise")


class JobRow(NamedTuple):
    """A job and where it stands; times are seconds since 1970 (UTC)."""

    digest: str
    state: State
    label: str
    model: str
    task: str
    method: str
    seed: int
    perturbation: Perturbation
    attempts: int
    priority: int
    created: float
    owner: str | None
    expires: float | None
    spec: Mapping[str, Any]
    places: Mapping[str, Any]

    @property
    def train_size(self) -> int | None:
        """The rows trained on; None for all."""
        return self.perturbation.train_size


class ScoreRow(NamedTuple):
    """A score with the axes of its job; rows share their ``hparams`` and ``recipe``: do not change them."""

    digest: str
    label: str
    model: str
    task: str
    method: str
    hparams: Document
    recipe: Document
    seed: int
    perturbation: Perturbation
    state: State
    evaluation: str
    metric: str
    value: float
    n_attempts: int
    model_revision: str
    data_revision: str


class ValueRow(NamedTuple):
    """A score and its job, whose axes and state are in its ``JobSummary``."""

    digest: str
    evaluation: str
    metric: str
    value: float


class JobSummary(NamedTuple):
    """The axes of a job in any state, done or not; rows share their ``hparams`` and ``recipe``.

    Attributes:
        last_outcome: how the latest attempt of a failed job ended; None of other jobs.
        aside: why the scores of a done job stand in no table, such as ``other code``; "" where they may.
        trial: whether it is scored on held-out training rows, for tuning; such jobs stand in no table.
    """

    digest: str
    label: str
    model: str
    task: str
    method: str
    seed: int
    perturbation: Perturbation
    state: State
    last_outcome: Outcome | None
    hparams: Document
    recipe: Document
    model_revision: str
    data_revision: str
    aside: str = ""
    trial: bool = False

    @property
    def scored(self) -> bool:
        """Whether its scores may stand in a table: a job that is run again has none until it ends."""
        return self.state is State.DONE and not self.aside

    @property
    def train_size(self) -> int | None:
        """The rows trained on; None for all."""
        return self.perturbation.train_size


class AttemptRow(NamedTuple):
    """A try at a job; ``started`` is None where it was ingested, ``ended`` and ``outcome`` while it runs."""

    number: int
    worker: str
    started: float | None
    ended: float | None
    outcome: Outcome | None
    message: str
    traceback: str


class PastScore(NamedTuple):
    """A number that a job had before it was run again.

    Attributes:
        number: of the attempt that it came from; its method had the ``code`` then, None where not known.
        new: the number of today; None until it is done again.
    """

    digest: str
    label: str
    model: str
    task: str
    method: str
    seed: int
    perturbation: Perturbation
    recipe: Document
    number: int
    code: str | None
    evaluation: str
    metric: str
    old: float
    new: float | None


class ClaimRow(NamedTuple):
    """A declared claim.

    Attributes:
        declared: when, in seconds since 1970 (UTC).
        scored: the jobs that it is about which had scores then.
        scored_now: which have them now.
        older: whose results were ingested, and began before the claim or do not say when.
        places: files of users' own on this machine: ``methods`` and ``perturbations``, by name.
        untrue: why the chain does not bear it out; "" where it does.
    """

    claim: DeclaredClaim
    declared: float
    scored: int
    scored_now: int
    older: int = 0
    places: Mapping[str, Any] = {}
    untrue: str = ""

    @property
    def late(self) -> bool:
        """Whether a score was there when it was declared, or may have been elsewhere."""
        return self.scored > 0 or self.older > 0

    @property
    def counts(self) -> bool:
        """Whether it counts as declared."""
        return not self.late and not self.untrue


class Axes(NamedTuple):
    """What a job's duration depends on most."""

    model: str
    task: str
    method: str
    train_size: int | None


@cache
def change_of(text: str) -> Perturbation:
    """A perturbation from its column; rows that have the same share it."""
    return Perturbation.of(json.loads(text))
