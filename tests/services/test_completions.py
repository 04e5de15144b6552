"""Names of each kind, as shells complete them."""

from __future__ import annotations

import pytest

from ftbench.cli import _completion
from ftbench.cli.report import TUNING
from ftbench.render.layouts import LAYOUTS
from ftbench.services import completions


@pytest.mark.parametrize("kind", completions.KINDS_OF_NAMES)
def test_there_are_names_of_each_kind_and_none_twice(kind: str):
    found = completions.names(kind)
    assert found and len(set(found)) == len(found) and not any(" " in name for name in found)


def test_flags_and_arguments_ask_for_kinds_that_exist():
    asked = {*_completion._FLAGS.values(), *_completion._ARGUMENTS.values()}
    assert asked == set(completions.KINDS_OF_NAMES)


def test_every_table_is_named():
    assert {*LAYOUTS, *TUNING} <= set(completions.names("tables"))
