"""What ``status`` counts stands in one index, so that the long rows of jobs are not read for it.

Revision ID: 0009
Revises: 0008
"""

from alembic import op

revision = "0009"
down_revision = "0008"

AXES = ["task", "method", "model", "train_size", "label", "state", "sequence"]


def upgrade() -> None:
    op.drop_index("jobs_axes", "jobs", if_exists=True)
    op.create_index("jobs_axes", "jobs", AXES)
