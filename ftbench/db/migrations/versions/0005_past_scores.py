"""Scores of jobs that were run again with other code, and where claims find users' own methods.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    there = sa.inspect(op.get_bind())
    if "past_scores" not in there.get_table_names():  # it is in a database that was taken back by hand
        _make_past_scores()
    if "places" not in {column["name"] for column in there.get_columns("claims")}:
        _add_places()


def _make_past_scores() -> None:
    op.create_table(
        "past_scores",
        Column("digest", sa.Text(), nullable=False, comment="the job"),
        Column("number", sa.Integer(), nullable=False, comment="the attempt that it came from"),
        Column("evaluation", sa.Text(), nullable=False, comment="the evaluation set"),
        Column("metric", sa.Text(), nullable=False, comment="the metric"),
        Column("value", sa.Float(), nullable=False, comment="as in scores"),
        sa.ForeignKeyConstraint(
            ["digest", "number"], ["attempts.digest", "attempts.number"], name="fk_past_scores_attempts"
        ),
        sa.PrimaryKeyConstraint("digest", "number", "evaluation", "metric", name="pk_past_scores"),
        comment="One row a number that a job had before it was run again with other code.",
        sqlite_with_rowid=False,
    )


def _add_places() -> None:
    op.add_column(
        "claims",
        Column(
            "places",
            sa.Text(),
            nullable=False,
            server_default="{}",
            comment="JSON: files of users' own methods and perturbations on this machine",
        ),
    )
