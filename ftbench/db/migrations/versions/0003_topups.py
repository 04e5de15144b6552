"""Plans by which seeds are added, and their looks.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "topups",
        Column("name", sa.Text(), nullable=False, comment="methods, baseline and filters, in words"),
        Column("pairs", sa.Text(), nullable=False, comment="JSON: two jobs for each comparison"),
        Column("alpha", sa.Float(), nullable=False, comment="family-wise error of all looks together"),
        Column("margin", sa.Float(), nullable=False, comment="a smaller difference is none; 0: not asked"),
        Column("seeds", sa.Text(), nullable=False, comment="JSON: all that may be run, in order"),
        Column("sizes", sa.Text(), nullable=False, comment="JSON: how many of them each look takes"),
        Column("declared", sa.Float(), nullable=False, comment="when the plan was made"),
        sa.PrimaryKeyConstraint("name", name="pk_topups"),
        comment="By which plan seeds are added where nothing is shown yet; ftbench topup.",
    )
    op.create_table(
        "topup_looks",
        Column("name", sa.Text(), nullable=False, comment="the plan"),
        Column("look", sa.Integer(), nullable=False, comment="1, 2, …"),
        Column("taken", sa.Float(), nullable=False, comment="when"),
        Column(
            "outcomes",
            sa.Text(),
            nullable=False,
            comment="JSON: of each comparison better, worse, equivalent or open",
        ),
        sa.ForeignKeyConstraint(["name"], ["topups.name"], name="fk_topup_looks_topups"),
        sa.PrimaryKeyConstraint("name", "look", name="pk_topup_looks"),
        comment="One row a look at a plan's comparisons.",
    )
