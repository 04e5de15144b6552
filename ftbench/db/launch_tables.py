"""The tables of launches; see ``tables`` on columns and times."""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKey, Integer, Table, Text

from ftbench.db.metadata import metadata

launches = Table(
    "launches",
    metadata,
    Column("id", Text, primary_key=True, nullable=False, comment="eight hexadecimal digits"),
    Column("engine", Text, nullable=False, comment="what places the workers: slurm, local, …"),
    Column("workers", Integer, nullable=False, comment="how many there should be"),
    Column("backlog", Integer, nullable=False, comment="one worker for each so many queued jobs"),
    Column("state", Text, nullable=False, comment="open, paused or stopped"),
    Column("reason", Text, nullable=False, comment="why it is paused or stopped"),
    Column("barred", Text, nullable=False, comment="JSON: nodes that are left alone"),
    Column("asked", Float, nullable=False, comment="when"),
    comment="One row a call of ftbench launch that asked for workers.",
)

launch_allocations = Table(
    "allocations",
    metadata,
    Column("launch", Text, ForeignKey("launches.id"), primary_key=True, nullable=False, comment="the launch"),
    Column("number", Integer, primary_key=True, nullable=False, comment="0, 1, … in the launch"),
    Column("engine_id", Text, nullable=False, comment="how the engine calls it; empty: not yet"),
    Column("state", Text, nullable=False, comment="pending, running, ended, failed or stopped"),
    Column("reason", Text, nullable=False, comment="why, in a line"),
    Column("node", Text, comment="where its worker runs, or ran last"),
    Column("worker", Text, comment="the worker's name"),
    Column("asked", Float, nullable=False, comment="when it was asked for"),
    Column("started", Float, comment="when its worker began the last time"),
    Column("ended", Float, comment="when that was over; NULL: it is not"),
    Column("restarts", Integer, nullable=False, comment="how often the worker was started again"),
    Column("early", Integer, nullable=False, comment="starts in a row that died within a minute"),
    Column("failures", Integer, nullable=False, comment="errors of the node met since it started"),
    comment="One row a worker that an engine was asked for: what a cluster gave it.",
)
