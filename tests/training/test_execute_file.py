"""Jobs from a file: they find the data of this machine, and those that are done are passed over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ftbench.training.execute import done_jobs, places_here


def command(data: str | None, revision: str = "sha256:0123456789abcdef") -> dict[str, Any]:
    return {"job": {"task": {"revision": revision}}, "places": {"model": None, "data": data}}


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FTBENCH_DATA", raising=False)


def test_a_folder_that_is_named_replaces_the_queued_one(tmp_path: Path) -> None:
    assert places_here(command("/not/here"), str(tmp_path))["data"] == str(tmp_path)
    assert places_here(command(str(tmp_path.parent)), str(tmp_path))["data"] == str(tmp_path)


def test_the_variable_replaces_only_a_folder_that_is_not_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "queued").mkdir()
    monkeypatch.setenv("FTBENCH_DATA", str(tmp_path))
    assert places_here(command("/not/here"))["data"] == str(tmp_path)
    assert places_here(command(str(tmp_path / "queued")))["data"] == str(tmp_path / "queued")


def test_rows_of_the_hub_stay_where_they_are(tmp_path: Path) -> None:
    assert places_here(command("/cache/glue", "main"), str(tmp_path))["data"] == "/cache/glue"


def test_only_jobs_with_a_recorded_end_are_passed_over(tmp_path: Path) -> None:
    events = tmp_path / "events.jsonl"
    assert done_jobs(events) == set()
    lines = ['{"event":"started","digest":"a"}', '{"event":"done","digest":"a"}']
    lines += ['{"event":"started","digest":"b"}', '{"event":"failed","digest":"b","outcome":"oom"}']
    events.write_text("\n".join([*lines, '{"event":"started","digest":"c"}']) + "\n")
    assert done_jobs(events) == {"a"}
