"""Fonts that somebody names: how a drawing names them, and which of them this machine lacks."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

#: Two that are told apart wherever there are fonts at all.
_STAND_INS = ("serif", "monospace")
_MARKS = str.maketrans("", "", "'\"\\")


def quoted_fonts(names: Iterable[str]) -> str:
    """Fonts as a drawing names them: ``Source Sans 3``, with its number, needs quotes."""
    return ", ".join(f"'{name.translate(_MARKS).strip()}'" for name in names)


def lacking_fonts(names: Iterable[str]) -> tuple[str, ...]:
    """Those of some fonts that this machine does not have, as what draws finds them.

    Words are drawn in each font, once with one to stand in for it and once with another: where the two look
    different, it was one of these that was drawn. Upper and lower case count.
    """
    return tuple(name for name in names if len({_drawn(name, stand_in) for stand_in in _STAND_INS}) > 1)


def _drawn(name: str, stand_in: str) -> bytes:
    import vl_convert

    family = escape(f"{quoted_fonts([name])}, {stand_in}")
    text = f'<text x="2" y="30" font-size="20" font-family="{family}">Wil 1mM</text>'
    return bytes(
        vl_convert.svg_to_png(f'<svg xmlns="http://www.w3.org/2000/svg" width="200" height="40">{text}</svg>')
    )
