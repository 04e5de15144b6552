"""Pages of sections."""

from __future__ import annotations

from dataclasses import replace

from ftbench.render import html
from ftbench.render.html.article import (
    ArticleSection,
    Folded,
    ListEntry,
    ListHead,
    Listing,
    ListRow,
    anchor_of,
    article,
    listing_of,
    section_of,
)
from ftbench.render.html.frame import NavLink, PageFrame
from ftbench.render.plots.theme import Plot
from ftbench.render.sheet import Field, Sheet

ODD = "<b>&"
FRAME = PageFrame(ODD, (NavLink("Overview", "index.html"),), assets="assets/", policy="")
SHEET = Sheet(
    "x",
    "Findings",
    (
        Field("a", "A"),
        Field("d", "Δ", "points"),
        Field("p", "p", "p"),
        Field("no", "No"),
        Field("h", "H", shown=False),
    ),
    ({"a": "one", "d": 0.015, "p": 0.0004, "h": 1}, {"a": "two", "d": None, "p": 0.2}),
    ("How to read it.",),
    ("It is so.",),
)


def test_everything_that_users_named_is_text() -> None:
    listing = Listing([ListHead(ODD)], [ListRow([ListEntry(ODD, '"><i>', ODD, "bad")], "row-1")], "table-1")
    folded = Folded(ODD, [(ODD, ODD)], [ODD], [ODD])
    section = ArticleSection(ODD, "one", [ODD], [(ODD, ListEntry(ODD))], [listing], [ODD], [ODD], [folded])
    text = article(FRAME, [ODD], [section])
    assert ODD not in text and '"><i>' not in text and "&lt;b&gt;&amp;" in text


def test_a_list_of_findings_reads_as_in_the_terminal_and_sorts_by_number() -> None:
    found = listing_of(SHEET)
    assert [(head.text, head.number) for head in found.heads] == [("A", False), ("Δ", True), ("p", True)]
    assert [entry.text for entry in found.rows[0].entries] == ["one", "+1.50", "<0.001"]
    assert [entry.value for entry in found.rows[1].entries] == [None, "", 0.2]


def test_findings_lead_where_their_texts_do() -> None:
    assert listing_of(SHEET, {"one": "one.html"}).rows[0].entries[0].href == "one.html"


def test_verdicts_are_told_in_words_below_the_list() -> None:
    text = article(FRAME, [], [section_of(SHEET, "findings")])
    assert text.index("<table") < text.index("How to read it.") < text.index("It is so.")
    assert "In words" in text and 'id="filter"' in text


def test_a_page_without_lists_has_no_filter_and_without_plots_no_library() -> None:
    text = article(FRAME, ["Hello."], [ArticleSection("A", "a")])
    assert 'id="filter"' not in text and "vega.js" not in text and "figures.js" not in text


def test_plots_are_drawn_by_the_library_beside_the_page() -> None:
    section = ArticleSection(
        "A",
        "a",
        figures=[
            html.Figure("Runs", Plot({"layer": [], "width": 9, "height": 9, "title": "</script>"}, "", ""))
        ],
    )
    text = article(FRAME, [], [section])
    plotting = '<script async id="plotting" src="assets/vega.js">'  # the page answers before it is there
    assert 0 < text.index('<script src="assets/figures.js">') < text.index(plotting)
    assert 'data-plot="0.0"' in text and '</script>"}' not in text


def test_a_long_page_begins_with_its_contents() -> None:
    sections = [ArticleSection(f"Part {at}", f"part-{at}") for at in range(5)]
    assert 'href="#part-4"' in article(FRAME, [], sections)
    assert "On this page" not in article(FRAME, [], sections[:3])
    few = [replace(one, listed=at < 4) for at, one in enumerate(sections)]
    assert 'href="#part-4"' not in article(FRAME, [], few)


def test_names_in_addresses_are_plain_and_each_once() -> None:
    assert anchor_of("Main results: <b> · ünï", 3) == "main-results-b-n-3"
    assert anchor_of("日本", 1) == "1"
