"""Studies: how methods are tuned on equal budgets.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    if "studies" in sa.inspect(op.get_bind()).get_table_names():
        return  # it is in a database that was taken back by hand
    op.create_table(
        "studies",
        Column("name", sa.Text(), nullable=False, comment="what it is called"),
        Column(
            "declaration",
            sa.Text(),
            nullable=False,
            comment="JSON: methods, tasks, models, budget, unit, studies, space and what else was declared",
        ),
        Column(
            "trials",
            sa.Text(),
            nullable=False,
            comment="JSON: of each trial its job, method, repetition and draw",
        ),
        Column("declared", sa.Float(), nullable=False, comment="when it was declared"),
        sa.PrimaryKeyConstraint("name", name="pk_studies"),
        comment="How methods are tuned on equal budgets; ftbench tune.",
    )
