"""What a training process is told: where the files of a job are here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ftbench.domain.command import places_here


def command(data: str | None, revision: str = "sha256:0123456789abcdef") -> dict[str, Any]:
    return {"job": {"task": {"revision": revision}}, "places": {"model": None, "data": data}}


def here(queued: dict[str, Any], data_dir: str = "") -> dict[str, Any]:
    return places_here(queued["places"], queued["job"], data_dir)


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FTBENCH_DATA", raising=False)


def test_a_folder_that_is_named_replaces_the_queued_one(tmp_path: Path) -> None:
    assert here(command("/not/here"), str(tmp_path))["data"] == str(tmp_path)
    assert here(command(str(tmp_path.parent)), str(tmp_path))["data"] == str(tmp_path)


def test_the_variable_replaces_only_a_folder_that_is_not_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "queued").mkdir()
    monkeypatch.setenv("FTBENCH_DATA", str(tmp_path))
    assert here(command("/not/here"))["data"] == str(tmp_path)
    assert here(command(str(tmp_path / "queued")))["data"] == str(tmp_path / "queued")


def test_rows_of_the_hub_stay_where_they_are(tmp_path: Path) -> None:
    assert here(command("/cache/glue", "main"), str(tmp_path))["data"] == "/cache/glue"
