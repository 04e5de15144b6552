"""Which stored digests of methods' code are restated, and on what grounds."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

PATH = Path(__file__).parents[1] / "scripts" / "restate_code.py"


@pytest.fixture
def script(monkeypatch):
    spec = importlib.util.spec_from_file_location("restate_code", PATH)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "restate_code", module)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def known(script):
    made = {"a": ("old", "2:first"), "b": ("old", "2:second"), "c": ("lone", "2:third"), "d": ("", "")}
    return {commit: script.State(commit, {"sam": digests}) for commit, digests in made.items()}


@pytest.mark.parametrize(
    ("stored", "commit", "new"),
    [
        ("old", "a", ("2:first", "a")),  # the state that the job names made it
        ("old", "b", ("2:second", "b")),
        ("old", "c", ("old", "")),  # two states made it, and none of them is the job's
        ("lone", "", ("2:third", "c")),  # one state made it
        ("lone", "a", ("2:third", "c")),
        ("unseen", "a", ("unseen", "")),
        ("2:first", "b", ("2:first", "")),  # is restated already
    ],
)
def test_a_digest_is_restated_where_its_code_is_known(script, known, stored, commit, new) -> None:
    assert script.restated("sam", stored, commit, known) == new


def test_a_method_that_no_state_has_stays(script, known) -> None:
    assert script.restated("gone", "old", "a", known) == ("old", "")
