"""What this machine has to train with, found out without torch."""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import subprocess
from importlib import metadata
from pathlib import Path

import ftbench
from ftbench._version import __version__
from ftbench.domain.provenance import Provenance
from ftbench.errors import BadValue

_MANY = 8  # more threads than this make small models slower


def cores() -> int:
    """The CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def default_threads(slots: int = 1) -> int:
    """Threads for a job where none are asked for: ``OMP_NUM_THREADS``, else a slot's cores, up to eight."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    if asked.isdigit() and int(asked) > 0:
        return int(asked)
    return max(1, min(cores() // slots, _MANY))


def choose_device(gpu: int | None) -> str:
    """The device to train on, as torch names it.

    Args:
        gpu: an index among the GPUs that are visible (``CUDA_VISIBLE_DEVICES``); None takes what there is,
            the CPU last.

    Raises:
        BadValue: there is no such GPU, or torch cannot use it.
    """
    if gpu is None:
        return "cuda:0" if torch_has_cuda() and gpus() else "cpu"
    count = gpus()
    if not 0 <= gpu < count:
        have = f"only 0 to {count - 1}" if count > 1 else "only 0" if count else "none"
        hidden = " visible" if "CUDA_VISIBLE_DEVICES" in os.environ else ""
        rest = "`ftbench worker` without --gpu takes what there is"
        raise BadValue(f"no GPU {gpu}: this machine has {have}{hidden}; {rest}")
    if not torch_has_cuda():
        raise BadValue(f"GPU {gpu} cannot be used: the torch installed here is built for the CPU alone")
    return f"cuda:{gpu}"


def gpus() -> int:
    """The number of GPUs that a process started here would see."""
    present = _present()
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None or not present:
        return present
    count = 0
    for entry in visible.split(","):
        name = entry.strip()
        if not name or (name.lstrip("-").isdigit() and not 0 <= int(name) < present):
            break  # CUDA takes the entries before the first that is wrong
        count += 1
    return count


def torch_has_cuda() -> bool:
    """Whether the installed torch was built for GPUs, read from its version file."""
    spec = importlib.util.find_spec("torch")
    if spec is None or spec.origin is None:
        return False
    try:
        text = (Path(spec.origin).parent / "version.py").read_text()
    except OSError:
        return True  # not known: the training process will say
    return re.search(r"^(cuda|hip)\b[^=\n]*=\s*['\"]", text, re.MULTILINE) is not None


def code_version() -> Provenance:
    """The git commit that ftbench runs from, where it runs from a checkout of its own."""
    root = Path(ftbench.__file__).resolve().parent.parent
    if not (root / ".git").exists():
        return {}
    git = ("git", "-C", str(root))
    commit = _output(*git, "rev-parse", "HEAD")
    if not commit:
        return {}
    changes = _output(*git, "status", "--porcelain", "--untracked-files=no", "--", "ftbench")
    return {"git_commit": commit.strip(), "git_dirty": bool(changes and changes.strip())}


def versions() -> dict[str, str | None]:
    """Of ftbench, Python and torch, which is not loaded for that; None where it is not installed."""
    try:
        torch = metadata.version("torch")
    except metadata.PackageNotFoundError:
        torch = None
    return {"ftbench": __version__, "python": platform.python_version(), "torch": torch}


def _present() -> int:
    listing = _output("nvidia-smi", "-L")
    if listing:
        lines = listing.splitlines()
        if any(line.strip().startswith("MIG ") for line in lines):
            return 1  # unless told which, CUDA shows a process one slice
        return sum(line.startswith("GPU ") for line in lines)
    try:
        return len(os.listdir("/proc/driver/nvidia/gpus"))
    except OSError:
        return 0


def _output(*command: str) -> str | None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout


def memory_kills() -> int:
    """How many processes the kernel has killed because memory ran out, since it was started; 0 if unknown."""
    try:
        lines = Path("/proc/vmstat").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)


def memory_left() -> int | None:
    """Bytes of main memory that processes started here may still take; None where the system does not say."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        free = next(1024 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable"))
        group = Path("/sys/fs/cgroup")
        most = (group / "memory.max").read_text().strip() if (group / "memory.max").exists() else "max"
        if most != "max":
            free = min(free, int(most) - int((group / "memory.current").read_text()))
        return max(0, free)
    except (OSError, ValueError, StopIteration):
        return None
