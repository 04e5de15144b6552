"""What may be asked for of a paper."""

from __future__ import annotations

import pytest

from ftbench.errors import BadValue
from ftbench.metrics import Margins
from ftbench.services.papers.request import SuiteRequest
from ftbench.services.planning.asked import Asked


def test_without_more_a_papers_own_axes_are_meant_within_a_point() -> None:
    assert SuiteRequest("dps/table1") == SuiteRequest("dps/table1", Asked(), Margins())


@pytest.mark.parametrize(
    ("margin", "told"),
    [(0.0, "margin 0:"), (-1, "margin -1:"), (100.0, "margin 100:"), (float("nan"), "margin nan:")],
)
def test_a_margin_that_is_none_is_refused(margin: float, told: str) -> None:
    with pytest.raises(BadValue, match=told + " give points above 0 and below 100, such as 1"):
        SuiteRequest("dps/table1", margins=Margins({}, margin))


@pytest.mark.parametrize("margin", [0.01, 1.0, 99.9])
def test_points_within_the_scale_are_taken(margin: float) -> None:
    assert SuiteRequest("dps/table1", margins=Margins({}, margin)).margins.of("f1") == margin
