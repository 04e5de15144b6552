"""The fields of an event, read strictly: a ``ProtocolError`` says which is not of its type, or too large."""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from ftbench.domain.result import CurvePoint
from ftbench.errors import ProtocolError

T = TypeVar("T", str, int)

_LONGEST_NAME = 200  # characters of the name of a set, a metric, a run, a curve
_MOST = 2**53  # above all whole numbers of an event
_LONGEST_FACTS = 1 << 20  # characters
_HUGE = re.compile(r"(?<![\w\".-])-?\d{19,}(?=[,\]}])")
SHOWN = 80  # characters of a wrong line that a message quotes


def event_words(event: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """Texts; none where the field is not there."""
    value = event.get(key, [])
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise ProtocolError(f"the event '{event['event']}' has no proper '{key}'")
    return tuple(value)


def _field(event: Mapping[str, Any], key: str, kind: type[T], default: T | None) -> T:
    value = event.get(key, default)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise ProtocolError(f"the event '{event['event']}' has no proper '{key}'")
    return value


def event_text(event: Mapping[str, Any], key: str, default: str | None = None) -> str:
    """A text."""
    return _field(event, key, str, default)


def event_name(event: Mapping[str, Any], key: str) -> str:
    """A text that names something: printable, and no longer than a name is."""
    value = event_text(event, key)
    if not value.isprintable() or len(value) > _LONGEST_NAME:
        raise ProtocolError(f"the event '{event['event']}' has no proper '{key}'")
    return value


def event_whole(event: Mapping[str, Any], key: str) -> int:
    """A whole number, 0 or more."""
    value = _field(event, key, int, None)
    if not 0 <= value < _MOST:
        raise ProtocolError(f"the event '{event['event']}' has no proper '{key}'")
    return value


def event_float(event: Mapping[str, Any], key: str) -> float:
    """A number, which need not be finite."""
    value = event.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ProtocolError(f"the event '{event['event']}' has no proper '{key}'")
    try:
        return float(value)
    except OverflowError:
        raise ProtocolError(f"the event '{event['event']}' has no proper '{key}'") from None


def event_bytes(event: Mapping[str, Any], key: str) -> bytes:
    """Bytes, written as base64."""
    try:
        return base64.b64decode(event_text(event, key), validate=True)
    except (binascii.Error, ValueError):
        raise ProtocolError(f"the event '{event['event']}' has no proper '{key}'") from None


def event_mapping(event: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """An object."""
    value = event.get(key)
    if not isinstance(value, dict):
        raise ProtocolError(f"the event '{event['event']}' has no proper '{key}'")
    return value


def event_facts(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a job ran with: values that can be written down, and read again."""
    values = event_mapping(event, "values")
    try:
        text = json.dumps(values, allow_nan=False)
    except (ValueError, RecursionError):
        raise ProtocolError("the event 'provenance' holds what is no number, or is nested too deep") from None
    if len(text) > _LONGEST_FACTS or _HUGE.search(text):
        raise ProtocolError("the event 'provenance' holds too much, or too large a number")
    return values


def quoted_line(line: bytes | str) -> str:
    """The beginning of a line, for a message."""
    text = line.decode(errors="replace") if isinstance(line, bytes) else line
    return repr(text if len(text) <= SHOWN else text[:SHOWN] + "…")


def event_points(event: Mapping[str, Any], run: str) -> Iterator[CurvePoint]:
    """The points of a run that ``progress`` tells, each ``[name, step, value]``; those that are finite."""
    for told in event.get("points", []) if isinstance(event.get("points", []), list) else [None]:
        if not isinstance(told, list) or len(told) != 3:
            raise ProtocolError(f"the event '{event['event']}' has no proper 'points'")
        one = {"event": event["event"], **dict(zip(("name", "step", "value"), told, strict=True))}
        point = CurvePoint(run, event_whole(one, "step"), event_name(one, "name"), event_float(one, "value"))
        if math.isfinite(point.value):
            yield point
