"""``ftbench doctor`` by its command line."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Ftbench


def test_it_names_what_is_wrong_and_what_to_do_and_ends_with_one(
    ftbench: Ftbench, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PATH", "/nowhere")
    right = ftbench("doctor")
    assert (right.code, right.err) == (0, "") and right.out.endswith("\nnothing is wrong\n")
    monkeypatch.setenv("FTBENCH_DATA", "gone")
    wrong = ftbench("doctor")
    assert wrong.code == 1 and "✗ data folder" in wrong.out and "gone does not exist" in wrong.out
    assert wrong.out.endswith("\n1 thing wrong (✗)\n")


def test_json_has_every_finding(ftbench: Ftbench):
    found = ftbench("doctor", "--json").json
    assert found["wrong"] == 0
    assert {"area", "what", "state", "found", "advice"} == set(found["findings"][0])


def test_it_makes_no_database(ftbench: Ftbench, tmp_path):
    ftbench("doctor")
    assert not list((tmp_path / "here").iterdir())
