"""Values that nobody expects, and changes that make a sound value one of them."""

from __future__ import annotations

import json
import math
import random
from typing import Any

DEEP = "[" * 3000 + "]" * 3000
#: What a column or an event may hold in place of its value.
VALUES: list[Any] = [
    *(None, True, 0, -1, 1, 2**53, 2**63 - 1, -(2**63), 0.5, -0.0, 1e308, -1e9, math.inf, math.nan),
    *("", " ", "x", "0", "../../etc/passwd", "/etc/passwd", "~", "./mine.py", "a\0b", "\x1b]0;title\x07"),
    *("\u202e", "=1+1", "<script>alert(1)</script>", "é" * 5000, "f" * 64, "F" * 64, "1e999", "9" * 5000),
    *("null", "[]", "{}", "[[]]", "NaN", '{"a": NaN}', '{"value": null}', DEEP, '{"a":' + DEEP + "}"),
    *(b"", b"\xff\xfe", b"x" * 100, "done", "queued", "running", "user"),
]
_SIGNS = "\x00\n\t\r :,'\"\\[]{}()=<>|&!*#%@`-?~.0123456789eEabcxyz\ud800é\u2028\U0001f600"


def broken_text(dice: random.Random, text: str) -> str:
    """A text with a few signs put in, taken out or doubled."""
    for _ in range(dice.randint(1, 4)):
        at = dice.randint(0, len(text))
        end = min(len(text), at + dice.randint(0, 6))
        piece = dice.choice([dice.choice(_SIGNS) * dice.choice([1, 1, 1, 40]), text[at:end] * 2, ""])
        text = text[:at] + piece + text[end:]
    return text


def broken_bytes(dice: random.Random, data: bytes) -> bytes:
    """Data cut, with other bytes, or with a piece of zeros."""
    found = bytearray(data)
    for _ in range(dice.randint(1, 8)):
        if not found:
            break
        at = dice.randrange(len(found))
        match dice.randrange(4):
            case 0:
                found[at] ^= 1 << dice.randrange(8)
            case 1:
                found[at] = dice.randrange(256)
            case 2:
                found[at : at + dice.randint(1, 64)] = bytes(dice.randint(0, 64))
            case _ if not dice.randrange(4):
                del found[at:]
    return bytes(found)


def changed(dice: random.Random, event: dict[str, Any]) -> dict[str, Any]:
    """An event with a value of another kind, a field less or one more."""
    found = dict(event)
    name = dice.choice(sorted(found))
    match dice.randrange(4):
        case 0:
            del found[name]
        case 1:
            found[dice.choice(["digest", "event", "value", "extra", "memory"])] = _plain(dice)
        case _:
            found[name] = _plain(dice)
    return found


def broken_json(dice: random.Random, event: dict[str, Any]) -> bytes:
    """The line of an event, with other signs or bytes."""
    text = json.dumps(event)
    if dice.randrange(2):
        return broken_text(dice, text).encode(errors="surrogatepass").replace(b"\n", b" ")
    return broken_bytes(dice, text.encode())


def _plain(dice: random.Random) -> Any:
    value = dice.choice([*VALUES, 10**400, [1], {"a": [None]}, [["x"]], "\ud800"])
    return value.decode("latin-1") if isinstance(value, bytes) else value
