"""Provenance: what a job ran with, and where its record has it."""

from __future__ import annotations

from collections.abc import Mapping

#: Column -> where the provenance has it.
RAN: Mapping[str, tuple[str, ...]] = {
    "wall_seconds": ("wall_seconds",),
    "training_seconds": ("seconds", "training"),
    "peak_memory_mb": ("peak_memory_mb",),
    "device": ("device",),
    "git_commit": ("git_commit",),
    "git_dirty": ("git_dirty",),
    "ftbench": ("ftbench",),
    "torch": ("torch",),
    "method_digest": ("method_digest",),
}
