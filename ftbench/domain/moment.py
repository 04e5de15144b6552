"""Moments as they are printed and exported."""

from __future__ import annotations

from datetime import UTC, datetime


def moment(seconds: float) -> str:
    """A moment for people and programs, ISO 8601 in UTC: ``2026-07-08T10:15:30Z``.

    Args:
        seconds: since 1970 (UTC).
    """
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
