"""Spans of time in words."""

from __future__ import annotations

import pytest

from ftbench.domain.duration import span


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "unknown"),
        (-0.4, "0 s"),
        (-3.0, "0 s"),
        (4.4, "4 s"),
        (89, "89 s"),
        (90, "2 min"),
        (120, "2 min"),
        (5369, "89 min"),
        (5400, "1 h 30 min"),
        (7260, "2 h 01 min"),
    ],
)
def test_durations_read_well(seconds: float | None, words: str) -> None:
    assert span(seconds) == words
