"""Two sources of one name."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ftbench.domain.axes import MethodChoice
from ftbench.errors import UsageError
from ftbench.services.planning import lookup, namesakes


def test_a_file_beside_what_has_its_name_already_is_refused() -> None:
    built_in = lookup.grid_method(MethodChoice("vanilla", {}), "paper")
    mine = replace(built_in, plugin="/a/vanilla.py")
    with pytest.raises(UsageError, match="called 'vanilla': the built-in one and /a/vanilla.py; rename one"):
        namesakes.refuse_in_request([built_in, mine], ())
    namesakes.refuse_in_request([mine, mine, replace(built_in, name="other")], ())
