"""What a picture is drawn on: its size as papers measure it, its font and its heading."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ftbench.errors import BadValue

PIXELS = 96
"""Of a specification in an inch: text of 12 pixels is then of 9 points."""
#: TeX has 72.27 points in an inch, and prints lengths in them.
UNITS: Mapping[str, float] = MappingProxyType({"in": 1.0, "cm": 1 / 2.54, "mm": 1 / 25.4, "pt": 1 / 72.27})
#: LaTeX's widths by their names there, in inches, as the style of ACL has them (219.09 and 455.24 points).
WIDTHS: Mapping[str, float] = MappingProxyType({"column": 219.086 / 72.27, "text": 455.244 / 72.27})
LEAST, MOST = 0.5, 100.0
LONGEST = 300
_LENGTH = re.compile(r"(?P<number>\d+\.?\d*|\.\d+)?\s*\\?(?P<unit>[a-z]*)", re.IGNORECASE)


@dataclass(frozen=True)
class Canvas:
    """What a picture is drawn on.

    Attributes:
        title: the heading; "" for none.
        width: of the whole picture, in inches; None for as wide as its panels are.
        height: likewise.
        fonts: of all text, the first that there is; () for the usual ones.
    """

    title: str = ""
    width: float | None = None
    height: float | None = None
    fonts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse text that cannot be drawn.

        Raises:
            BadValue: it has characters that are not printed, or is too long.
        """
        for flag, text in (("--title", self.title), *(("--font", name) for name in self.fonts)):
            if not text.isprintable() or len(text) > LONGEST:
                raise BadValue(f"{flag} '{text:.80}': give printable text of at most {LONGEST} characters")


def inches(flag: str, text: str | None) -> float | None:
    """A length in inches: ``3.25``, ``8cm``, ``397.48pt`` (as TeX prints it), ``column``, ``0.5text``.

    Args:
        flag: that gives it, for the error.
        text: as it was typed; None for none.

    Raises:
        BadValue: it is no length, or none that a picture can have.
    """
    if text is None:
        return None
    read = _LENGTH.fullmatch(text.strip())
    unit = read["unit"].lower().removesuffix("width") if read else ""
    known = {**UNITS, **WIDTHS, "": 1.0}
    if read is None or unit not in known or not (read["number"] or unit in WIDTHS):
        raise BadValue(f"{flag} '{text}': give inches such as 3.25, 8cm, 219pt, column, text or 0.5text")
    found = float(read["number"] or 1) * known[unit]
    if not LEAST <= found <= MOST:
        raise BadValue(f"{flag} '{text}': give {LEAST:g} to {MOST:g} inches")
    return found
