"""Where a job's files are, beside its identity: the mark of a job whose identity waits for some of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

UNRESOLVED = "unresolved"
MODEL, DATA = "model", "data"


def unresolved(places: Mapping[str, Any] | None) -> tuple[str, ...]:
    """What of a job could not be looked at when it was queued: ``model``, ``data``, both or nothing."""
    marks = (places or {}).get(UNRESOLVED)
    return tuple(str(mark) for mark in marks) if isinstance(marks, list | tuple) else ()
