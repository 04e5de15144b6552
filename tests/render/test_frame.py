"""The frame that pages stand in."""

from __future__ import annotations

import re

from ftbench.render import html
from ftbench.render.html import frame
from ftbench.render.html.frame import ASSETS, NavLink, PageFrame
from ftbench.render.plots.theme import Plot
from tests.render.samples import REPORT

ODD = "</title><script>x</script>"
SITE = PageFrame(
    "main",
    (NavLink("Overview", "../index.html"), NavLink("Tables", "index.html", here=True)),
    ("made on a day",),
    assets="../assets/",
    policy="default-src 'self'",
)


def test_pages_of_a_folder_share_their_style_and_scripts():
    text = html.render(REPORT, frame=SITE)
    assert "<style>" not in text and "color-scheme" not in text
    assert re.findall(r'(?:src|rel="stylesheet" href)="([^"]+)"', text) == [
        f"../assets/{name}" for name in ("frame.css", "frame.js", "figures.js", "page.js")
    ]
    assert "default-src &#39;self&#39;" in text and "unsafe-eval" not in text


def test_a_page_that_stands_alone_has_them_in_itself_and_no_navigation():
    text = html.render(REPORT)
    assert "color-scheme" in text and "<nav" not in text and 'class="skip"' not in text
    assert not re.search(r'<script src|rel="stylesheet"', text)


def test_plots_of_a_folder_share_the_library():
    details = html.Details(
        figures=[[html.Figure("Runs", Plot({"layer": [], "width": 9, "height": 9}, "", ""))]],
        script="the library",
    )
    text = html.render(REPORT, details, SITE)
    assert '<script async id="plotting" src="../assets/vega.js">' in text and "the library" not in text


def test_navigation_says_where_one_is_and_can_be_skipped():
    text = html.render(REPORT, frame=SITE)
    assert '<a class="skip" href="#content">' in text and 'id="content"' in text
    assert re.findall(r'<a href="([^"]+)" aria-current="page">(\w+)</a>', text) == [("index.html", "Tables")]
    assert "<footer>" in text and "made on a day" in text and text.count("<h1>") == 1


def test_a_job_leads_to_its_page_where_it_has_one():
    digest = next(job for cell in REPORT.sections[0].groups[0].rows[0].cells for job in cell.jobs)
    text = html.render(REPORT, html.Details(pages={digest: "jobs/one.html"}))
    assert '"pages":["jobs/one.html"' in text and '"pages"' not in html.render(REPORT)


def test_titles_and_links_are_text():
    text = html.render(REPORT, frame=PageFrame(ODD, (NavLink(ODD, '"><b>'),), (ODD,)))
    assert ODD not in text and '"><b>' not in text


def test_every_asset_is_there():
    assert all(frame.asset(name) for name in ASSETS)
