"""Places: what is read is there, what is written can be, variables without their secrets."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftbench.services.doctor import places
from ftbench.services.doctor.findings import NOTE, OK, WRONG, Finding
from tests.places import data_folder


def found(tmp_path: Path, data: str | None = None) -> dict[str, Finding]:
    return {one.what: one for one in places.of_places(str(tmp_path / "x.db"), data)}


@pytest.fixture(autouse=True)
def _bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FTBENCH_DATA", "FTBENCH_WORK", "HF_HUB_CACHE", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("HOME", str(tmp_path))


def test_a_data_folder_says_which_tasks_it_has(tmp_path: Path):
    folder = data_folder(tmp_path / "data")
    told = found(tmp_path, str(folder or tmp_path / "data"))["data folder"]
    assert told.state == OK and told.found.startswith("~/data: cola") and "; not " in told.found


@pytest.mark.parametrize(
    ("make", "state", "said"),
    [(False, WRONG, "does not exist"), (True, WRONG, "no task"), (None, NOTE, "none")],
)
def test_a_data_folder_that_has_nothing(tmp_path: Path, make: bool | None, state: str, said: str):
    if make:
        (tmp_path / "empty").mkdir()
    told = found(tmp_path, None if make is None else str(tmp_path / "empty"))["data folder"]
    assert told.state == state and said in told.found and told.advice


def test_models_of_the_cache_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    bare = found(tmp_path)["Hugging Face cache"]
    assert bare.state == NOTE and bare.found.startswith("~/hf/hub: none of") and "prepare" in bare.advice
    snapshot = tmp_path / "hf" / "hub" / "models--google-bert--bert-base-uncased" / "snapshots" / ("a" * 40)
    snapshot.mkdir(parents=True)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    full = found(tmp_path)["Hugging Face cache"]
    assert (
        full.state == OK
        and full.found.startswith("~/hf/hub: bert-base of")
        and "HF_HUB_OFFLINE" in full.found
    )


def test_a_work_folder_that_may_not_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    assert found(tmp_path)["work folder"].found == "~/x.db.work, made when a worker starts"
    monkeypatch.setattr(places.os, "access", lambda *_: False)
    told = found(tmp_path)["work folder"]
    assert told.state == WRONG and "FTBENCH_WORK" in told.advice


def test_a_work_folder_that_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FTBENCH_WORK", str(tmp_path / "file"))
    assert found(tmp_path)["work folder"].state == WRONG


def test_variables_are_told_and_tokens_are_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    token = "hf_" + "a1B2" * 9
    monkeypatch.setenv("HF_TOKEN", token)
    monkeypatch.setenv("FTBENCH_DB", "postgresql://ada:secret9x@host/runs")
    told = found(tmp_path)
    assert token not in told["HF_TOKEN"].found and "secret9x" not in told["FTBENCH_DB"].found
