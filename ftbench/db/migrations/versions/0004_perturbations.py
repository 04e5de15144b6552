"""Perturbations of any name, as the canonical JSON that a job's spec has of them.

Revision ID: 0004
Revises: 0003
"""

import json

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    _add("jobs", "JSON: every change to the data, by name, as in spec; {}: the clean run")
    _add("claims", "JSON: as in jobs, without train_size")
    connection = op.get_bind()
    specs = connection.execute(sa.text("SELECT digest, spec FROM jobs")).all()
    found = [{"digest": digest, "change": _text(json.loads(spec)["perturbation"])} for digest, spec in specs]
    _fill("UPDATE jobs SET perturbation = :change WHERE digest = :digest", found)
    rows = connection.execute(sa.text("SELECT text, noise, reduction FROM claims")).all()
    found = [{"text": text, "change": _text({"noise": n, "reduction": r})} for text, n, r in rows]
    _fill("UPDATE claims SET perturbation = :change WHERE text = :text", found)


def _add(table: str, comment: str) -> None:
    if "perturbation" in {known["name"] for known in sa.inspect(op.get_bind()).get_columns(table)}:
        return  # of a database that was taken back by hand
    column = Column("perturbation", sa.Text(), nullable=False, server_default="{}", comment=comment)
    op.add_column(table, column)


def _fill(sql: str, rows: list[dict[str, str]]) -> None:
    if changed := [row for row in rows if row["change"] != "{}"]:
        op.get_bind().execute(sa.text(sql), changed)


def _text(changes: dict[str, object]) -> str:
    present = {name: value for name, value in changes.items() if value}
    return json.dumps(present, sort_keys=True, separators=(",", ":"))
