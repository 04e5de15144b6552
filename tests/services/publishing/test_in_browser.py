"""A published folder in a browser, from the disk: a desktop and a phone, light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ftbench.services.publishing.publish import PublishRequest, publish
from tests.example import three_methods

pytestmark = pytest.mark.slow
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("published")
    publish(str(three_methods(place / "ours.db")), PublishRequest(place / "site", "Three methods"))
    return place / "site"


@contextmanager
def visited(browser: Any, screen: dict[str, int], scheme: str = "light") -> Iterator[Any]:
    """A page without a network; at the end nothing may have been complained of or asked for elsewhere."""
    context = browser.new_context(viewport=screen, color_scheme=scheme, offline=True)
    opened = context.new_page()
    said: list[str] = []
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.on("requestfailed", lambda sent: said.append(f"failed: {sent.url}"))
    opened.on(
        "request", lambda sent: None if sent.url.startswith(("file:", "data:")) else said.append(sent.url)
    )
    yield opened
    context.close()
    assert said == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("screen", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_every_page_is_shown_whole_and_quietly(
    browser: Any, folder: Path, screen: dict[str, int], scheme: str
) -> None:
    with visited(browser, screen, scheme) as page:
        backs = set()
        for file in sorted(folder.rglob("*.html")):
            page.goto(file.as_uri())
            assert page.locator("h1").count() == 1, file
            assert page.evaluate("document.documentElement.scrollWidth") <= screen["width"], file
            assert page.get_by_role("button", name="Dark").is_visible(), "the script runs"
            if page.locator(".plot").count():
                page.wait_for_selector(".plot svg")
            backs.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        assert backs == {"rgb(255, 255, 255)" if scheme == "light" else "rgb(20, 23, 27)"}


def test_from_a_number_to_its_run(browser: Any, folder: Path) -> None:
    with visited(browser, DESKTOP) as page:
        page.goto((folder / "index.html").as_uri())
        page.get_by_role("link", name="Main results").click()
        page.locator("tbody tr", has_text="Bi-Drop").locator(".cell[aria-haspopup]").first.click()
        digest = page.get_by_role("dialog").locator("a code").first.inner_text()
        page.get_by_role("dialog").locator("a").first.click()
        page.wait_for_url("**/jobs/*.html#job-*")
        row = page.locator("tr:target")
        assert row.is_visible() and digest in row.inner_text()


def test_the_theme_stays_from_page_to_page(browser: Any, folder: Path) -> None:
    with visited(browser, DESKTOP) as page:
        page.goto((folder / "index.html").as_uri())
        page.get_by_role("button", name="Dark").click()
        page.get_by_role("link", name="Review").first.click()
        page.wait_for_url("**/review.html")
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_the_keyboard_skips_the_navigation(browser: Any, folder: Path) -> None:
    with visited(browser, PHONE) as page:
        page.goto((folder / "jobs.html").as_uri())
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "content"


def test_lists_sort_and_filter(browser: Any, folder: Path) -> None:
    with visited(browser, DESKTOP) as page:
        page.goto((folder / "jobs.html").as_uri())
        page.get_by_label("Filter rows").fill("bi-drop sst")
        shown = page.locator("tbody tr:visible")
        assert shown.count() == 1 and "Bi-Drop" in shown.inner_text()
        page.get_by_label("Filter rows").fill("")
        head = page.locator("thead th", has_text="Jobs")
        head.get_by_role("button").click()
        assert head.get_attribute("aria-sort") == "descending"
