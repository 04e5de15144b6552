"""The database: the queue and the results; nothing else in ftbench loads SQLAlchemy."""

from ftbench.db.database import (
    Database,
    backup_database,
    create_database,
    open_database,
    upgrade_database,
)
from ftbench.db.jobs import Jobs
from ftbench.db.merging import Conflict, Merged
from ftbench.db.results import Results
from ftbench.db.rows import (
    ALL,
    Added,
    AttemptRow,
    Axes,
    ClaimRow,
    Document,
    Entry,
    JobFilter,
    JobRow,
    JobSummary,
    Lease,
    Moved,
    PastScore,
    ScoreRow,
    ValueRow,
)

__all__ = [
    "ALL",
    "Added",
    "AttemptRow",
    "Axes",
    "JobSummary",
    "Lease",
    "ClaimRow",
    "Conflict",
    "Database",
    "Document",
    "Entry",
    "JobFilter",
    "JobRow",
    "Jobs",
    "Merged",
    "Moved",
    "PastScore",
    "Results",
    "ScoreRow",
    "ValueRow",
    "backup_database",
    "create_database",
    "open_database",
    "upgrade_database",
]
