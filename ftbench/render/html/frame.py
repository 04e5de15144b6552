"""The frame that all pages stand in: head, style, light and dark, navigation, skip link, footer.

A page that stands alone has its style and its scripts in itself. Pages of a folder or a server share these
files (``ASSETS``) and name the place that they lie in.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import jinja2

HERE = Path(__file__).parent
#: What pages that do not stand alone need beside them, in the place that their frame names.
ASSETS = ("frame.css", "frame.js", "figures.js", "page.js")
#: The plotting library's file, where pages with plots do not stand alone.
PLOTTING = "vega.js"
#: What a browser lets a page do that has everything in it: nothing is fetched.
SELF_CONTAINED = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline' 'unsafe-eval'; img-src data:"
)
#: The same for pages of a folder: their own files besides. Plots compile their expressions, hence the eval.
OF_A_FOLDER = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-eval'; img-src data:"
)


@dataclass(frozen=True)
class NavLink:
    """A page that every page leads to.

    Attributes:
        text: its name.
        href: its address, as seen from the page that shows it.
        here: whether it is that page, or the part of the pages that it belongs to.
    """

    text: str
    href: str
    here: bool = False


@dataclass(frozen=True)
class PageFrame:
    """What surrounds a page's own content.

    Attributes:
        title: what the page is about.
        links: the navigation, the first page first; () for a page that stands alone.
        foot: lines of the footer.
        more: pages and files that belong to this one, below its heading.
        assets: the address of the folder with ``ASSETS``, ends in ``/``; None: they are in the page itself.
        scripts: more scripts, by their names there, in the order in which they run.
        policy: the content security policy that the page states; "" where the server does.
        filtered: what the box that filters rows is for, such as ``method or setting``; "" for no box.
    """

    title: str
    links: Sequence[NavLink] = ()
    foot: Sequence[str] = ()
    more: Sequence[NavLink] = ()
    assets: str | None = None
    scripts: Sequence[str] = ()
    policy: str = SELF_CONTAINED
    filtered: str = ""


def framed(template: str, frame: PageFrame, values: Mapping[str, Any], folder: Path = HERE) -> str:
    """A page in its frame.

    Args:
        template: the file's name; it extends ``frame.html.j2`` and fills its block ``main``.
        frame: what surrounds it; the template knows it as ``frame``.
        values: what the template shows; texts are escaped.
        folder: where the template lies.
    """
    return templates(folder).get_template(template).render({**values, "frame": frame})


@cache
def templates(folder: Path = HERE) -> jinja2.Environment:
    """The templates of a folder, and those beside this file, which they may extend and import."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([folder, HERE]),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.globals["asset"] = asset
    environment.filters["script_json"] = script_json
    return environment


@cache
def asset(name: str) -> str:
    """The text of one of ``ASSETS``."""
    return (HERE / name).read_text(encoding="utf-8")


def script_json(value: Any) -> str:
    """JSON that can stand inside a script element, whatever the names in it."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
