"""The tables; what each column holds is its ``comment``.

Times are seconds since 1970 (UTC) by the database's clock. Columns that hold JSON are text, so that every
tool shows them. A change here needs a migration in ``migrations/versions``.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    text,
)

from ftbench.db import launch_tables  # noqa: F401  # they are of the same metadata
from ftbench.db.metadata import metadata as metadata


def _job(**options: Any) -> Column[str]:
    """The job that a row belongs to."""
    return Column("digest", Text, ForeignKey("jobs.digest"), nullable=False, comment="the job", **options)


jobs = Table(
    "jobs",
    metadata,
    Column("digest", Text, primary_key=True, nullable=False, comment="SHA-256 of spec: the job's identity"),
    Column("sequence", Integer, nullable=False, comment="order of queueing; older jobs go first"),
    Column("state", Text, nullable=False, comment="queued, running, done, failed or cancelled"),
    Column("priority", Integer, nullable=False, comment="higher goes first, before sequence"),
    Column("attempts", Integer, nullable=False, comment="tries since it was queued or last retried by hand"),
    Column("label", Text, nullable=False, comment="the method as tables show it, bidrop[k=3]"),
    Column("model", Text, nullable=False, comment="the model's id"),
    Column("model_revision", Text, nullable=False, comment="which weights"),
    Column("task", Text, nullable=False, comment="the task's name"),
    Column("data_revision", Text, nullable=False, comment="which rows"),
    Column("method", Text, nullable=False, comment="the method's name"),
    Column("hparams", Text, nullable=False, comment="JSON: the method's hyper-parameters, every one"),
    Column("seed", Integer, nullable=False, comment="the seed of every random stream"),
    Column("train_size", Integer, comment="rows of the training subset; NULL: all"),
    Column("reduction", Float, nullable=False, comment="fraction of the training rows with label 1 removed"),
    Column("noise", Float, nullable=False, comment="fraction of the training labels made wrong"),
    Column(
        "perturbation",
        Text,
        nullable=False,
        server_default="{}",
        comment="JSON: every change to the data, by name, as in spec; {}: the clean run",
    ),
    Column("recipe", Text, nullable=False, comment="JSON: the training settings, every one"),
    Column("spec", Text, nullable=False, comment="canonical JSON of the whole job, which digest hashes"),
    Column("places", Text, nullable=False, comment="JSON: folders on this machine; not part of the identity"),
    Column("created", Float, nullable=False, comment="when it was first queued"),
    Column("owner", Text, comment="the worker that runs it"),
    Column("token", Text, comment="the lease's secret: only its holder may record a result"),
    Column("expires", Float, comment="when the lease ends unless a heartbeat extends it"),
    comment="One row a job: a cell and seed of a grid, and where it stands.",
)
# The state stands literally in the index and in the queries: a bound parameter would not use it. What makes
# the index partial in PostgreSQL stands in the migration only: it would load that dialect into every command.
Index(
    "jobs_queued",
    jobs.c.priority.desc(),
    jobs.c.sequence,
    sqlite_where=text("state = 'queued'"),
)
Index(
    "jobs_running",
    jobs.c.expires,
    sqlite_where=text("state = 'running'"),
)
Index("jobs_sequence", jobs.c.sequence)
# Filters by task, and all that ``status`` counts, in the order in which it groups, without reading the long
# rows. An index that begins with the state would be taken for the claim instead of jobs_queued, and claims
# would sort all that is queued.
Index(
    "jobs_axes",
    *(jobs.c[name] for name in ("task", "method", "model", "train_size", "label", "state", "sequence")),
)

attempts = Table(
    "attempts",
    metadata,
    _job(primary_key=True),
    Column("number", Integer, primary_key=True, nullable=False, comment="1, 2, … in the job's whole life"),
    Column("worker", Text, nullable=False, comment="who tried"),
    Column("started", Float, comment="when it was claimed; NULL: ran elsewhere and was ingested"),
    Column("ended", Float, comment="when its end was recorded; NULL: not ended"),
    Column("outcome", Text, comment="ok, user, oom, diverged, timeout, lost, environment; NULL: not ended"),
    Column("message", Text, nullable=False, comment="one line on what went wrong"),
    Column("traceback", Text, nullable=False, comment="the whole of it"),
    comment="One row a try of a worker at a job.",
)

scores = Table(
    "scores",
    metadata,
    _job(primary_key=True),
    Column("evaluation", Text, primary_key=True, nullable=False, comment="the evaluation set"),
    Column("metric", Text, primary_key=True, nullable=False, comment="the metric"),
    Column("value", Float, nullable=False, comment="a fraction, shown × 100; correlations: -1 to 1"),
    comment="One row a number of a done job.",
    sqlite_with_rowid=False,
)

past_scores = Table(
    "past_scores",
    metadata,
    Column("digest", Text, primary_key=True, nullable=False, comment="the job"),
    Column("number", Integer, primary_key=True, nullable=False, comment="the attempt that it came from"),
    Column("evaluation", Text, primary_key=True, nullable=False, comment="the evaluation set"),
    Column("metric", Text, primary_key=True, nullable=False, comment="the metric"),
    Column("value", Float, nullable=False, comment="as in scores"),
    ForeignKeyConstraint(["digest", "number"], ["attempts.digest", "attempts.number"]),
    comment="One row a number that a job had before it was run again with other code, or has elsewhere.",
    sqlite_with_rowid=False,
)

curves = Table(
    "curves",
    metadata,
    _job(primary_key=True),
    Column("run", Text, primary_key=True, nullable=False, comment="the training inside the job"),
    Column(
        "name", Text, primary_key=True, nullable=False, comment="loss, grad_norm, or what the method records"
    ),
    Column("step", Integer, primary_key=True, nullable=False, comment="the update, from 1"),
    Column("value", Float, comment="the logged number; NULL: not a number"),
    comment="One row a logged number of a done job.",
    sqlite_with_rowid=False,
)

predictions = Table(
    "predictions",
    metadata,
    _job(primary_key=True),
    Column("run", Text, primary_key=True, nullable=False, comment="the training inside the job"),
    Column("evaluation", Text, primary_key=True, nullable=False, comment="the evaluation set"),
    Column("rows", Integer, nullable=False, comment="evaluated rows"),
    Column("outputs", Integer, nullable=False, comment="logits of a row"),
    Column("logits", LargeBinary, nullable=False, comment="zlib of little-endian float32, row by row"),
    comment="The logits behind the scores: new metrics and tests need no training.",
)

provenance = Table(
    "provenance",
    metadata,
    Column("digest", Text, primary_key=True, nullable=False, comment="the job"),
    Column("number", Integer, primary_key=True, nullable=False, comment="the attempt"),
    Column(
        "facts", Text, nullable=False, comment="JSON: versions, commit, device, threads, data digests, times"
    ),
    ForeignKeyConstraint(["digest", "number"], ["attempts.digest", "attempts.number"]),
    comment="What an attempt ran with.",
)

published = Table(
    "published",
    metadata,
    Column("source", Text, primary_key=True, nullable=False, comment="the paper's short name"),
    Column("exhibit", Text, primary_key=True, nullable=False, comment="its table or figure, T5"),
    Column("model", Text, primary_key=True, nullable=False, comment="the model as the paper names it"),
    Column("method", Text, primary_key=True, nullable=False, comment="the method, by our name"),
    Column("task", Text, primary_key=True, nullable=False, comment="the task, by our name"),
    Column("setting", Text, primary_key=True, nullable=False, comment="full, noise=0.1, …"),
    Column("metric", Text, primary_key=True, nullable=False, comment="the metric, by our name"),
    Column("statistic", Text, primary_key=True, nullable=False, comment="mean, max, std, …"),
    Column("value", Float, nullable=False, comment="as printed"),
    Column("n_seeds", Integer, comment="runs behind it; NULL: the paper does not say"),
    Column("note", Text, nullable=False, comment="what a reader must know"),
    comment="Numbers printed in papers.",
)

claims = Table(
    "claims",
    metadata,
    Column("text", Text, primary_key=True, nullable=False, comment="the claim in its canonical form"),
    Column("better", Text, nullable=False, comment="label of the method that is said to be ahead"),
    Column("worse", Text, nullable=False, comment="label of the other one"),
    Column("models", Text, nullable=False, comment="JSON: ids of models; []: each"),
    Column("tasks", Text, nullable=False, comment="JSON: names of tasks; []: all that both have"),
    Column("noise", Float, nullable=False, comment="as in jobs"),
    Column("reduction", Float, nullable=False, comment="as in jobs"),
    Column(
        "perturbation",
        Text,
        nullable=False,
        server_default="{}",
        comment="JSON: as in jobs, without train_size",
    ),
    Column("train_sizes", Text, nullable=False, comment="JSON: as in jobs; []: each"),
    Column("declared", Float, nullable=False, comment="when it was declared"),
    Column(
        "scored",
        Integer,
        nullable=False,
        comment="jobs that it is about which had scores then; more than 0: declared late",
    ),
    Column(
        "places",
        Text,
        nullable=False,
        server_default="{}",
        comment="JSON: files of users' own methods and perturbations on this machine",
    ),
    comment="What users declared of two methods before they ran them; ftbench claim.",
)

topups = Table(
    "topups",
    metadata,
    Column("name", Text, primary_key=True, nullable=False, comment="methods, baseline and filters, in words"),
    Column("pairs", Text, nullable=False, comment="JSON: two jobs for each comparison"),
    Column("alpha", Float, nullable=False, comment="family-wise error of all looks together"),
    Column("margin", Float, nullable=False, comment="a smaller difference is none; 0: not asked"),
    Column("seeds", Text, nullable=False, comment="JSON: all that may be run, in order"),
    Column("sizes", Text, nullable=False, comment="JSON: how many of them each look takes"),
    Column("declared", Float, nullable=False, comment="when the plan was made"),
    comment="By which plan seeds are added where nothing is shown yet; ftbench topup.",
)

topup_looks = Table(
    "topup_looks",
    metadata,
    Column("name", Text, ForeignKey("topups.name"), primary_key=True, nullable=False, comment="the plan"),
    Column("look", Integer, primary_key=True, nullable=False, comment="1, 2, …"),
    Column("taken", Float, nullable=False, comment="when"),
    Column(
        "outcomes",
        Text,
        nullable=False,
        comment="JSON: of each comparison better, worse, equivalent or open",
    ),
    comment="One row a look at a plan's comparisons.",
)

studies = Table(
    "studies",
    metadata,
    Column("name", Text, primary_key=True, nullable=False, comment="what it is called"),
    Column(
        "declaration",
        Text,
        nullable=False,
        comment="JSON: methods, tasks, models, budget, unit, studies, space and what else was declared",
    ),
    Column(
        "trials", Text, nullable=False, comment="JSON: of each trial its job, method, repetition and draw"
    ),
    Column("declared", Float, nullable=False, comment="when it was declared"),
    comment="How methods are tuned on equal budgets; ftbench tune.",
)

chain_links = Table(
    "chain",
    metadata,
    Column("strand", Text, primary_key=True, nullable=False, comment="a job's first digit, or claims"),
    Column("sequence", Integer, primary_key=True, nullable=False, comment="1, 2, … in the strand"),
    Column("kind", Text, nullable=False, comment="finish, ingest, merge, restart, claim, withdraw or before"),
    # No foreign key: that a job or a claim is gone is what a link shows.
    Column("subject", Text, nullable=False, comment="the job, or the text of the claim"),
    Column("content", Text, nullable=False, comment="SHA-256 of the scores, or of the claim; empty: gone"),
    Column("ends", Text, nullable=False, comment="JSON: where the jobs' strands ended then, of a claim"),
    Column("time", Float, nullable=False, comment="when"),
    Column("digest", Text, nullable=False, comment="SHA-256 of all that and of the link before"),
    comment="One row a thing that came into the database or left it, so that a change by hand shows.",
    sqlite_with_rowid=False,
)

chain_ends = Table(
    "chain_ends",
    metadata,
    Column("strand", Text, primary_key=True, nullable=False, comment="as in chain"),
    Column("sequence", Integer, nullable=False, comment="of its last link; 0: none"),
    Column("digest", Text, nullable=False, comment="of its last link; empty: none"),
    comment="Where each strand of the chain ends; who appends a link holds the row.",
    sqlite_with_rowid=False,
)

settings = Table(
    "settings",
    metadata,
    Column("name", Text, primary_key=True, nullable=False, comment="the setting"),
    Column("value", Text, nullable=False, comment="its value"),
    comment="What is fixed for a database; application=ftbench marks it as ours.",
)
