"""What a training process is told of a job, as JSON; ``ftbench.training.execute`` lists the keys."""

from __future__ import annotations

import json
import re
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


_FOLDER = re.compile(r"([0-9a-f]{64})(\.[0-9a-z]+)?")


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


def checkpoint_folder(root: Path, digest: str, token: str) -> Path:
    """The folder for one attempt's checkpoints: no two attempts at a job ever write into the same file.

    Args:
        root: for all jobs.
        digest: the job's.
        token: of the attempt's lease.
    """
    return root / f"{digest}.{token}"


def checkpoint_folders(root: Path, digest: str) -> list[Path]:
    """The folders with checkpoints of all attempts at a job, those of earlier versions among them."""
    try:
        entries = sorted(root.iterdir())
    except OSError:
        return []
    return [entry for entry in entries if job_of_folder(entry) == digest]


def job_of_folder(folder: Path) -> str | None:
    """The job whose checkpoints a folder holds; None where it is no such folder."""
    found = _FOLDER.fullmatch(folder.name)
    return found[1] if found else None
