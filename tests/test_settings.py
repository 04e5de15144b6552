"""Paths and ``FTBENCH_*`` variables as people set them: unset, empty, malformed, without a home."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftbench import hub, settings
from ftbench.errors import BadValue, FtbenchError

VARIABLES = ("FTBENCH_DB", "FTBENCH_DATA", "FTBENCH_WORK", "FTBENCH_CHECKPOINT_SECONDS")


@pytest.fixture
def homeless(monkeypatch: pytest.MonkeyPatch) -> None:
    """No ``HOME``, and a user without an entry in passwd."""

    def nobody(uid: int) -> None:
        raise KeyError(uid)

    monkeypatch.setattr("pwd.getpwuid", nobody)
    for name in ("HOME", "HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("given", [None, ""])
def test_a_variable_that_is_empty_is_one_that_is_not_set(
    monkeypatch: pytest.MonkeyPatch, given: str | None
) -> None:
    for name in VARIABLES:
        monkeypatch.setenv(name, given) if given is not None else monkeypatch.delenv(name, raising=False)
    assert settings.database_address() == "ftbench.db"
    assert settings.data_dir() is None
    assert settings.work_dir("a.db") == Path("a.db.work")
    assert settings.checkpoint_seconds() == 60.0


@pytest.mark.parametrize("given", ["abc", "-1", "nan", "inf", "1,5", " "])
def test_seconds_that_are_none_are_refused_with_their_range(
    monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    monkeypatch.setenv("FTBENCH_CHECKPOINT_SECONDS", given)
    with pytest.raises(BadValue, match="_SECONDS '.*': give a number of seconds, 0 or more"):
        settings.checkpoint_seconds()


@pytest.mark.parametrize("given", ["0", "0.5", "1e3"])
def test_seconds_are_taken_as_numbers_are_written(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("FTBENCH_CHECKPOINT_SECONDS", given)
    assert settings.checkpoint_seconds() == float(given)


def test_a_database_variable_that_is_no_file_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for given in (str(tmp_path), " "):
        monkeypatch.setenv("FTBENCH_DB", given)
        with pytest.raises(BadValue, match="FTBENCH_DB '.*': give the path of a SQLite file"):
            settings.database_address()
        assert settings.database_address("mine.db") == "mine.db"


def test_a_work_variable_that_is_no_folder_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("FTBENCH_WORK", str(tmp_path / "file"))
    with pytest.raises(BadValue, match="FTBENCH_WORK '.*file': give a folder"):
        settings.work_dir("a.db")


def test_every_path_spells_out_the_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ann")
    monkeypatch.setenv("FTBENCH_DATA", "~/glue")
    monkeypatch.setenv("FTBENCH_WORK", "~/work")
    assert settings.data_dir() == Path("/home/ann/glue")
    assert settings.work_dir("a.db").parent == Path("/home/ann/work")
    assert (
        settings.sqlite_path("~/a.db") == settings.sqlite_path("sqlite:///~/a.db") == Path("/home/ann/a.db")
    )
    assert settings.place("./~/x") == Path("./~/x")


@pytest.mark.usefixtures("homeless")
def test_the_home_of_nobody_is_refused_by_what_was_given() -> None:
    with pytest.raises(BadValue, match="--data-dir '~/x': there is no home folder '~' here"):
        settings.data_dir("~/x")
    with pytest.raises(BadValue, match="database '~nosuchuser/x': there is no home folder '~nosuchuser'"):
        settings.sqlite_path("~nosuchuser/x")


@pytest.mark.usefixtures("homeless")
def test_without_a_home_only_the_cache_of_the_hub_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings.user_cache() is None
    with pytest.raises(FtbenchError, match="set HF_HOME to a folder"):
        hub.cache()
    monkeypatch.setenv("HF_HOME", "/srv/hf")
    assert hub.cache() == Path("/srv/hf/hub")
