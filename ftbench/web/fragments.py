"""Fragments: the parts of a page that change while one looks, each with a tag that tells two states apart."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ftbench.render.html.frame import templates

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Fragment:
    """A part of a page.

    Attributes:
        body: HTML.
        tag: of this content, as in an ETag.
    """

    body: str
    tag: str

    @classmethod
    def of(cls, body: str) -> Fragment:
        """Tag a content."""
        return cls(body, hashlib.blake2b(body.encode(), digest_size=9).hexdigest())


class Fragments:
    """Fragments that are made anew where what they show has changed."""

    def __init__(self) -> None:
        """None is made yet."""
        self._made: dict[str, tuple[Any, Fragment]] = {}

    def get(self, name: str, shown: Any, make: Callable[[], str]) -> Fragment:
        """The fragment of a name.

        Args:
            name: its name.
            shown: what it shows; equal values make equal fragments.
            make: makes it.
        """
        known = self._made.get(name)
        if known is None or known[0] != shown:
            known = self._made[name] = shown, Fragment.of(make())
        return known[1]


class Recent:
    """What was made last for a few questions: a page that many look at is made once."""

    def __init__(self, most: int) -> None:
        """Keep so many."""
        self._most = most
        self._kept: dict[Hashable, tuple[Hashable, Any]] = {}

    def get(self, key: Hashable, state: Hashable, make: Callable[[], Any]) -> Any:
        """What a key stands for in a state; made anew in another state."""
        known = self._kept.pop(key, None)
        if known is None or known[0] != state:
            known = state, make()
        self._kept[key] = known
        while len(self._kept) > self._most:
            self._kept.pop(next(iter(self._kept)), None)
        return known[1]


def filled_part(template: str, values: Mapping[str, Any]) -> str:
    """A part of a page, from its template; texts are escaped."""
    return templates(TEMPLATES).get_template(template).render(values)


def placed_parts(parts: Mapping[str, Fragment]) -> str:
    """Parts as they stand in a page, each in its place, by their names."""
    return "\n".join(
        f'<div data-part="{name}" data-tag="{part.tag}">\n{part.body}\n</div>' for name, part in parts.items()
    )
