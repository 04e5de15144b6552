"""Fonts that somebody names: how a drawing names them, and which of them this machine lacks."""

from __future__ import annotations

from html import escape

from ftbench.domain.axes import split_names

#: Two that are told apart wherever there are fonts at all.
_STAND_INS = ("serif", "monospace")


def font_names(text: str) -> tuple[str, ...]:
    """The fonts of a list with commas, without quotation marks."""
    return tuple(filter(None, (name.strip("'\" ") for name in split_names(text))))


def quoted_fonts(text: str) -> str:
    """The same as a drawing has them: a name with a number in it, such as ``Source Sans 3``, needs quotes."""
    return ", ".join("'" + name.translate({ord(c): None for c in "'\"\\"}) + "'" for name in font_names(text))


def lacking_fonts(text: str) -> tuple[str, ...]:
    """The named fonts that this machine does not have, as what draws finds them.

    Words are drawn in each font, once with one to stand in for it and once with another: where the two look
    different, it was one of these that was drawn. Upper and lower case count.
    """
    import vl_convert

    def drawn(name: str, stand_in: str) -> bytes:
        family = escape(f"{quoted_fonts(name)}, {stand_in}")
        text = f'<text x="2" y="30" font-size="20" font-family="{family}">Wil 1mM</text>'
        return bytes(
            vl_convert.svg_to_png(
                f'<svg xmlns="http://www.w3.org/2000/svg" width="200" height="40">{text}</svg>'
            )
        )

    def is_lacking(name: str) -> bool:
        first, second = (drawn(name, stand_in) for stand_in in _STAND_INS)
        return first != second

    return tuple(name for name in font_names(text) if is_lacking(name))
