"""Spans of time in words."""

from __future__ import annotations


def span(seconds: float | None) -> str:
    """A span of time for reading: ``45 s``, ``12 min``, ``3 h 05 min``; below nothing is nothing.

    Args:
        seconds: how long; None where nobody can tell: ``unknown``.
    """
    if seconds is None:
        return "unknown"
    if seconds < 90:
        return f"{max(0, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"
