"""The page of a report, as text; ``test_html_browser`` opens it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest

from ftbench.render import html, render
from ftbench.render.plots.theme import Plot
from ftbench.render.table import Group, Report
from tests.render.samples import GROUPED, MARKED, REPORT, ROWS, SECTION

ODD = '</script><script>alert(1)</script><b title="x">&amp;\' \u2028'


class Page(HTMLParser):
    """The elements and the text of a page, and what its scripts of data hold."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def data_of(text: str, name: str = "data") -> Any:
    (found,) = re.findall(rf'<script type="application/json" id="{name}">(.*?)</script>', text, flags=re.S)
    return json.loads(found)


def test_the_tables_are_in_the_page_without_its_script():
    page = Page(render(REPORT, "html"))
    words = " ".join(" ".join(page.text).split())
    assert "63.76 (65.55) n=3" in words and "r|drop *new*" in words and "Incomplete cells: 2 of 6." in words
    assert sum(tag == "tr" for tag, _ in page.tags) == 1 + len(ROWS)
    classes = [attributes.get("class") for tag, attributes in page.tags if tag == "span"]
    assert classes.count("best") == 2
    heads = [attributes for tag, attributes in page.tags if tag == "th"]
    assert {head["scope"] for head in heads} == {"col", "row"}


def test_nothing_is_loaded_from_elsewhere():
    page = Page(render(GROUPED, "html"))
    links = [v for _, attributes in page.tags for k, v in attributes.items() if k in ("src", "href")]
    assert links == ["data:,"]
    policy = next(a["content"] for tag, a in page.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy and policy.startswith("default-src 'none'")


def test_the_code_of_the_plots_cannot_end_its_own_element():
    page = html.render(GROUPED, html.Details(script="show('</script>')"))
    assert r"show('<\/script>')" in page and "show('</script>')" not in page


def test_what_users_named_is_text_wherever_it_stands():
    row = replace(ROWS[0], label=ODD, hparams={ODD: ODD})
    section = replace(SECTION, title=ODD, notes=(ODD,), caption=(ODD,), groups=(Group(ODD, 0.1, (row,)),))
    figures = ((html.Figure(ODD, Plot({"layer": [], "width": 9, "height": 9, "title": ODD}, "", ODD)),),)
    details = html.Details({"d": [ODD, 0]}, (ODD,), ({ODD: ODD},), {"d": (ODD,)}, figures, "x = '</script>';")
    text = html.render(Report("main", ODD, (section,), (ODD,)), details)
    plain, page = Page(render(REPORT, "html")), Page(text)
    assert "alert(1)" in text and "<b title" not in text
    scripts = lambda p: sum(tag == "script" for tag, _ in p.tags)  # noqa: E731
    assert scripts(page) == scripts(plain) + 1  # the plotting library
    assert data_of(text)["with"] == [{ODD: ODD}] and data_of(text, "specs")[0][0]["title"] == ODD
    assert next(cell for cell in data_of(text)["cells"].values())["title"].startswith(ODD)


def test_a_plot_has_its_caption_below_it_and_no_heading():
    plot = Plot({"layer": [], "width": 9, "height": 9}, "Heading", "How to read it.")
    text = html.render(REPORT, html.Details(figures=[[html.Figure("x", plot)]], script="x"))
    assert "How to read it." in Page(text).text and "title" not in data_of(text, "specs")[0][0]


def test_every_number_leads_to_its_jobs():
    details = html.Details({"d": [12.5, 0]}, ("seconds",), ({"torch": "2"},), {"d": ("ftbench queue …",)})
    data = data_of(html.render(REPORT, details))
    score = data["cells"]["0.0.1.1"]
    assert score["title"] == "bidrop[k=3] · RTE · accuracy"
    assert (score["seeds"], score["scores"], score["commands"]) == ([0, 1], [73.79] * 2, ["ftbench queue …"])
    assert [data["jobs"][at] for at in score["jobs"]] == [["d", 12.5, 0]] * 2
    assert dict(score["facts"]) == {
        "n": "2 of 3",
        "mean": "73.79",
        "max": "77.61",
        "standard deviation (ddof 1)": "1.00",
        "missing": "1 diverged",
    }
    assert data["cells"]["0.0.0.2"]["from"] == [["0.0.0.0", [0, 1, 2]], ["0.0.0.1", [0, 1, 2]]]
    # A difference over what all have: nobody's scores on RTE, where one method has none.
    assert data["cells"]["0.0.1.3"]["from"] == [["0.0.1.0", [0, 1, 2]], ["0.0.0.0", [0, 1, 2]]]
    assert "0.0.2.3" not in data["cells"]


def test_a_tested_cell_says_how_sure_its_mark_is_and_words_open_nothing():
    text = render(MARKED, "html")
    words = " ".join(" ".join(Page(text).text).split())
    assert "70.00 (80.00) c=1 ▲ ab" in words and "6/6" not in words and "n=3 in every cell." in words
    cells = data_of(text)["cells"]
    assert set(cells) == {"0.0.0.0", "0.0.0.1"}
    facts = dict(cells["0.0.0.1"]["facts"])
    assert facts["difference to the baseline"] == "+6.00 [+5.00, +7.00] over 3 seeds ▲"
    assert facts["p, p corrected"] == "<0.001, 0.010" and facts["collapsed runs"] == "1"


def test_conditions_without_a_ratio_are_a_column():
    section = replace(SECTION, groups=(Group("few rows", None, ROWS), Group("all rows", None, ROWS)))
    page = Page(render(replace(REPORT, sections=(section,)), "html"))
    words = " ".join(" ".join(page.text).split())
    assert "condition Method" in words and "few rows vanilla" in words and "all rows vanilla" in words


def test_ratios_are_a_column_that_sorts_by_number():
    page = Page(render(GROUPED, "html"))
    values = [a.get("data-value") for tag, a in page.tags if tag == "td" and "data-value" in a]
    assert values[0] == "0.0" and values.count("0.05") == 3


@pytest.mark.parametrize("report", [REPORT, GROUPED])
def test_every_element_is_closed(report):
    void = {"meta", "link", "input"}
    open_tags: list[str] = []

    class Closed(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            if tag not in void:
                open_tags.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert open_tags.pop() == tag

    Closed().feed(render(report, "html"))
    assert not open_tags
