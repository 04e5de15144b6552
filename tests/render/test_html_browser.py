"""The page of the example database in a browser: a desktop and a phone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ftbench.cli._databases import reported
from ftbench.render.suite_table import SuiteReport
from ftbench.services.papers import page as suite_page
from ftbench.services.reporting import build
from ftbench.services.reporting import page as report_page
from ftbench.services.reporting.request import ReportRequest
from ftbench.services.scores.selection import Selection
from ftbench.services.scores.titles import Naming
from tests.example import three_methods
from tests.services.papers.suited import Suited, around, table

DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    database, found = str(three_methods(folder / "ftbench.db")), {}
    for name in ("main", "robustness"):
        found[name] = folder / f"{name}.html"
        found[name].write_text(page_of(database, name), encoding="utf-8")
    found["suite"] = folder / "suite.html"
    found["suite"].write_text(suite_page.page(papers()), encoding="utf-8")
    return found


def page_of(address: str, name: str = "main", renamed: tuple[tuple[str, str], ...] = ()) -> str:
    request = ReportRequest(table=name, selection=Selection(naming=Naming(renamed)))
    with reported(address, request) as database:
        return report_page.page(database, build.build_report(database, request))


def papers() -> list[SuiteReport]:
    """Two tables of a paper: one about time, and one with three cells measured; the third has one seed."""
    rows = Suited()
    rows.add("vanilla", "cola", around(64.1, 0.2))
    rows.add("vanilla", "rte", around(71.5, 2.0))
    rows.add("dps_dense", "cola", [60.0], "published")
    return [table("dps/table1", rows), table("dps/table6", rows)]


@pytest.fixture(params=[DESKTOP, PHONE], ids=["desktop", "phone"])
def page(request: pytest.FixtureRequest, browser: Any, files: dict[str, Path]) -> Iterator[Any]:
    """The main table's page."""
    with visited(browser, files["main"], request.param) as opened:
        yield opened


@pytest.fixture(params=[DESKTOP, PHONE], ids=["desktop", "phone"])
def suite(request: pytest.FixtureRequest, browser: Any, files: dict[str, Path]) -> Iterator[Any]:
    """The page of a paper's tables."""
    with visited(browser, files["suite"], request.param) as opened:
        yield opened


@contextmanager
def visited(browser: Any, file: Path, screen: dict[str, int]) -> Iterator[Any]:
    """A page with its plots; at the end nothing may have been complained of or loaded from elsewhere."""
    context = browser.new_context(viewport=screen, color_scheme="light", offline=True)
    opened = context.new_page()
    said: list[str] = []
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.on(
        "request", lambda sent: said.append(sent.url) if not sent.url.startswith(("file:", "data:")) else None
    )
    opened.goto(file.as_uri())
    opened.wait_for_selector(".plot svg")
    yield opened
    context.close()
    assert said == []


def methods(page: Any) -> list[str]:
    return [row.text_content() for row in page.locator("tbody tr:visible th").all()]


def test_a_head_sorts_down_up_and_back(page: Any) -> None:
    head = page.locator("thead th", has_text="SST-2")
    assert methods(page) == ["Vanilla", "Bi-Drop", "R-Drop"]
    for state, order in (
        ("descending", ["Vanilla", "R-Drop", "Bi-Drop"]),
        ("ascending", ["Bi-Drop", "R-Drop", "Vanilla"]),
        (None, ["Vanilla", "Bi-Drop", "R-Drop"]),
    ):
        head.get_by_role("button").click()
        assert head.get_attribute("aria-sort") == state
        if state:
            values = [
                float(v)
                for v in page.locator("tbody tr td:nth-child(3)").evaluate_all(
                    "c => c.map(x => x.dataset.value)"
                )
            ]
            assert values == sorted(values, reverse=state == "descending")
        else:
            assert methods(page) == order
    page.locator("thead th").first.get_by_role("button").click()
    assert methods(page) == ["Bi-Drop", "R-Drop", "Vanilla"]


def test_the_filter_keeps_rows_by_method_or_setting(page: Any) -> None:
    box = page.get_by_label("Filter rows")
    box.fill("DROP")
    assert methods(page) == ["Bi-Drop", "R-Drop"]
    box.fill("k=2")
    assert methods(page) == ["Bi-Drop"]
    box.fill("nothing of the kind")
    assert methods(page) == [] and page.get_by_text("No row matches the filter.").is_visible()
    box.fill("")
    assert len(methods(page)) == 3


def test_the_theme_follows_the_system_and_can_be_switched(page: Any) -> None:
    back = "getComputedStyle(document.body).backgroundColor"
    light, button = page.evaluate(back), page.get_by_role("button", name="Dark")
    button.click()
    assert button.get_attribute("aria-pressed") == "true" and page.evaluate(back) != light
    page.wait_for_function("document.querySelector('.plot svg').innerHTML.includes('#e8ebee')")
    button.click()
    assert page.evaluate(back) == light
    page.emulate_media(color_scheme="dark")
    page.wait_for_function("document.documentElement.dataset.theme === 'dark'")


