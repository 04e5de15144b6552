"""``methods``, ``tasks``, ``models``, ``suites``: listings and cards."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Ftbench


@pytest.mark.parametrize(
    ("kind", "name"),
    [("methods", "bidrop"), ("tasks", "cola"), ("models", "bert-large"), ("suites", "bidrop/table5")],
)
def test_each_is_listed_and_shown_whole(ftbench: Ftbench, kind: str, name: str) -> None:
    listed = ftbench(kind)
    assert (listed.code, listed.err) == (0, "")
    assert name in [line.split()[0] for line in listed.out.splitlines()]
    assert name in [row["name"] for row in ftbench(kind, "--json").json]
    card = ftbench(kind, name, "--json").json
    assert card["name"] == name
    assert name in ftbench(kind, name).out


def test_a_method_is_found_by_its_alias_and_shows_its_hyper_parameters(ftbench: Ftbench) -> None:
    card = ftbench("methods", "bi_drop", "--json").json
    ratio = next(h for h in card["hyper-parameters"] if h["name"] == "keep_ratio")
    assert (ratio["default"], ratio["values"]) == (0.7, "(0, 1]")


def test_a_suite_is_shown_as_flags_of_queue(ftbench: Ftbench) -> None:
    grids = ftbench("suites", "bidrop/table5", "--json").json["grids"]
    assert any("--noise 0,0.05,0.10,0.15" in grid for grid in grids)
    assert any("--reduction 0.7,0.6,0.5" in grid for grid in grids)


def test_prepare_finds_what_is_there(ftbench: Ftbench) -> None:
    found = ftbench("prepare", "--models", "../model", "--tasks", "cola", "--json")
    assert found.code == 0
    assert [line.split(":")[0] for line in found.json] == ["model folder", "task cola"]
