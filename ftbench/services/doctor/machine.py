"""The machine: its Python, its cores, its memory, the room on its disks."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from ftbench import hub, settings
from ftbench.errors import FtbenchError
from ftbench.services.doctor.findings import NOTE, OK, WRONG, Finding, homely
from ftbench.services.worker.machine import cores

AREA = "machine"
GIB = 2**30
#: GiB: below the first a run of BERT large on a CPU does not fit, below the second none of BERT base does.
MEMORY = (8.0, 3.0)
#: GiB free: below the first a download may fail, below the second checkpoints do.
DISK = (5.0, 0.5)


def of_machine(address: str) -> Iterator[Finding]:
    """What training and storing need of the machine itself.

    Args:
        address: the database, beside which checkpoints and logs are kept.
    """
    kind = "64-bit" if sys.maxsize > 2**32 else "32-bit, for which there is no torch"
    yield Finding(AREA, "Python", OK, f"{platform.python_version()}, {kind}")
    yield Finding(AREA, "system", OK, f"{platform.system()} {platform.release()}, {platform.machine()}")
    mine, all_of_them = cores(), os.cpu_count() or 1
    yield Finding(
        AREA, "cores", OK, str(mine) if mine == all_of_them else f"{mine} of {all_of_them} may be used"
    )
    memory = _memory()
    if memory is not None:
        yield _room(
            "memory", memory, MEMORY, "", "run models of this size elsewhere, or `--set batch_size=8`"
        )
    looked: dict[int, str] = {}
    for what, place in _places(address):
        there = _first_there(place)
        try:
            device, free = there.stat().st_dev, shutil.disk_usage(there).free
        except OSError as error:
            yield Finding(AREA, f"disk of {what}", WRONG, f"{homely(there)}: {error.strerror}")
            continue
        if device in looked:
            continue
        looked[device] = what
        where = f" free where {what} {'is' if what == 'the database' else 'are'} kept: {homely(there)}"
        yield _room(
            "disk", free / GIB, DISK, where, "make room: `ftbench prune --dry-run` shows what could go"
        )


def _room(what: str, gib: float, limits: tuple[float, float], where: str, advice: str) -> Finding:
    state = WRONG if gib < limits[1] else NOTE if gib < limits[0] else OK
    return Finding(AREA, what, state, f"{gib:,.1f} GiB{where}", advice if state != OK else "")


def _memory() -> float | None:
    """GiB of memory; None where the system does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIB
    except (ValueError, OSError, AttributeError):
        return None


def _places(address: str) -> Iterator[tuple[str, Path]]:
    """Where much is written."""
    path = settings.sqlite_path(address)
    if path is not None:
        yield "the database", path.absolute().parent
    yield "checkpoints", settings.work_dir(address).absolute()
    try:
        yield "downloads", hub.cache().absolute()
    except FtbenchError:
        return  # said where the places are looked at


def _first_there(path: Path) -> Path:
    """The folder itself, or the nearest one above it that exists."""
    return next((one for one in (path, *path.parents) if one.exists()), path)
