"""What jobs need of a machine, and what they are once it is there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from ftbench.db.rows import Entry


class Need(NamedTuple):
    """What jobs need on the machine that trains them."""

    model: str
    model_revision: str
    task: str
    data_revision: str


@dataclass(frozen=True)
class Settled:
    """What a job is that was queued before its model or rows could be looked at.

    Attributes:
        digest: that it has in the database.
        entry: the job as it is now; None where it can never be trained.
        reason: why not.
    """

    digest: str
    entry: Entry | None
    reason: str = ""
