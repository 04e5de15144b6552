"""This host: one worker for each device, as processes that ``watch`` starts and restarts."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from ftbench.domain.launch import Allocation, Launch
from ftbench.errors import BadValue, FtbenchError
from ftbench.services.launching.base import VARIABLE, Engine, Seen, Sight
from ftbench.services.launching.site import Site
from ftbench.services.worker import machine

_PROCESSES = Path("/proc")


class Local(Engine):
    """Workers of this host, by their process ids; ``ftbench launch local`` starts them itself and stays."""

    name: ClassVar[str] = "local"
    tops_up: ClassVar[bool] = False

    def start(self, launch: Launch, new: Sequence[Allocation]) -> dict[int, str]:
        """Name the places of the workers, which their watcher starts."""
        host = Site().node
        return {one.number: f"{host}/{one.number}" for one in new}

    def seen(self, allocations: Sequence[Allocation]) -> Mapping[str, Seen]:
        """Look for their processes; of another host's nothing is known, so they stand as they are written."""
        found = {}
        here = self._here(allocations)
        for one in allocations:
            host = one.engine_id.partition("/")[0]
            if host != Site().node:
                raise FtbenchError(f"launch {one.launch} runs on {host}: ask there")
            if one.number in here:
                found[one.engine_id] = Seen(Sight.RUNNING, host)
        return found

    def stop(self, allocations: Sequence[Allocation]) -> None:
        """Send each worker SIGTERM."""
        for pid in self._here(allocations).values():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)

    def log(self, one: Allocation) -> Path:
        """By the worker's number."""
        return self.folder / f"{one.number}.log"

    def _here(self, allocations: Sequence[Allocation]) -> dict[int, int]:
        """Number -> process id of the workers that live here, found by what they were told."""
        told = {f"{VARIABLE}={one.launch}/{one.number}".encode(): one.number for one in allocations}
        found: dict[int, int] = {}
        for entry in _PROCESSES.glob("[0-9]*"):
            with suppress(OSError):
                words = (entry / "cmdline").read_bytes().split(b"\0")
                environment = (entry / "environ").read_bytes().split(b"\0") if b"worker" in words else []
                number = next((told[text] for text in environment if text in told), None)
                if number is not None:
                    found[number] = int(entry.name)
        return found


def devices(gpus: str | None, workers: int | None) -> tuple[int | None, ...]:
    """The GPU of each worker, None for the CPU.

    Args:
        gpus: as they were typed; None for all.
        workers: how many on the CPU; None where that was not asked for.

    Raises:
        BadValue: both were asked for, or a GPU that is not there or cannot be used.
    """
    if gpus is not None and workers is not None:
        raise BadValue("--gpus and --workers: one worker a GPU, or so many on the CPU; give one of them")
    if workers is not None:
        return (None,) * workers
    known = machine.gpus() if gpus is not None or machine.torch_has_cuda() else 0
    chosen = gpu_numbers(gpus, known) if gpus is not None else tuple(range(known))
    for number in chosen[:1]:
        machine.choose_device(number)
    return chosen or (None,)


def gpu_numbers(text: str, known: int) -> tuple[int, ...]:
    """The GPUs of ``0-7``, ``0,2`` or ``0-3,6``.

    Args:
        text: as it was typed.
        known: how many there are.

    Raises:
        BadValue: it is none of these, or names one that is not there.
    """
    found: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise BadValue(f"--gpus '{text}': give numbers such as 0-7 or 0,2")
        found += range(int(first), int(last or first) + 1)
    if not found or len(set(found)) != len(found):
        raise BadValue(f"--gpus '{text}': name each GPU once, such as 0-7 or 0,2")
    wrong = [number for number in found if number >= known]
    if wrong:
        have = f"0 to {known - 1}" if known > 1 else "only 0" if known else "none; --workers N uses the CPU"
        raise BadValue(f"--gpus '{text}': no GPU {wrong[0]} here, there is {have}")
    return tuple(found)
