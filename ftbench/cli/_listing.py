"""Help that names what is found by listing: its texts are filled in when they are shown, not before."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from typer.core import TyperCommand, TyperOption


class Command(TyperCommand):
    """A command whose options say ``{formats}`` where their help names the formats there are.

    Likewise ``{lists}``, those that print lists of findings, and ``{statistics}``.
    """

    def filled(self) -> Command:
        """The command with its help filled in."""
        for option in self.params:
            if isinstance(option, TyperOption) and option.help:
                option.help = re.sub(r"\{(\w+)\}", lambda found: _listed(found[1]), option.help)
        return self

    def get_help(self, ctx: Any) -> str:
        """The help, filled in; ``ctx`` is of a class that typer keeps to itself."""
        self.filled()
        return super().get_help(ctx)


def _listed(what: str) -> str:
    from ftbench.render import formats, layouts

    if what == "statistics":
        return ", ".join(layouts.statistics())
    return _choice(formats.names(lists=what == "lists"))


def _choice(names: Sequence[str]) -> str:
    """``rich (default), csv or json``."""
    first, *others, last = names
    return f"{', '.join([f'{first} (default)', *others])} or {last}"
