"""Pages of sections: lists, facts, commands, what is folded away, plots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ftbench.printable import printable
from ftbench.render.html import Figure, figure_specs
from ftbench.render.html.frame import PLOTTING, PageFrame, framed
from ftbench.render.sheet import Field, Sheet, figure

#: What a section's name in addresses is made of; what users named never is.
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")


@dataclass(frozen=True)
class ListEntry:
    """A text in a list or among facts.

    Attributes:
        text: what is read.
        href: where it leads; "" for nowhere.
        value: what its column is sorted by; None for the text.
        tone: ``good``, ``bad`` or ``warn`` colours it.
        download: whether what it leads to is a file to keep.
    """

    text: str
    href: str = ""
    value: float | str | None = None
    tone: str = ""
    download: bool = False


@dataclass(frozen=True)
class ListHead:
    """The heading of a column; ``number``: whether numbers stand there."""

    text: str
    number: bool = False


@dataclass(frozen=True)
class ListRow:
    """A row of a list; ``anchor`` is its name in addresses, "" for none."""

    entries: Sequence[ListEntry]
    anchor: str = ""


@dataclass(frozen=True)
class Listing:
    """A list of rows that sorts, and that the page's box filters.

    Attributes:
        heads: of its columns, the first of which names the row.
        rows: an entry for each column.
        name: of the table on its page; "" for none.
    """

    heads: Sequence[ListHead]
    rows: Sequence[ListRow]
    name: str = ""


@dataclass(frozen=True)
class Folded:
    """What is shown on demand: facts, paragraphs, then texts as they are."""

    title: str
    facts: Sequence[tuple[str, str]] = ()
    lines: Sequence[str] = ()
    texts: Sequence[str] = ()


@dataclass(frozen=True)
class ArticleSection:
    """A part of a page under a heading; its parts stand in this order.

    Attributes:
        title: the heading.
        anchor: its name in addresses, of its page.
        lines: paragraphs.
        facts: name and value.
        listings: lists.
        commands: to be typed.
        notes: how to read all that, a paragraph each.
        folded: what is shown on demand.
        figures: plots.
        listed: whether the page's contents name it.
    """

    title: str
    anchor: str
    lines: Sequence[str] = ()
    facts: Sequence[tuple[str, ListEntry]] = ()
    listings: Sequence[Listing] = ()
    commands: Sequence[str] = ()
    notes: Sequence[str] = ()
    folded: Sequence[Folded] = ()
    figures: Sequence[Figure] = ()
    listed: bool = True


def article(frame: PageFrame, lead: Sequence[str], sections: Sequence[ArticleSection]) -> str:
    """A page of sections.

    Args:
        frame: what surrounds it; its plotting library lies in the file ``PLOTTING`` beside its scripts.
        lead: paragraphs before the first section.
        sections: one below the other; with several, the page begins with links to them.
    """
    figures = [section.figures for section in sections]
    listed = any(section.listings for section in sections)
    values = {
        "lead": lead,
        "sections": sections,
        "specs": figure_specs(figures) if any(figures) else None,
        "plotting": f"{frame.assets or ''}{PLOTTING}",
    }
    scripts = ("figures.js", *frame.scripts) if any(figures) else frame.scripts
    filtered = frame.filtered or ("any word of a row" if listed else "")
    return framed("article.html.j2", replace(frame, scripts=scripts, filtered=filtered), values)


def listing_of(sheet: Sheet, links: Mapping[str, str] | None = None) -> Listing:
    """A list of findings as people read it: without the fields in which nothing stands.

    Args:
        sheet: the findings.
        links: what a text of a row leads to, by the text.
    """
    shown = [f for f in sheet.fields if f.shown and any(row.get(f.key) is not None for row in sheet.rows)]
    heads = [ListHead(one.title, one.kind != "text") for one in shown]
    rows = [
        ListRow([_entry(one, row.get(one.key), sheet, links or {}) for one in shown]) for row in sheet.rows
    ]
    return Listing(heads, rows)


def section_of(sheet: Sheet, anchor: str, links: Mapping[str, str] | None = None) -> ArticleSection:
    """A list of findings as a section; arguments as for ``listing_of``."""
    listings = (listing_of(sheet, links),) if sheet.rows else ()
    folded = (Folded("In words", lines=sheet.verdicts),) if sheet.verdicts else ()
    return ArticleSection(sheet.title, anchor, listings=listings, notes=sheet.notes, folded=folded)


def anchor_of(text: str, number: int) -> str:
    """A name in addresses for a title that users may have had a hand in."""
    letters = "".join(c if c in _LETTERS else "-" for c in text.lower())
    words = [word for word in letters.split("-") if word]
    return "-".join([*words[:6], str(number)])


def _entry(one: Field, value: object, sheet: Sheet, links: Mapping[str, str]) -> ListEntry:
    text = printable(figure(value, one.kind, sheet.fraction))
    sorted_by = value if isinstance(value, int | float) else "" if value is None else None
    return ListEntry(text, links.get(text, ""), sorted_by)
