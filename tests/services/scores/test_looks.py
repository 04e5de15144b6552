"""How many families of tests were looked at: kept where there is a work folder, and never in the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftbench.services.scores.looks import families_seen


@pytest.fixture
def address(tmp_path: Path) -> str:
    (tmp_path / "my.db.work").mkdir()
    return str(tmp_path / "my.db")


def test_families_are_counted_once_and_others_are_told(address: str) -> None:
    assert families_seen(address, ["a"]) == () and families_seen(address, ["a"]) == ()
    (told,) = families_seen(address, ["b", "c"])
    assert told.startswith("Families of tests: 2 here, 1 other looked at in this database since 20")
    assert told.endswith("with a probability of up to 15 %.")
    (told,) = families_seen(address, ["a"])
    assert "1 here, 2 others" in told
    assert len((Path(f"{address}.work") / "looks").read_text().splitlines()) == 3
    assert families_seen(address, []) == ()


def test_a_database_without_a_work_folder_stays_as_it_is(tmp_path: Path) -> None:
    for family in "ab":
        assert families_seen(str(tmp_path / "my.db"), [family]) == ()
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_kept_or_read_stops_nothing(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Path(f"{address}.work") / "looks"
    kept.write_bytes(b"\xff\xfe\0 one\ntoo many words here\n0123456789abcdef 2026-01-02T03:04:05Z\n")
    (told,) = families_seen(address, ["a"])
    assert "1 here, 1 other looked at in this database since 2026-01-02." in told
    kept.unlink()
    kept.mkdir()
    assert families_seen(address, ["a"]) == ()


def test_the_place_of_the_work_folders_is_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ftbench.settings import work_dir

    monkeypatch.setenv("FTBENCH_WORK", str(tmp_path / "work"))
    address = str(tmp_path / "my.db")
    work_dir(address).mkdir(parents=True)
    families_seen(address, ["a"])
    assert (work_dir(address) / "looks").is_file() and not Path(f"{address}.work").exists()
