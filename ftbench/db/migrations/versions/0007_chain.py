"""A chain of digests over scores and claims, with a link for each that is there already.

Revision ID: 0007
Revises: 0005
"""

import time

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column

from ftbench.db.chain import append, of_claim, of_job
from ftbench.db.engine import Transaction
from ftbench.domain.chain import STRANDS, LinkKind

revision = "0007"
down_revision = "0005"


def upgrade() -> None:
    if "chain" in sa.inspect(op.get_bind()).get_table_names():
        return  # of a database that was taken back by hand
    op.create_table(
        "chain",
        Column("strand", sa.Text(), nullable=False, comment="a job's first digit, or claims"),
        Column("sequence", sa.Integer(), nullable=False, comment="1, 2, … in the strand"),
        Column(
            "kind",
            sa.Text(),
            nullable=False,
            comment="finish, ingest, merge, restart, claim, withdraw or before",
        ),
        Column("subject", sa.Text(), nullable=False, comment="the job, or the text of the claim"),
        Column(
            "content",
            sa.Text(),
            nullable=False,
            comment="SHA-256 of the scores, or of the claim; empty: gone",
        ),
        Column(
            "ends", sa.Text(), nullable=False, comment="JSON: where the jobs' strands ended then, of a claim"
        ),
        Column("time", sa.Float(), nullable=False, comment="when"),
        Column("digest", sa.Text(), nullable=False, comment="SHA-256 of all that and of the link before"),
        sa.PrimaryKeyConstraint("strand", "sequence", name="pk_chain"),
        comment="One row a thing that came into the database or left it, so that a change by hand shows.",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "chain_ends",
        Column("strand", sa.Text(), nullable=False, comment="as in chain"),
        Column("sequence", sa.Integer(), nullable=False, comment="of its last link; 0: none"),
        Column("digest", sa.Text(), nullable=False, comment="of its last link; empty: none"),
        sa.PrimaryKeyConstraint("strand", name="pk_chain_ends"),
        comment="Where each strand of the chain ends; who appends a link holds the row.",
        sqlite_with_rowid=False,
    )
    ends = [{"strand": strand, "sequence": 0, "digest": ""} for strand in STRANDS]
    make = "INSERT INTO chain_ends (strand, sequence, digest) VALUES (:strand, :sequence, :digest)"
    op.get_bind().execute(sa.text(make), ends)
    _link_what_is_there()


def _link_what_is_there() -> None:
    connection = op.get_bind()
    transaction = Transaction(connection, repr(time.time()), {})
    scored = transaction.all("SELECT digest FROM jobs WHERE digest IN (SELECT digest FROM scores)")
    append(transaction, [of_job(transaction, LinkKind.BEFORE, digest) for (digest,) in scored])
    rows = connection.execute(sa.text("SELECT * FROM claims ORDER BY declared, text")).mappings()
    declared = [{str(name): value for name, value in row.items()} for row in rows]
    append(transaction, [of_claim(LinkKind.BEFORE, row, {}) for row in declared])
