"""A short name leads to the tables that are about what it says, and to no other table."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ftbench import suites
from ftbench.suites import TIME, Suite


def changed(suite: Suite, *names: str) -> bool:
    return any(block.change.value(name) for block in suite.blocks for name in names)


def names(suite: Suite) -> set[str]:
    return {line.name for block in suite.blocks for line in block.lines}


SAYS: dict[str, Callable[[Suite], bool]] = {
    "plms": lambda suite: len(suite.models()) > 2,
    "robustness": lambda suite: changed(suite, "noise", "reduction"),
    "ood": lambda suite: changed(suite, "train_size") and all(block.evaluate for block in suite.blocks),
    "time": lambda suite: suite.kind == TIME,
    "batch-doubling": lambda suite: any(line.doubled for block in suite.blocks for line in block.lines),
    "soup": lambda suite: "soup" in names(suite),
}


@pytest.mark.parametrize("short", SAYS)
def test_a_short_name_is_of_every_table_that_is_about_it(short):
    about = {name for name, suite in suites.available().items() if SAYS[short](suite)}
    assert set(suites.SHORT_NAMES[short]) == about


def test_small_training_sets_of_several_methods_are_low_resource():
    for name in suites.SHORT_NAMES["lowresource"]:
        assert all(0 < (block.change.train_size or 0) <= 1000 for block in suites.find(name).blocks)
    assert "bidrop/table6" in suites.SHORT_NAMES["lowresource"]


def test_every_table_has_one_short_name_and_every_paper_its_main_table():
    listed = [name for members in suites.SHORT_NAMES.values() for name in members]
    assert len(listed) == len(set(listed))
    assert {name.partition("/")[0] for name in suites.SHORT_NAMES["main"]} == {"bidrop", "dps", "blo"}
    for name in suites.SHORT_NAMES["main"]:
        (block,) = suites.find(name).blocks
        assert (
            not block.change.changes
            and block.tasks == ("glue-small",)
            and "vanilla" in names(suites.find(name))
        )


def test_names_are_found_in_any_case_and_short_names_are_spelled_out():
    assert suites.find(" BiDrop/TABLE5 ").name == "bidrop/table5"
    assert [suite.name for suite in suites.chosen("OOD")] == ["bidrop/table4", "dps/table2"]
    assert [suite.name for suite in suites.chosen("DPS/table2")] == ["dps/table2"]