def test_a_cell_opens_its_jobs_with_commands_and_surroundings(page: Any) -> None:
    page.locator("tbody tr", has_text="Bi-Drop").locator(".cell").first.click()
    dialog = page.get_by_role("dialog")
    assert dialog.is_visible() and "Bi-Drop · STS-B · Spearman" in dialog.inner_text()
    rows = dialog.locator("tbody tr")
    assert (
        rows.count() == 3 and "2e695420c218" in rows.first.inner_text() and "59.68" in rows.first.inner_text()
    )
    assert "ftbench queue --methods bidrop --tasks stsb --models minilm --seeds 0,1,2" in dialog.inner_text()
    dialog.get_by_text("Ran with").first.click()
    assert "2.13.0+cpu" in dialog.inner_text()
    page.keyboard.press("Escape")
    assert not dialog.is_visible()
    assert page.evaluate("document.activeElement.className") == "cell"


def test_an_average_and_a_difference_open_what_they_come_from(page: Any) -> None:
    cells = page.locator("tbody tr", has_text="R-Drop").locator(".cell")
    cells.nth(3).click()
    assert page.get_by_role("dialog").locator("h3").all_text_contents() == [
        f"R-Drop · {task}" for task in ("STS-B · Spearman", "SST-2 · accuracy", "QNLI · accuracy")
    ]
    page.get_by_role("button", name="Close").click()
    cells.nth(4).click()
    assert page.get_by_role("dialog").locator("h3").count() == 6


def test_the_keyboard_reaches_a_cell_and_shows_it_at_a_glance(page: Any) -> None:
    page.locator(".sort").last.focus()
    page.keyboard.press("Tab")
    tip = page.get_by_role("tooltip")
    assert tip.is_visible() and "standard deviation" in tip.inner_text() and "0: 61.76" in tip.inner_text()
    assert page.evaluate("document.activeElement.getAttribute('aria-describedby')") == "tip"
    box = tip.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= page.viewport_size["width"]
    page.keyboard.press("Enter")
    assert page.get_by_role("dialog").is_visible()


def test_every_plot_is_drawn_when_it_is_opened(page: Any) -> None:
    for name in ("Cost", "Ranks", "Learning"):
        page.locator("summary", has_text=name).click()
    page.wait_for_function("document.querySelectorAll('.plot svg').length === 4")


def test_the_page_is_no_wider_than_the_screen(page: Any) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    for name in ("table", ".plot"):
        assert page.locator(f".scroll {name}").first.is_visible()


def test_a_papers_table_has_its_printed_and_measured_means_as_a_plot(suite: Any) -> None:
    assert suite.locator("section").count() == 2 and suite.locator(".plot").count() == 1
    plot = suite.locator("section").first.locator(".plot")
    points = plot.locator("svg .mark-symbol.role-mark path[aria-label*='measured']")
    assert points.count() == 3
    told = points.evaluate_all("all => all.map(one => one.getAttribute('aria-label'))")
    assert any("published: 64.11; measured: 64.1" in text for text in told)
    assert "On the dashed line both agree" in suite.locator("section").first.inner_text()
    points.first.scroll_into_view_if_needed()
    points.first.hover(force=True)
    tip = suite.locator("#vg-tooltip-element.visible")
    tip.wait_for()
    assert "vanilla fine-tuning · CoLA" in tip.inner_text() and "64.11" in tip.inner_text()
    suite.get_by_role("button", name="Dark").click()
    suite.wait_for_function("document.querySelector('.plot svg').innerHTML.includes('#e8ebee')")
    assert suite.evaluate("document.documentElement.scrollWidth") <= suite.viewport_size["width"]


def test_it_prints_with_its_tables_and_without_its_tools(page: Any) -> None:
    page.get_by_role("button", name="Dark").click()
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.get_by_label("Filter rows").is_visible() and page.locator("table").first.is_visible()
    assert page.pdf().startswith(b"%PDF")


def test_without_a_script_the_tables_are_read_all_the_same(browser: Any, files: dict[str, Path]) -> None:
    context = browser.new_context(java_script_enabled=False)
    opened = context.new_page()
    opened.goto(files["robustness"].as_uri())
    assert "Class imbalance" in opened.inner_text("main") and "75.69" in opened.inner_text("main")
    assert not opened.get_by_label("Filter rows").is_visible()
    context.close()


def test_a_label_that_is_a_script_is_shown_and_not_run(browser: Any, tmp_path: Path) -> None:
    label = "<script>owned=1</script>|_&<img src=x onerror=owned=1>"
    database = three_methods(tmp_path / "ftbench.db")
    (tmp_path / "page.html").write_text(
        page_of(str(database), renamed=(("bidrop", label),)), encoding="utf-8"
    )
    context = browser.new_context(offline=True)
    opened = context.new_page()
    said: list[str] = []
    opened.on("console", lambda message: said.append(message.text))
    opened.goto((tmp_path / "page.html").as_uri())
    opened.wait_for_selector(".plot svg")
    for name in ("Cost", "Ranks", "Learning"):
        opened.locator("summary", has_text=name).click()
    opened.wait_for_function("document.querySelectorAll('.plot svg').length === 4")
    assert label in methods(opened)
    plots = opened.locator(".plot svg").all_text_contents()  # long names end in dots there
    assert all("<script>owned" in plot for plot in plots) and not opened.locator(".plot img").count()
    row = opened.locator("tbody tr").nth(methods(opened).index(label))
    row.locator(".cell").first.hover()
    assert label in opened.get_by_role("tooltip").inner_text()
    row.locator(".cell").first.click()
    assert label in opened.get_by_role("dialog").inner_text()
    assert opened.evaluate("typeof owned") == "undefined" and said == []
    context.close()
