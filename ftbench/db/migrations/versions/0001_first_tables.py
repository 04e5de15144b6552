"""The first tables.

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column

revision = "0001"
down_revision = None


def upgrade() -> None:
    _jobs()
    _attempts()
    _results()
    _others()
    op.execute("INSERT INTO settings (name, value) VALUES ('application', 'ftbench')")


def _jobs() -> None:
    op.create_table(
        "jobs",
        Column("digest", sa.Text(), nullable=False, comment="SHA-256 of spec: the job's identity"),
        Column("sequence", sa.Integer(), nullable=False, comment="order of queueing; older jobs go first"),
        Column("state", sa.Text(), nullable=False, comment="queued, running, done, failed or cancelled"),
        Column("priority", sa.Integer(), nullable=False, comment="higher goes first, before sequence"),
        Column(
            "attempts",
            sa.Integer(),
            nullable=False,
            comment="tries since it was queued or last retried by hand",
        ),
        Column("label", sa.Text(), nullable=False, comment="the method as tables show it, bidrop[k=3]"),
        Column("model", sa.Text(), nullable=False, comment="the model's id"),
        Column("model_revision", sa.Text(), nullable=False, comment="which weights"),
        Column("task", sa.Text(), nullable=False, comment="the task's name"),
        Column("data_revision", sa.Text(), nullable=False, comment="which rows"),
        Column("method", sa.Text(), nullable=False, comment="the method's name"),
        Column(
            "hparams", sa.Text(), nullable=False, comment="JSON: the method's hyper-parameters, every one"
        ),
        Column("seed", sa.Integer(), nullable=False, comment="the seed of every random stream"),
        Column("train_size", sa.Integer(), nullable=True, comment="rows of the training subset; NULL: all"),
        Column(
            "reduction",
            sa.Float(),
            nullable=False,
            comment="fraction of the training rows with label 1 removed",
        ),
        Column("noise", sa.Float(), nullable=False, comment="fraction of the training labels made wrong"),
        Column("recipe", sa.Text(), nullable=False, comment="JSON: the training settings, every one"),
        Column(
            "spec", sa.Text(), nullable=False, comment="canonical JSON of the whole job, which digest hashes"
        ),
        Column(
            "places",
            sa.Text(),
            nullable=False,
            comment="JSON: folders on this machine; not part of the identity",
        ),
        Column("created", sa.Float(), nullable=False, comment="when it was first queued"),
        Column("owner", sa.Text(), nullable=True, comment="the worker that runs it"),
        Column(
            "token",
            sa.Text(),
            nullable=True,
            comment="the lease's secret: only its holder may record a result",
        ),
        Column(
            "expires", sa.Float(), nullable=True, comment="when the lease ends unless a heartbeat extends it"
        ),
        sa.PrimaryKeyConstraint("digest", name="pk_jobs"),
        comment="One row a job: a cell and seed of a grid, and where it stands.",
    )
    op.create_index("jobs_axes", "jobs", ["task", "method", "model", "train_size", "state"])
    op.create_index(
        "jobs_queued",
        "jobs",
        [sa.text("priority DESC"), "sequence"],
        sqlite_where=sa.text("state = 'queued'"),
        postgresql_where=sa.text("state = 'queued'"),
    )
    op.create_index(
        "jobs_running",
        "jobs",
        ["expires"],
        sqlite_where=sa.text("state = 'running'"),
        postgresql_where=sa.text("state = 'running'"),
    )
    op.create_index("jobs_sequence", "jobs", ["sequence"])


def _attempts() -> None:
    op.create_table(
        "attempts",
        Column("digest", sa.Text(), nullable=False, comment="the job"),
        Column("number", sa.Integer(), nullable=False, comment="1, 2, … in the job's whole life"),
        Column("worker", sa.Text(), nullable=False, comment="who tried"),
        Column(
            "started",
            sa.Float(),
            nullable=True,
            comment="when it was claimed; NULL: ran elsewhere and was ingested",
        ),
        Column("ended", sa.Float(), nullable=True, comment="when its end was recorded; NULL: not ended"),
        Column(
            "outcome",
            sa.Text(),
            nullable=True,
            comment="ok, user, oom, diverged, timeout, lost, environment; NULL: not ended",
        ),
        Column("message", sa.Text(), nullable=False, comment="one line on what went wrong"),
        Column("traceback", sa.Text(), nullable=False, comment="the whole of it"),
        sa.ForeignKeyConstraint(["digest"], ["jobs.digest"], name="fk_attempts_jobs"),
        sa.PrimaryKeyConstraint("digest", "number", name="pk_attempts"),
        comment="One row a try of a worker at a job.",
    )
    op.create_table(
        "provenance",
        Column("digest", sa.Text(), nullable=False, comment="the job"),
        Column("number", sa.Integer(), nullable=False, comment="the attempt"),
        Column(
            "facts",
            sa.Text(),
            nullable=False,
            comment="JSON: versions, commit, device, threads, data digests, times",
        ),
        sa.ForeignKeyConstraint(
            ["digest", "number"], ["attempts.digest", "attempts.number"], name="fk_provenance_attempts"
        ),
        sa.PrimaryKeyConstraint("digest", "number", name="pk_provenance"),
        comment="What an attempt ran with.",
    )


def _results() -> None:
    op.create_table(
        "scores",
        Column("digest", sa.Text(), nullable=False, comment="the job"),
        Column("evaluation", sa.Text(), nullable=False, comment="the evaluation set"),
        Column("metric", sa.Text(), nullable=False, comment="the metric"),
        Column("value", sa.Float(), nullable=False, comment="a fraction, shown × 100; correlations: -1 to 1"),
        sa.ForeignKeyConstraint(["digest"], ["jobs.digest"], name="fk_scores_jobs"),
        sa.PrimaryKeyConstraint("digest", "evaluation", "metric", name="pk_scores"),
        comment="One row a number of a done job.",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "curves",
        Column("digest", sa.Text(), nullable=False, comment="the job"),
        Column("run", sa.Text(), nullable=False, comment="the training inside the job"),
        Column("name", sa.Text(), nullable=False, comment="loss or grad_norm"),
        Column("step", sa.Integer(), nullable=False, comment="the update, from 1"),
        Column("value", sa.Float(), nullable=True, comment="the logged number; NULL: not a number"),
        sa.ForeignKeyConstraint(["digest"], ["jobs.digest"], name="fk_curves_jobs"),
        sa.PrimaryKeyConstraint("digest", "run", "name", "step", name="pk_curves"),
        comment="One row a logged number of a done job.",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "predictions",
        Column("digest", sa.Text(), nullable=False, comment="the job"),
        Column("run", sa.Text(), nullable=False, comment="the training inside the job"),
        Column("evaluation", sa.Text(), nullable=False, comment="the evaluation set"),
        Column("rows", sa.Integer(), nullable=False, comment="evaluated rows"),
        Column("outputs", sa.Integer(), nullable=False, comment="logits of a row"),
        Column(
            "logits", sa.LargeBinary(), nullable=False, comment="zlib of little-endian float32, row by row"
        ),
        sa.ForeignKeyConstraint(["digest"], ["jobs.digest"], name="fk_predictions_jobs"),
        sa.PrimaryKeyConstraint("digest", "run", "evaluation", name="pk_predictions"),
        comment="The logits behind the scores: new metrics and tests need no training.",
    )


def _others() -> None:
    op.create_table(
        "published",
        Column("source", sa.Text(), nullable=False, comment="the paper's short name"),
        Column("exhibit", sa.Text(), nullable=False, comment="its table or figure, T5"),
        Column("model", sa.Text(), nullable=False, comment="the model as the paper names it"),
        Column("method", sa.Text(), nullable=False, comment="the method, by our name"),
        Column("task", sa.Text(), nullable=False, comment="the task, by our name"),
        Column("setting", sa.Text(), nullable=False, comment="full, noise=0.1, …"),
        Column("metric", sa.Text(), nullable=False, comment="the metric, by our name"),
        Column("statistic", sa.Text(), nullable=False, comment="mean, max, std, …"),
        Column("value", sa.Float(), nullable=False, comment="as printed"),
        Column(
            "n_seeds", sa.Integer(), nullable=True, comment="runs behind it; NULL: the paper does not say"
        ),
        Column("note", sa.Text(), nullable=False, comment="what a reader must know"),
        sa.PrimaryKeyConstraint(
            "source",
            "exhibit",
            "model",
            "method",
            "task",
            "setting",
            "metric",
            "statistic",
            name="pk_published",
        ),
        comment="Numbers printed in papers.",
    )
    op.create_table(
        "settings",
        Column("name", sa.Text(), nullable=False, comment="the setting"),
        Column("value", sa.Text(), nullable=False, comment="its value"),
        sa.PrimaryKeyConstraint("name", name="pk_settings"),
        comment="What is fixed for a database; application=ftbench marks it as ours.",
    )
