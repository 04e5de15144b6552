"""The board in a browser, on a desktop and a phone, light and dark, while jobs move."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ftbench.db import Database, create_database
from tests.db.samples import entry
from tests.web.places import MARKUP, RESULT, TOKEN, fill, served, tell_live

pytestmark = pytest.mark.slow
SCREENS = {"desktop": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 844}}
PATIENCE = 60_000  # milliseconds; a busy machine may need them


@contextmanager
def opened(browser: Any, url: str, screen: str = "desktop", scheme: str = "light") -> Iterator[Any]:
    """A page; at the end nothing may have been complained of, or asked of another server."""
    context = browser.new_context(viewport=SCREENS[screen], color_scheme=scheme)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    said: list[str] = []
    home = "/".join(url.split("/")[:3])
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on(
        "request", lambda sent: said.append(sent.url) if not sent.url.startswith((home, "data:")) else None
    )
    page.goto(url)
    page.evaluate("window.same = true")
    yield page
    assert page.evaluate("window.same"), "the page was loaded anew"
    assert page.evaluate("document.documentElement.scrollWidth") <= SCREENS[screen]["width"]
    context.close()
    assert said == []


def rows(page: Any, table: str) -> list[str]:
    return [row.text_content().strip() for row in page.locator(f"#{table} tbody tr:visible th").all()]


def until(page: Any, seen: Callable[[], bool]) -> None:
    """Wait for something that the page shows after a while."""
    for _ in range(PATIENCE // 100):
        if seen():
            return
        page.wait_for_timeout(100)
    raise AssertionError(page.locator("main").inner_text())


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("screen", list(SCREENS))
def test_jobs_move_while_what_the_reader_has_chosen_stays(
    browser: Any, tmp_path: Path, screen: str, scheme: str
) -> None:
    address = str(tmp_path / "runs.db")
    with create_database(address) as database, served(address) as url:
        database.jobs.add([entry(seed, label=f"method-{seed}") for seed in range(4)])
        jobs = fill(database, [entry(9, label=MARKUP)])
        with opened(browser, url, screen, scheme) as page:
            assert page.evaluate("document.documentElement.dataset.theme") == scheme
            page.locator("#map-0").get_by_role("button", name="Method").press("Enter")
            page.locator("#map-0").get_by_role("button", name="Method").press("Enter")
            page.get_by_label("Filter rows").fill("method-")
            before = rows(page, "map-0")
            assert before == sorted(before, reverse=True) and len(before) == 4
            database.jobs.add([entry(seed, label=f"method-{seed}") for seed in (7, 8)])
            until(page, lambda: len(rows(page, "map-0")) == 6)
            assert rows(page, "map-0") == sorted(rows(page, "map-0"), reverse=True)
            assert page.get_by_label("Filter rows").input_value() == "method-"
            assert page.locator("#map-0 thead th").first.get_attribute("aria-sort") == "descending"
            tell_live(address, jobs["running"], 33, 50)
            page.get_by_label("step 33 of 50").wait_for(state="attached")
            finish(database, jobs["running"])
            page.get_by_label("2 of 7 jobs are done").wait_for(state="attached")
            page.get_by_label("Filter rows").fill("")
            assert MARKUP in rows(page, "map-0") and not page.locator("main img").count()
            names(page)


def finish(database: Database, digest: str) -> None:
    """End a running job well, as its worker does."""
    from ftbench.db import Lease

    with database._store.reading() as connection:
        token = connection.exec_driver_sql(f"SELECT token FROM jobs WHERE digest = '{digest}'").scalar_one()
    row = database.jobs.find(digest)
    assert database.jobs.finish(Lease(digest, token, row.owner, 1, None, row.label, {}), RESULT)  # type: ignore[arg-type]


def names(page: Any) -> None:
    """What those who do not see the page hear: every part, list and bar has a name."""
    page.get_by_role("navigation", name="Pages").wait_for()
    for name in ("Running", "Workers", "Failures", "The grid"):
        page.get_by_role("heading", name=name, exact=True).wait_for()
    bare = (
        "e => !(e.getAttribute('aria-label') || document.getElementById(e.getAttribute('aria-labelledby')))"
    )
    for what in ("progress", "section", ".scroll"):
        assert not any(page.locator(what).evaluate_all(f"all => all.map({bare})")), what
    assert page.locator("#map-0 td .unseen").first.text_content()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement !== document.body")


def test_a_lease_that_is_over_is_seen_and_said(browser: Any, tmp_path: Path) -> None:
    address = str(tmp_path / "runs.db")
    with create_database(address) as database, served(address) as url:
        database.jobs.add([entry(0)])
        with opened(browser, url) as page:
            assert database.jobs.claim("killed", 4.0) is not None
            row = page.locator("#workers tr", has_text="killed")
            row.wait_for()
            red = page.evaluate("getComputedStyle(document.querySelector('.late') ?? document.body).color")
            page.locator("#workers tr.late").wait_for()
            assert "over for" in row.inner_text()
            assert page.evaluate("getComputedStyle(document.querySelector('.late > *')).color") != red
            until(page, lambda: "the lease is over" in page.locator("#live").text_content())


def test_a_database_that_vanishes_is_told_and_waited_for(browser: Any, tmp_path: Path) -> None:
    path, away = tmp_path / "runs.db", tmp_path / "away.db"
    with served(str(path)) as url, opened(browser, url) as page:
        page.get_by_role("alert").get_by_text("there is no database").wait_for()
        with create_database(str(path)) as database:
            fill(database)
        page.get_by_text("a wrong number").first.wait_for()  # by itself: there was no part yet to put it into
        page.evaluate("window.same = true")
        assert not page.get_by_role("alert").count()
        path.rename(away)
        page.get_by_role("alert").get_by_text("Nothing new is seen").wait_for()
        assert page.get_by_text("a wrong number").count(), "what was seen last stays"
        away.rename(path)
        page.get_by_role("alert").wait_for(state="detached")


def test_a_job_is_cancelled_from_its_page_with_the_token(browser: Any, tmp_path: Path) -> None:
    address = str(tmp_path / "runs.db")
    with create_database(address) as database, served(address, "--actions") as url:
        jobs = fill(database)
        with opened(browser, f"{url}job/{jobs['queued']}") as page:
            assert not page.get_by_role("button", name="Cancel").count()
            page.goto(f"{url}job/{jobs['queued']}?token={TOKEN}")
            assert "token" not in page.url
            page.get_by_role("button", name="Cancel").click()
            page.locator(".state.cancelled").wait_for()
            page.get_by_role("button", name="Queue again").click()
            page.locator(".state.queued").wait_for()
            page.evaluate("window.same = true")


@pytest.mark.parametrize("screen", list(SCREENS))
def test_reports_and_plots_are_drawn(browser: Any, tmp_path: Path, screen: str) -> None:
    from tests.example import three_methods

    with served(str(three_methods(tmp_path / "runs.db"))) as url:
        for path, seen in (
            ("report", ".plot svg"),
            ("plot?kind=strip", ".plot svg"),
            ("compare?methods=bidrop,vanilla", "table"),
        ):
            with opened(browser, url + path, screen) as page:
                page.locator(seen).first.wait_for()


HEARS = """
const Plain = EventSource;
window.heard = 0;
window.EventSource = class extends Plain {
  constructor(place) { super(place); this.addEventListener("message", () => { window.heard += 1; }); }
};
"""


def test_a_part_that_changes_again_while_it_comes_is_fetched_again(browser: Any, tmp_path: Path) -> None:
    address = str(tmp_path / "runs.db")
    with create_database(address) as database, served(address) as url:
        database.jobs.add([entry(0)])
        page = browser.new_context().new_page()
        page.add_init_script(HEARS)
        held: list[Any] = []
        page.route("**/part/**", lambda route: held.append((route, route.fetch())), times=1)
        page.goto(url, timeout=PATIENCE)
        until(page, lambda: page.evaluate("window.heard") == 1)
        database.jobs.add([entry(1)])
        until(page, lambda: len(held) == 1)
        database.jobs.add([entry(2)])
        until(page, lambda: page.evaluate("window.heard") >= 3)
        route, answer = held[0]
        route.fulfill(response=answer)
        page.get_by_label("0 of 3 jobs are done").wait_for(state="attached", timeout=PATIENCE)
        page.context.close()


def test_a_page_answers_before_its_plots_can_be_drawn(browser: Any, tmp_path: Path) -> None:
    from tests.example import three_methods

    with served(str(three_methods(tmp_path / "runs.db"))) as url:
        page = browser.new_context().new_page()
        held: list[Any] = []
        page.route("**/vega.js", lambda route: held.append(route))
        page.goto(url + "report", wait_until="domcontentloaded", timeout=PATIENCE)
        head = page.locator("main thead th").first
        head.get_by_role("button").click()
        assert head.get_attribute("aria-sort") == "ascending"
        page.locator(".cell[aria-haspopup]").first.click()
        page.get_by_role("dialog").get_by_role("button", name="Close").click()
        assert held and not page.locator(".plot svg").count()
        held[0].continue_()
        page.locator(".plot svg").first.wait_for(timeout=PATIENCE)
        page.context.close()


def test_a_worker_is_watched_from_its_first_step_to_its_death(browser: Any, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ftbench"]
    grid = [
        "--methods",
        "vanilla",
        "--tasks",
        "toy-accept",
        "--models",
        "tiny",
        "--seeds",
        "2",
        "--set",
        "steps=400",
    ]
    subprocess.run(
        [*command, "queue", *grid, "--db", "runs.db"], cwd=tmp_path, check=True, capture_output=True
    )
    with served(str(tmp_path / "runs.db")) as url, opened(browser, url) as page:
        flags = ["--threads", "1", "--lease", "6", "--name", "watched", "--db", "runs.db"]
        worker = subprocess.Popen([*command, "worker", *flags], cwd=tmp_path, stdout=subprocess.DEVNULL)
        try:
            page.get_by_label(re.compile(r"^step \d+ of 400$")).wait_for(
                state="attached", timeout=2 * PATIENCE
            )
            page.locator("#running td", has_text=re.compile(r"^0\.\d+$")).first.wait_for()
            job = page.locator("#running th a").first.get_attribute("href")
            with opened(browser, url.rstrip("/") + str(job)) as watched:
                watched.locator("polyline").first.wait_for()
                first = len(watched.locator("polyline").first.get_attribute("points"))
                until(watched, lambda: len(watched.locator("polyline").first.get_attribute("points")) > first)
            page.get_by_label("1 of 2 jobs are done").wait_for(state="attached", timeout=2 * PATIENCE)
            page.locator("#running tbody tr").wait_for()
        finally:
            worker.kill()
            worker.wait()
        page.locator("#workers tr.late", has_text="watched").wait_for(timeout=20_000)
        page.locator("#running tr.late").wait_for()
