"""Strays: processes that a job has started and that outlive its training process."""

from __future__ import annotations

import os
import signal
import uuid
from collections.abc import Mapping
from pathlib import Path

_VARIABLE = "FTBENCH_TRAINING"
_PROC = Path("/proc")


def mark() -> dict[str, str]:
    """A variable that a training process passes on to whatever it starts."""
    return {_VARIABLE: uuid.uuid4().hex}


def end_strays(pid: int, marked: Mapping[str, str]) -> list[int]:
    """Kill what a training process has left running: what is of its session, or has its mark.

    Args:
        pid: of the training process, which began the session and has ended.
        marked: what ``mark`` gave for it.

    Returns:
        The processes; none where the system does not tell of processes.
    """
    wanted = [f"{name}={value}".encode() for name, value in marked.items()]
    found = [int(entry.name) for entry in _PROC.glob("[0-9]*") if entry.name.isdigit()]
    return [other for other in found if other not in (pid, os.getpid()) and _end(other, pid, wanted)]


def _end(other: int, session: int, wanted: list[bytes]) -> bool:
    """Kill a process if it is a stray; looked at again once it cannot be mistaken for a later one."""
    if not _is_stray(other, session, wanted):
        return False
    try:
        handle = os.pidfd_open(other)
    except OSError:
        return False
    try:
        if not _is_stray(other, session, wanted):
            return False
        signal.pidfd_send_signal(handle, signal.SIGKILL)
    except OSError:
        return False
    finally:
        os.close(handle)
    return True


def _is_stray(other: int, session: int, wanted: list[bytes]) -> bool:
    folder = _PROC / str(other)
    try:
        fields = (folder / "stat").read_bytes().rpartition(b")")[2].split()
        if fields[0] in (b"Z", b"X"):
            return False
        return int(fields[3]) == session or bool(
            set((folder / "environ").read_bytes().split(b"\0")) & set(wanted)
        )
    except (OSError, IndexError, ValueError):  # it has ended meanwhile, or is somebody else's
        return False
