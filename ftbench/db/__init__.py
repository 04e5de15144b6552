"""The database: the queue and the results; nothing else in ftbench loads SQLAlchemy."""

from ftbench.db.copying import Copied
from ftbench.db.database import (
    Database,
    backup_database,
    create_database,
    open_database,
    upgrade_database,
)
from ftbench.db.health import Trouble
from ftbench.db.jobs import Jobs
from ftbench.db.kinds import Kind
from ftbench.db.launched import Launched
from ftbench.db.merging import Conflict, Merged
from ftbench.db.moving import copy_database
from ftbench.db.needs import Need, Settled
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
    "Copied",
    "Database",
    "Document",
    "Entry",
    "JobFilter",
    "JobRow",
    "Kind",
    "Jobs",
    "Launched",
    "Merged",
    "Moved",
    "Need",
    "PastScore",
    "Results",
    "ScoreRow",
    "Settled",
    "Trouble",
    "ValueRow",
    "backup_database",
    "copy_database",
    "create_database",
    "open_database",
    "upgrade_database",
]
