"""The printed numbers of papers, as they are listed."""

from __future__ import annotations

import pytest

from ftbench.cli._requests import printed
from ftbench.errors import UnknownName
from ftbench.services.papers import published as service


def test_a_table_is_listed_with_what_is_wrong_in_it() -> None:
    rows = service.listed(printed("blo/table10"))
    assert len(rows) == 48 and sum(bool(row["fault"]) for row in rows) == 4
    assert len(service.listed(printed("all"))) == 1560
    with pytest.raises(UnknownName, match="did you mean 'blo/table10'"):
        service.listed(printed("BLO/table10x"))
