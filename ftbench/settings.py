"""Where things are: the ``FTBENCH_*`` variables and the paths that follow from them.

Nothing here is part of a job's identity.
"""

from __future__ import annotations

import os
import shlex
from pathlib import Path

DEFAULT_DATABASE = "ftbench.db"


def database_address(given: str | None = None) -> str:
    """The database to use: the flag, else ``FTBENCH_DB``, else ``ftbench.db`` here.

    Returns:
        A SQLAlchemy address, or a path to a SQLite file.
    """
    return given or os.environ.get("FTBENCH_DB") or DEFAULT_DATABASE


def db_flag(address: str) -> str:
    """What a printed command says of its database: `` --db ADDRESS``, "" for the default one."""
    return "" if address == DEFAULT_DATABASE else f" --db {shlex.quote(address)}"


def data_dir(given: str | Path | None = None) -> Path | None:
    """The folder with data sets in the official layout: the flag, else ``FTBENCH_DATA``, else none."""
    value = given or os.environ.get("FTBENCH_DATA")
    return Path(value).expanduser() if value else None


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

    ``FTBENCH_WORK`` where set; beside a SQLite file otherwise (``ftbench.db`` -> ``ftbench.db.work``);
    in the current folder for a server.
    """
    given = os.environ.get("FTBENCH_WORK")
    if given:
        return Path(given).expanduser()
    path = sqlite_path(address)
    return path.with_name(path.name + ".work") if path is not None else Path("ftbench.work")


def sqlite_path(address: str) -> Path | None:
    """The file behind a SQLite address or a bare path; None for a server."""
    if address.startswith("sqlite:///"):
        return Path(address.removeprefix("sqlite:///"))
    return None if "://" in address else Path(address)


def is_missing(address: str) -> bool:
    """Whether an address is that of a SQLite file which is not there; of a server nothing is known."""
    path = sqlite_path(address)
    return path is not None and not path.exists()


def checkpoint_seconds() -> float:
    """Seconds of training between two checkpoints: ``FTBENCH_CHECKPOINT_SECONDS``, 60 by default."""
    return float(os.environ.get("FTBENCH_CHECKPOINT_SECONDS", "60"))


def offline() -> bool:
    """Whether the hub must not be asked (``HF_HUB_OFFLINE``)."""
    return os.environ.get("HF_HUB_OFFLINE", "").lower() in {"1", "true", "yes", "on"}


def close_input() -> None:
    """Leave an empty standard input: no library is to ask there, and a ``y`` that waits is for nobody."""
    empty = os.open(os.devnull, os.O_RDONLY)
    if empty:  # else there was none, and this is it now
        os.dup2(empty, 0)
        os.close(empty)
