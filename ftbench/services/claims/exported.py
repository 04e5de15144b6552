"""Declared claims as a file that can be shown to others: what was claimed, of which jobs, when, and a digest.

The digest is of all the rest. Sent to somebody before the run (a mail, a registry, a commit), it is what a
database alone cannot give: proof that the claim and its grid have not changed since.
"""

from __future__ import annotations

import hashlib
import json
import platform
from pathlib import Path
from typing import Any

from ftbench._version import __version__
from ftbench.db import Database
from ftbench.domain.moment import moment
from ftbench.errors import FtbenchError, UsageError
from ftbench.services.claims.tested import about

SCHEMA = "ftbench.declared/1"


def export(database: Database, path: Path) -> tuple[int, str]:
    """Write every claim with its jobs, their recipes and the time of its declaration; replaces the file.

    Args:
        database: whose claims.
        path: the file.

    Returns:
        How many claims, and the SHA-256 of what is said of them.

    Raises:
        UsageError: nothing is declared.
        FtbenchError: the file cannot be written.
    """
    rows, cells = database.claims.list(), database.results.cells()
    if not rows:
        raise UsageError("nothing is declared, so there is nothing to export")
    found = []
    for row in rows:
        mine = [cell for cell in cells if about(row.claim, cell)]
        recipes = {json.dumps(dict(cell.recipe), sort_keys=True) for cell in mine}
        found.append(
            {
                "claim": row.claim.text,
                "declared": moment(row.declared),
                "scored": row.scored,
                "jobs": sorted(cell.digest for cell in mine),
                "recipes": [json.loads(text) for text in sorted(recipes)],
            }
        )
    versions = {"ftbench": __version__, "python": platform.python_version()}
    whole: dict[str, Any] = {"schema": SCHEMA, "claims": found, "versions": versions}
    digest = seal(whole)
    text = json.dumps({**whole, "digest": digest}, indent=2, ensure_ascii=False) + "\n"
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise FtbenchError(f"{path} cannot be written: {error.strerror}") from error
    return len(rows), digest


def seal(whole: dict[str, Any]) -> str:
    """The SHA-256 of a file's content without its digest, as canonical JSON."""
    rest = {name: value for name, value in whole.items() if name != "digest"}
    canonical = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
