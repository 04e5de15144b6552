"""The site: built without a warning, every link leads somewhere, a browser fetches nothing from elsewhere."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.docs.blocks import ROOT

pytest.importorskip("zensical")
pytestmark = pytest.mark.slow
#: Attributes by which a page loads something, or leads to it.
LOADS = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src", "video": "src"}
#: What a <link> may name without anything being fetched.
NAMES = {"canonical", "next", "prev", "alternate"}


class Page(HTMLParser):
    """What a page of HTML has in it.

    Attributes:
        anchors: the places in it that a link can name.
        links: where it leads.
        loads: what a browser fetches to show it.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if given.get(name)}
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        elif given.get(LOADS.get(tag, ""), "") and given.get("rel") not in NAMES:
            self.loads.append(given[LOADS[tag]])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The site, built as `make site` does, from a copy."""
    root = tmp_path_factory.mktemp("site")
    shutil.copytree(ROOT / "docs", root / "docs")
    shutil.copy(ROOT / "mkdocs.yml", root)
    spec = importlib.util.spec_from_file_location("build_site", ROOT / "scripts" / "build_site.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module.build(root)


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    """Every page of the site but the example of a report, which is not of its making.

    Nor is the page of a server for addresses that it has not: it is shown in any folder, and links from
    the root.
    """
    aside = ("main-page.html", "404.html")
    found = [path for path in site.rglob("*.html") if path.name not in aside]
    return {path: Page(path.read_text(encoding="utf-8")) for path in found}


def test_every_link_leads_somewhere(site: Path, pages: dict[Path, Page]) -> None:
    assert len(pages) > 60
    wrong = []
    for path, page in pages.items():
        for target in {*page.links, *page.loads}:
            parts = urlsplit(target)
            if parts.scheme or parts.netloc:
                continue
            other = path if not parts.path else (path.parent / unquote(parts.path)).resolve()
            other = other / "index.html" if other.is_dir() else other
            lost = parts.fragment and other in pages and unquote(parts.fragment) not in pages[other].anchors
            if lost or not other.is_file():
                wrong.append(f"{path.relative_to(site)}: {target}")
    assert not wrong, "\n".join(sorted(wrong))


def test_a_browser_fetches_nothing_from_elsewhere(pages: dict[Path, Page]) -> None:
    foreign = {target for page in pages.values() for target in page.loads if urlsplit(target).netloc}
    assert not foreign


def test_programs_find_the_pages_as_text(site: Path) -> None:
    text = (site / "llms.txt").read_text(encoding="utf-8")
    named = [
        line.partition("](")[2].partition(")")[0] for line in text.splitlines() if line.startswith("- [")
    ]
    assert len(named) > 30
    for name in named:
        assert (site / name).is_file() and (site / name).with_suffix(".html").is_file(), name


def test_the_search_knows_the_pages(site: Path) -> None:
    index = next(site.rglob("search*.js*"))
    assert "ftbench" in "".join(path.read_text(encoding="utf-8") for path in site.rglob("search*.js*")), index
