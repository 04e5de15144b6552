"""Claims that are declared before their runs.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "claims",
        Column("text", sa.Text(), nullable=False, comment="the claim in its canonical form"),
        Column("better", sa.Text(), nullable=False, comment="label of the method that is said to be ahead"),
        Column("worse", sa.Text(), nullable=False, comment="label of the other one"),
        Column("models", sa.Text(), nullable=False, comment="JSON: ids of models; []: each"),
        Column("tasks", sa.Text(), nullable=False, comment="JSON: names of tasks; []: all that both have"),
        Column("noise", sa.Float(), nullable=False, comment="as in jobs"),
        Column("reduction", sa.Float(), nullable=False, comment="as in jobs"),
        Column("train_sizes", sa.Text(), nullable=False, comment="JSON: as in jobs; []: each"),
        Column("declared", sa.Float(), nullable=False, comment="when it was declared"),
        Column(
            "scored",
            sa.Integer(),
            nullable=False,
            comment="jobs that it is about which had scores then; more than 0: declared late",
        ),
        sa.PrimaryKeyConstraint("text", name="pk_claims"),
        comment="What users declared of two methods before they ran them; ftbench claim.",
    )
