"""Which files may run here: what was named, as it was named, and nothing that somebody else wrote down."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ftbench import trust


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv(trust.VARIABLE, "")
    monkeypatch.setattr(trust, "_here", set())
    place = tmp_path / "mine.py"
    place.write_text("x = 1")
    return place


def test_a_file_is_named_as_it_is_and_by_its_place(file: Path, tmp_path: Path) -> None:
    assert not trust.is_named(file) and trust.those_named([str(file)]) == ()
    assert trust.name(file) == str(file)
    copy = tmp_path / "copy.py"
    copy.write_text("x = 1")
    assert trust.is_named(file) and not trust.is_named(copy)
    file.write_text("x = 2")
    assert not trust.is_named(file) and trust.once_named([str(file)]) == (str(file),)


def test_other_processes_know_it_by_the_record(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trust.name(file)
    monkeypatch.setattr(trust, "_here", set())
    assert trust.is_named(file)
    with (file.parent / "state/ftbench/named.jsonl").open("a") as record:
        record.write('[1]\n{"path": 3\n')
    assert trust.is_named(file)


def test_without_a_record_the_variable_carries_it_to_child_processes(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/proc/nowhere")
    trust.name(file)
    assert trust.from_environment() == (str(file),) and trust.is_named(file)
    monkeypatch.setenv(trust.VARIABLE, "")


@pytest.mark.parametrize("places", [None, 5, "x", {"a": 1}, [1, None, {}], ["\0", "/dev/zero", "/"]])
def test_what_a_stranger_wrote_is_no_file(file: Path, places: object) -> None:
    assert trust.those_named(places) == () and trust.once_named(places) == ()


def test_only_regular_files_have_a_digest(file: Path) -> None:
    assert len(trust.digest(file)) == 64
    assert [trust.digest(path) for path in ("/dev/zero", "/", "/gone", "a\0b")] == [""] * 4
    assert json.dumps(trust.name("/gone")) == '"/gone"' and not trust.is_named("/gone")
