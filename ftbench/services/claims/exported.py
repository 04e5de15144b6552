"""Declared claims as a file that can be shown to others: what was claimed, of which jobs, when, and a digest.

The digest is of all the rest. Sent to somebody before the run (a mail, a registry, a commit), it is what a
database alone cannot give: proof that the claim and its grid have not changed since. The file says where the
database's chain ended, too: a chain that somebody has made anew, as a whole, does not lead through there.
"""

from __future__ import annotations

import hashlib
import json
import platform
from pathlib import Path
from typing import Any

from ftbench._version import __version__
from ftbench.db import Database, Trouble
from ftbench.domain.chain import STRANDS
from ftbench.domain.moment import moment
from ftbench.errors import DataError, FtbenchError, UsageError
from ftbench.printable import printable
from ftbench.services.claims.declared import about

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
    ends = {strand: list(end) for strand, end in sorted(database.claims.ends().items())}
    versions = {"ftbench": __version__, "python": platform.python_version()}
    whole: dict[str, Any] = {"schema": SCHEMA, "claims": found, "chain": ends, "versions": versions}
    digest = seal(whole)
    text = json.dumps({**whole, "digest": digest}, indent=2, ensure_ascii=False) + "\n"
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise FtbenchError(f"{path} cannot be written: {error.strerror}") from error
    return len(rows), digest


def troubles(database: Database, path: Path) -> list[Trouble]:
    """Whether a database still holds what a file of claims says of it; [] where it does.

    Args:
        database: whose claims they were.
        path: as ``export`` wrote it.

    Raises:
        DataError: it is no such file.
    """
    whole = _read(path)
    found = []
    if seal(whole) != whole.get("digest"):
        found.append("the file was changed: its digest is another one")
    chain, ends = database.claims.chain(), whole["chain"]
    found += [
        f"strand {strand} of the chain does not lead through where it ended then"
        for strand in STRANDS
        if not chain.has(strand, ends.get(strand))
    ]
    now = {row.claim.text: moment(row.declared) for row in database.claims.list()}
    for claim in whole["claims"]:
        text, declared = (str(claim.get(name)) for name in ("claim", "declared"))
        if text not in now:
            found.append(f"the claim '{text:.80}' is not here")
        elif now[text] != declared:
            found.append(f"the claim '{text:.80}' was declared {declared:.30} there and {now[text]} here")
    advice = "it is another database, or one that was made anew or changed by hand since the file was written"
    return [Trouble("claims file", "claims", len(found), printable(found[0]), advice)] if found else []


def _read(path: Path) -> dict[str, Any]:
    try:
        whole = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError):
        raise DataError(f"{path} is no file of `ftbench claim --export`: it is no JSON") from None
    kinds = {"schema": str, "claims": list, "chain": dict, "digest": str}
    if not isinstance(whole, dict) or not all(isinstance(whole.get(n), kind) for n, kind in kinds.items()):
        raise DataError(f"{path} is no file of `ftbench claim --export` of this version")
    if whole["schema"] != SCHEMA or not all(isinstance(claim, dict) for claim in whole["claims"]):
        raise DataError(f"{path} is no file of `ftbench claim --export` of this version")
    return whole


def seal(whole: dict[str, Any]) -> str:
    """The SHA-256 of a file's content without its digest, as canonical JSON."""
    rest = {name: value for name, value in whole.items() if name != "digest"}
    canonical = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
