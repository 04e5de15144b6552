"""The pages of a published folder: where they are, what surrounds them, and how they are written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ftbench._version import __version__
from ftbench.errors import FtbenchError
from ftbench.render.html import article
from ftbench.render.html.article import ArticleSection
from ftbench.render.html.frame import ASSETS, OF_A_FOLDER, PLOTTING, NavLink, PageFrame, asset
from ftbench.secrets import masked
from ftbench.services.publishing.folder import NewFolder

DATABASE = "ftbench.db"
CLAIMS = "claims.json"
#: The parts of the pages, as every page leads to them: file -> name.
PARTS = {
    "index.html": "Overview",
    "tables.html": "Tables",
    "comparisons.html": "Comparisons",
    "jobs.html": "Jobs",
    "review.html": "Review",
    "reproduce.html": "Reproduce",
}


@dataclass(frozen=True)
class PublishedSite:
    """A folder of pages that is being written.

    Attributes:
        folder: where.
        title: what the pages are called together.
        made: when, for readers.
    """

    folder: NewFolder
    title: str
    made: str

    def frame(self, title: str, name: str, part: str = "", more: Sequence[NavLink] = ()) -> PageFrame:
        """What surrounds a page.

        Args:
            title: of the page.
            name: its file, below the folder.
            part: the page of ``PARTS`` that it belongs to; "" where it is one of them.
            more: pages and files that belong to it.
        """
        up = "../" * name.count("/")
        links = tuple(NavLink(text, up + file, file == (part or name)) for file, text in PARTS.items())
        foot = (f"{self.title} · made by ftbench {__version__} on {self.made}",)
        return PageFrame(title, links, foot, more, assets=f"{up}assets/", policy=OF_A_FOLDER)

    def put(self, name: str, text: str) -> None:
        """Write a file; what looks like a secret is masked."""
        self.folder.write(name, masked(text))

    def article(
        self,
        title: str,
        name: str,
        lead: Sequence[str],
        sections: Sequence[ArticleSection],
        *,
        part: str = "",
        more: Sequence[NavLink] = (),
    ) -> None:
        """Write a page of sections; see ``frame``."""
        self.put(name, article.article(self.frame(title, name, part, more), lead, sections))

    def put_assets(self) -> None:
        """Write what pages share: style, scripts, and the plotting library where it is installed."""
        for name in ASSETS:
            self.folder.write(f"assets/{name}", asset(name))
        if plotting():
            from ftbench.render.plots import embedded

            self.folder.write(f"assets/{PLOTTING}", embedded())


def plotting() -> bool:
    """Whether plots can be made here."""
    from ftbench.render.plots import theme

    try:
        theme.load_plotting()
    except FtbenchError:
        return False
    return True
