"""Spans of time and sizes as they are typed."""

from __future__ import annotations

import pytest

from ftbench.domain import amount
from ftbench.errors import BadValue


@pytest.mark.parametrize(
    ("text", "expected"), [("30d", 2592000), ("12h", 43200), ("1.5m", 90), ("2W", 1209600), (" 0s ", 0)]
)
def test_spans_are_read(text: str, expected: float) -> None:
    assert amount.span_seconds(text, "--older-than") == expected


@pytest.mark.parametrize(("text", "expected"), [("500", 500), ("64K", 65536), ("1.5m", 1572864), ("0", 0)])
def test_sizes_are_read(text: str, expected: int) -> None:
    assert amount.size_bytes(text, "--larger-than") == expected


@pytest.mark.parametrize("text", ["", "d", "30", "-1d", "1e9d", "30 days", "9" * 40 + "d", "nan"])
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(BadValue, match="--older-than"):
        amount.span_seconds(text, "--older-than")


@pytest.mark.parametrize("text", ["", "K", "-1", "1X", "1e9", "inf"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(BadValue, match="--larger-than"):
        amount.size_bytes(text, "--larger-than")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *(("8h", 28800), ("90m", 5400), ("45s", 45), ("2d", 172800), ("1.5h", 5400)),
        *(("30", 1800), ("0:20", 20), ("1:30", 90), ("1:00:00", 3600), ("100:00:00", 360000)),
        *(("1-0", 86400), ("1-12:30", 131400), ("1-00:00:00", 86400), ("7-01:02:03", 608523)),
    ],
)
def test_limits_of_time_are_read_as_slurm_writes_them_too(text: str, expected: float) -> None:
    assert amount.limit_seconds(text, "--time") == expected


@pytest.mark.parametrize("text", ["", "x", "8x", "0", "0h", "-1", "1:2:3:4", "1-", "UNLIMITED", "1-1-1"])
def test_what_is_no_limit_of_time_is_refused(text: str) -> None:
    with pytest.raises(BadValue, match="--time"):
        amount.limit_seconds(text, "--time")
