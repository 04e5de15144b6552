"""Where things are: the ``FTBENCH_*`` variables and the paths that follow from them.

Nothing here is part of a job's identity.
"""

from __future__ import annotations

import hashlib
import math
import os
import re
import shlex
from pathlib import Path

from ftbench.errors import BadValue
from ftbench.secrets import HIDDEN, masked

DEFAULT_DATABASE = "ftbench.db"


def place(text: str | Path, what: str = "path") -> Path:
    """A path as a user typed it, with ``~`` spelled out.

    Args:
        text: the path; ``./~x`` is a file called ``~x``. What is a path already stays as it is.
        what: names it in the error: a flag, a variable.

    Raises:
        BadValue: it begins with ``~`` or ``~user``, and that is nobody's home here.
    """
    if isinstance(text, Path) or not text.startswith("~"):
        return Path(text)
    try:
        return Path(text).expanduser()
    except RuntimeError:
        home = text.partition("/")[0]
        told = f"{what} '{text}': there is no home folder '{home}' here; write the whole path"
        raise BadValue(told) from None


def user_cache() -> Path | None:
    """The folder of the user's caches: ``XDG_CACHE_HOME``, else ``~/.cache``; None where there is no home."""
    given = os.environ.get("XDG_CACHE_HOME")
    if given:
        return place(given, "XDG_CACHE_HOME")
    try:
        return Path.home() / ".cache"
    except RuntimeError:
        return None


def database_address(given: str | None = None) -> str:
    """The database to use: the flag, else ``FTBENCH_DB``, else ``ftbench.db`` here.

    Returns:
        A SQLAlchemy address, or a path to a SQLite file.

    Raises:
        BadValue: the variable is blank or names a folder.
    """
    known = os.environ.get("FTBENCH_DB")
    if given and known and HIDDEN in given and given == masked(known):
        return known  # as ftbench has printed it
    if given or not known:
        return given or DEFAULT_DATABASE
    path = sqlite_path(known)
    if not known.strip() or (path is not None and path.is_dir()):
        raise BadValue(
            f"FTBENCH_DB '{known}': give the path of a SQLite file, sqlite:///PATH or postgresql://USER@HOST/NAME"
        )
    return known


def db_flag(address: str) -> str:
    """What a printed command says of its database: `` --db ADDRESS``, "" for the default one."""
    return "" if address == DEFAULT_DATABASE else f" --db {shlex.quote(address)}"


def data_dir(given: str | Path | None = None) -> Path | None:
    """The folder with data sets in the official layout: the flag, else ``FTBENCH_DATA``, else none."""
    if given:
        return place(given, "--data-dir")
    value = os.environ.get("FTBENCH_DATA")
    return place(value, "FTBENCH_DATA") if value else None


def data_here(queued: str | None, given: str | Path | None = None) -> str | None:
    """Where the data of a job lie on this machine, which need not be the one that queued it.

    Args:
        queued: the folder that the job was queued with.
        given: the flag, which wins; without it ``FTBENCH_DATA`` stands in for a folder that is not here.
    """
    missing = queued is None or not Path(queued).exists()
    here = data_dir(given) if given or missing else None
    return str(here.absolute()) if here is not None else queued


def work_dir(address: str) -> Path:
    """The folder for checkpoints and logs of one database, on this machine.

    Under ``FTBENCH_WORK`` where set, by the file's name and a hash of where it is, so that databases share
    nothing there; beside a SQLite file otherwise (``ftbench.db`` -> ``ftbench.db.work``). Of a server's
    database in the current folder, by a hash of its address without the password.

    Raises:
        BadValue: the variable names what is no folder.
    """
    given, path = os.environ.get("FTBENCH_WORK"), sqlite_path(address)
    if given:
        folder = place(given, "FTBENCH_WORK")
        if folder.exists() and not folder.is_dir():
            raise BadValue(f"FTBENCH_WORK '{given}': give a folder, which is made where there is none")
        there = str(path.absolute().resolve()) if path is not None else _server(address)
        name = path.name if path is not None else "server"
        return folder / f"{name}-{_hash(there)}"
    if path is None:
        return Path(f"ftbench-{_hash(_server(address))}.work")
    return path.with_name(path.name + ".work")


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _server(address: str) -> str:
    """A server's database, however its kind and its password are written."""
    return re.sub(rf":({re.escape(HIDDEN)})?@", "@", masked(address).partition("://")[2])


def sqlite_path(address: str) -> Path | None:
    """The file behind a SQLite address or a bare path; None for a server."""
    if address.startswith("sqlite:///"):
        return place(address.removeprefix("sqlite:///"), "database")
    return None if "://" in address else place(address, "database")


def without_database() -> dict[str, str]:
    """This process's variables, for those that need no database: none that has an address or a password."""
    return {name: value for name, value in os.environ.items() if name not in ("FTBENCH_DB", "PGPASSWORD")}


def checkpoint_seconds() -> float:
    """Seconds of training between two checkpoints: ``FTBENCH_CHECKPOINT_SECONDS``, 60 by default.

    Raises:
        BadValue: the variable is not a number, or below 0.
    """
    given = os.environ.get("FTBENCH_CHECKPOINT_SECONDS") or "60"
    try:
        seconds = float(given)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise BadValue(f"FTBENCH_CHECKPOINT_SECONDS '{given}': give a number of seconds, 0 or more")
    return seconds


def offline() -> bool:
    """Whether the hub must not be asked (``HF_HUB_OFFLINE``)."""
    return os.environ.get("HF_HUB_OFFLINE", "").lower() in {"1", "true", "yes", "on"}


def close_input() -> None:
    """Leave an empty standard input: no library is to ask there, and a ``y`` that waits is for nobody."""
    empty = os.open(os.devnull, os.O_RDONLY)
    if empty:  # else there was none, and this is it now
        os.dup2(empty, 0)
        os.close(empty)
