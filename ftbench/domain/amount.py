"""Spans of time and sizes as they are typed: ``30d``, ``12h``, ``10M``."""

from __future__ import annotations

import re

from ftbench.errors import BadValue

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_BYTES = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_AMOUNT = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)\s*([A-Za-z]?)")
_LIMIT = re.compile(r"(?:(\d{1,4})-)?(\d{1,6}(?::\d{1,2}){0,2})")


def span_seconds(text: str, flag: str) -> float:
    """The seconds of ``90m``, ``12h``, ``30d``, ``2w``.

    Raises:
        BadValue: it is none of these; names the flag.
    """
    found = _AMOUNT.fullmatch(text.strip())
    if found is None or found[2].lower() not in _SECONDS:
        raise BadValue(f"{flag} '{text}': give a number and s, m, h, d or w, such as 30d")
    return float(found[1]) * _SECONDS[found[2].lower()]


def size_bytes(text: str, flag: str) -> int:
    """The bytes of ``500``, ``64K``, ``10M``, ``1.5G``.

    Raises:
        BadValue: it is none of these; names the flag.
    """
    found = _AMOUNT.fullmatch(text.strip())
    if found is None or found[2].upper() not in _BYTES:
        raise BadValue(f"{flag} '{text}': give a number of bytes, or one with K, M or G, such as 10M")
    return int(float(found[1]) * _BYTES[found[2].upper()])


def limit_seconds(text: str, flag: str) -> float:
    """The seconds of a limit of time: ``8h``, ``90m``, or as SLURM writes it.

    SLURM writes minutes, ``minutes:seconds``, ``hours:minutes:seconds``, ``days-hours``,
    ``days-hours:minutes`` and ``days-hours:minutes:seconds``; a bare number is minutes.

    Raises:
        BadValue: it is none of these, or nothing; names the flag.
    """
    given = text.strip()
    found = _LIMIT.fullmatch(given)
    if found is not None:
        days, rest = found[1], [int(part) for part in found[2].split(":")]
        if days is not None:
            hours, minutes, seconds = (*rest, 0, 0)[:3]
        else:
            hours, minutes, seconds = (0, *rest, 0) if len(rest) < 2 else (0, *rest)[-3:]
        total = float(86400 * int(days or 0) + 3600 * hours + 60 * minutes + seconds)
    else:
        amount = _AMOUNT.fullmatch(given)
        if amount is None or amount[2].lower() not in _SECONDS:
            raise BadValue(f"{flag} '{text}': give a time such as 8h, 30m or 1-00:00:00")
        total = float(amount[1]) * _SECONDS[amount[2].lower()]
    if total <= 0:
        raise BadValue(f"{flag} '{text}': give a time above 0")
    return total
