"""Every link of a published folder, and where it leads."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class PageLinks(HTMLParser):
    """The addresses that a page has, and the names that others may lead to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.names: list[str] = []
        self.tags: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        found = dict(attrs)
        self.addresses += [found[name] or "" for name in ("href", "src") if name in found]
        self.names += [found["id"] or ""] if "id" in found else []


def pages(folder: Path) -> dict[Path, PageLinks]:
    return {path: PageLinks(path.read_text(encoding="utf-8")) for path in sorted(folder.rglob("*.html"))}


def broken(folder: Path) -> Iterator[str]:
    """The links that lead nowhere in the folder, out of it, or to another machine."""
    found = pages(folder)
    for path, page in found.items():
        for address in page.addresses:
            parts = urlsplit(address)
            if address == "data:,":  # the icon that there is none
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            inside = target.is_relative_to(folder.resolve()) or target == path
            if (
                parts.scheme
                or parts.netloc
                or parts.path.startswith("/")
                or not inside
                or not target.is_file()
            ):
                yield f"{path.relative_to(folder)}: {address}"
            elif (
                parts.fragment and parts.fragment not in found[target.resolve() if parts.path else path].names
            ):
                yield f"{path.relative_to(folder)}: {address} has no such name"
