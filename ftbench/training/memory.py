"""How much memory the process takes where it trains, for a worker that trains several jobs at once."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

_CONTEXT = 1024  # MiB on a GPU beside torch's own memory: the driver's context, kernels of libraries
_MIB = 2**20


def memory(device: str) -> dict[str, int] | None:
    """The device's memory: the most that this process has held, what is free, and all there is, in MiB.

    Waits for nothing on the device.

    Args:
        device: as torch names it.

    Returns:
        ``held``, ``free`` and ``total``; None where the system does not tell.
    """
    if not device.startswith("cuda"):
        return _main_memory()
    import torch

    free, total = torch.cuda.mem_get_info(device)
    held = torch.cuda.max_memory_reserved(device) // _MIB + _CONTEXT
    return {"held": held, "free": free // _MIB, "total": total // _MIB}


def _main_memory() -> dict[str, int] | None:
    if not sys.platform.startswith("linux"):
        return None
    fields = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
    free, total = (int(fields[name].split()[0]) // 1024 for name in ("MemAvailable", "MemTotal"))
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return {"held": held, "free": free, "total": total}
