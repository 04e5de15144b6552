"""Launches and the allocations of their workers.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    if "launches" in sa.inspect(op.get_bind()).get_table_names():
        return  # of a database that was taken back by hand
    op.create_table(
        "launches",
        Column("id", sa.Text(), nullable=False, comment="eight hexadecimal digits"),
        Column("engine", sa.Text(), nullable=False, comment="what places the workers: slurm, local, …"),
        Column("workers", sa.Integer(), nullable=False, comment="how many there should be"),
        Column("backlog", sa.Integer(), nullable=False, comment="one worker for each so many queued jobs"),
        Column("state", sa.Text(), nullable=False, comment="open, paused or stopped"),
        Column("reason", sa.Text(), nullable=False, comment="why it is paused or stopped"),
        Column("barred", sa.Text(), nullable=False, comment="JSON: nodes that are left alone"),
        Column("asked", sa.Float(), nullable=False, comment="when"),
        sa.PrimaryKeyConstraint("id", name="pk_launches"),
        comment="One row a call of ftbench launch that asked for workers.",
    )
    op.create_table(
        "allocations",
        Column("launch", sa.Text(), nullable=False, comment="the launch"),
        Column("number", sa.Integer(), nullable=False, comment="0, 1, … in the launch"),
        Column("engine_id", sa.Text(), nullable=False, comment="how the engine calls it; empty: not yet"),
        Column("state", sa.Text(), nullable=False, comment="pending, running, ended, failed or stopped"),
        Column("reason", sa.Text(), nullable=False, comment="why, in a line"),
        Column("node", sa.Text(), comment="where its worker runs, or ran last"),
        Column("worker", sa.Text(), comment="the worker's name"),
        Column("asked", sa.Float(), nullable=False, comment="when it was asked for"),
        Column("started", sa.Float(), comment="when its worker began the last time"),
        Column("ended", sa.Float(), comment="when that was over; NULL: it is not"),
        Column("restarts", sa.Integer(), nullable=False, comment="how often the worker was started again"),
        Column("early", sa.Integer(), nullable=False, comment="starts in a row that died within a minute"),
        Column("failures", sa.Integer(), nullable=False, comment="errors of the node met since it started"),
        sa.ForeignKeyConstraint(["launch"], ["launches.id"], name="fk_allocations_launches"),
        sa.PrimaryKeyConstraint("launch", "number", name="pk_allocations"),
        comment="One row a worker that an engine was asked for: what a cluster gave it.",
    )
