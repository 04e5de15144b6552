"""Suites: what a paper's table asks for can be queued."""

from __future__ import annotations

import pytest

from ftbench import methods, models, suites, tasks
from ftbench.domain import axes
from ftbench.errors import UnknownName
from ftbench.suites._suite import AXES


@pytest.mark.parametrize("name", suites.available())
def test_every_axis_of_a_suite_is_one_that_queue_takes(name: str) -> None:
    suite = suites.find(name)
    assert suite.name == name and suite.title
    for grid in suite.axes:
        assert grid.keys() <= set(AXES)
        assert [methods.find(choice.name) for choice in axes.methods(grid["methods"])]
        assert tasks.expand(axes.names(grid["tasks"]))
        assert [models.find(model) for model in axes.names(grid["models"])]
        assert axes.seeds(grid["seeds"])
        for ratio in ("noise", "reduction"):
            assert axes.ratios(grid.get(ratio, "0"), ratio)


def test_table_5_of_bi_drop_has_both_halves() -> None:
    noise, reduction = suites.find("bidrop/table5").axes
    assert axes.ratios(noise["noise"], "noise") == (0, 0.05, 0.1, 0.15)
    assert axes.ratios(reduction["reduction"], "reduction") == (0.7, 0.6, 0.5)
    assert len(axes.seeds(noise["seeds"])) == 10


def test_an_unknown_suite_gets_the_nearest() -> None:
    with pytest.raises(UnknownName, match="unknown suite 'bidrop/table6'; did you mean 'bidrop/table5'"):
        suites.find("bidrop/table6")
