"""Which plug-in files may run on this machine: those that its user has named, as they were when named.

A database or a file of jobs may come from anybody, and names files. They run only where the same file (the
whole path, and the SHA-256 of what it holds) was named here: on a command line, or in ``FTBENCH_PLUGINS``.
The record is one file of the user's, outside every database: ``$XDG_STATE_HOME/ftbench/named.jsonl``.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

from ftbench import settings

VARIABLE = "FTBENCH_PLUGINS"
HOW = f"name it with `ftbench worker --methods FILE`, or in {VARIABLE}"
_LARGEST = 1 << 24  # bytes; no plug-in is longer
_here: set[tuple[str, str]] = set()


def digest(path: str | Path) -> str:
    """The SHA-256 of a regular file, 64 hexadecimal characters; "" where there is none to be read."""
    try:
        place = Path(path)
        if not place.is_file() or place.stat().st_size > _LARGEST:
            return ""
        return hashlib.sha256(place.read_bytes()).hexdigest()
    except (OSError, ValueError):
        return ""


def name(path: str | Path) -> str:
    """Note that the user has named a file, as it is now; its whole path.

    Where the record cannot be written, this process and those that it starts know it, and no other.
    """
    whole = _whole(path)
    found = digest(whole)
    if not found or (whole, found) in _here | _recorded():
        return whole
    _here.add((whole, found))
    try:
        place = _record()
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(os.open(place, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "a") as file:
            file.write(json.dumps({"path": whole, "sha256": found}) + "\n")
    except (OSError, RuntimeError):
        given = os.environ.get(VARIABLE, "")
        os.environ[VARIABLE] = os.pathsep.join([*filter(None, [given]), whole])
    return whole


def is_named(path: str | Path) -> bool:
    """Whether a file was named on this machine, as it is now; one that never was is not opened."""
    whole = str(path)
    if whole in from_environment():
        return True
    known = _here | _recorded()
    return any(whole == one for one, _ in known) and (whole, digest(whole)) in known


def once_named(paths: object) -> tuple[str, ...]:
    """Those of some paths that were named here at any time, whatever they hold now: they may be read."""
    listed = paths if isinstance(paths, list | tuple) else ()
    known = {path for path, _ in _here | _recorded()} | set(from_environment())
    return tuple(path for path in listed if isinstance(path, str) and path in known)


def those_named(paths: object) -> tuple[str, ...]:
    """Those of some paths, as a stranger may have written them, that may run here."""
    listed = paths if isinstance(paths, list | tuple) else ()
    return tuple(path for path in listed if isinstance(path, str) and is_named(path))


def from_environment() -> tuple[str, ...]:
    """The files that ``FTBENCH_PLUGINS`` names, whole paths; they are divided as in ``PATH``."""
    given = os.environ.get(VARIABLE, "")
    return tuple(_whole(path) for path in given.split(os.pathsep) if path.strip())


def _whole(path: str | Path) -> str:
    return str(settings.place(str(path), "file").resolve())


def _record() -> Path:
    base = os.environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state") / "ftbench" / "named.jsonl"


def _recorded() -> set[tuple[str, str]]:
    try:
        lines = _record().read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError, RuntimeError):
        return set()
    found = set()
    for line in lines:
        try:
            entry = json.loads(line)
            found.add((str(entry["path"]), str(entry["sha256"])))
        except (ValueError, TypeError, KeyError):
            continue  # half a line of a process that was killed
    return found
