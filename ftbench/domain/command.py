"""What a training process is told of a job, as JSON; ``ftbench.training.execute`` lists the keys."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ftbench import settings
from ftbench.domain.job import DIGEST, Job
from ftbench.errors import DataError, FtbenchError
from ftbench.printable import printable


def job_of_line(line: str) -> dict[str, Any]:
    """``digest``, ``job`` and ``places`` of a line of a file of jobs, and nothing else that stands there.

    Raises:
        DataError: it is no job, or not the one that its digest is of.
    """
    try:
        given = json.loads(line)
        digest, spec, places = given["digest"], given["job"], given.get("places") or {}
        if not DIGEST.fullmatch(digest) or Job.from_canonical(spec).digest != digest:
            raise ValueError("its digest is not that of its spec")
        if not isinstance(places, dict):
            raise ValueError("its places are none")
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError, FtbenchError) as error:
        raise DataError(f"not a job: {printable(str(error))[:120]}") from None
    return {"digest": digest, "job": spec, "places": places}


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
