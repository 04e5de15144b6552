"""What a training process is told of a job, as JSON; ``ftbench.training.execute`` lists the keys."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ftbench import settings


def places_here(
    places: Mapping[str, Any] | None, spec: Mapping[str, Any], data_dir: str | Path | None = None
) -> dict[str, Any]:
    """Where a job's files are here: rows of a folder may lie elsewhere than on the machine that queued it.

    Args:
        places: as they were queued.
        spec: the job's canonical form.
        data_dir: the folder to read rows from; else ``FTBENCH_DATA``, where the queued one does not exist.
    """
    here = dict(places or {})
    task = spec["task"]
    revisions = [task["revision"], *task.get("others", {}).values()]
    if any(str(revision).startswith("sha256:") for revision in revisions):
        here["data"] = settings.data_here(here.get("data"), data_dir)
    return here
