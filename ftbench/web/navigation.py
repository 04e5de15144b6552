"""The pages that every page leads to."""

from __future__ import annotations

from ftbench.render.html.frame import NavLink

ASSETS_AT = "/assets/"
_PAGES = (("Queue", "/"), ("Jobs", "/jobs"), ("Reports", "/reports"))


def links(here: str) -> tuple[NavLink, ...]:
    """The navigation of a page; ``here``: the address of the page that it is, or belongs to."""
    return tuple(NavLink(text, address, address == here) for text, address in _PAGES)
