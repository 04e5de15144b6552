"""How a folder comes into its place, and which places are refused."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ftbench.errors import BadValue, FtbenchError
from ftbench.services.publishing.folder import MARKER, check_place, listed_in, replacing


def write(place: Path, **files: str) -> None:
    with replacing(place, "today") as folder:
        for name, text in files.items():
            folder.write(f"{name}.html", text)


def names(place: Path) -> list[str]:
    return sorted(path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file())


def test_a_new_folder_has_its_files_and_their_digests(tmp_path: Path) -> None:
    write(tmp_path / "site", index="a")
    assert names(tmp_path / "site") == [MARKER, "index.html"]
    assert set(listed_in(tmp_path / "site")) == {"index.html"}


def test_a_published_folder_is_replaced_as_a_whole(tmp_path: Path) -> None:
    write(tmp_path / "site", index="a", old="b")
    write(tmp_path / "site", index="c")
    assert names(tmp_path / "site") == [MARKER, "index.html"]
    assert (tmp_path / "site" / "index.html").read_text() == "c"
    assert os.listdir(tmp_path) == ["site"]


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    write(tmp_path / "site", index="a")
    assert names(tmp_path / "site") == [MARKER, "index.html"]


@pytest.mark.parametrize("strange", ["notes.txt", ".git/config", "empty/"])
def test_a_folder_with_anything_else_is_refused_and_stays(tmp_path: Path, strange: str) -> None:
    write(tmp_path / "site", index="a")
    target = tmp_path / "site" / strange
    target.mkdir() if strange.endswith("/") else (target.parent.mkdir(exist_ok=True), target.write_text("x"))
    with pytest.raises(FtbenchError, match=f"holds {strange.rstrip('/')}, which was not published"):
        check_place(tmp_path / "site")
    with pytest.raises(FtbenchError, match="not published"):
        write(tmp_path / "site", index="b")
    assert (tmp_path / "site" / "index.html").read_text() == "a" and os.listdir(tmp_path) == ["site"]


def test_a_folder_that_only_looks_published_is_refused(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "mine.txt").write_text("x")
    for marker in ("{", "[]", json.dumps({"schema": "other", "files": {"mine.txt": ""}})):
        (tmp_path / "site" / MARKER).write_text(marker)
        with pytest.raises(FtbenchError, match="mine.txt"):
            check_place(tmp_path / "site")


def test_an_error_leaves_all_as_it_was(tmp_path: Path) -> None:
    write(tmp_path / "site", index="a")
    with pytest.raises(ZeroDivisionError), replacing(tmp_path / "site", "today") as folder:
        folder.write("index.html", "b")
        raise ZeroDivisionError
    assert (tmp_path / "site" / "index.html").read_text() == "a" and os.listdir(tmp_path) == ["site"]


def test_a_full_disk_is_told_in_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, content: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(FtbenchError, match="cannot be written: No space left on device"):
        write(tmp_path / "site", index="a")
    assert os.listdir(tmp_path) == []


def test_where_the_new_one_cannot_be_put_the_old_one_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "site", index="a")
    rename = Path.rename

    def once(self: Path, target: Path) -> Path:
        if self.name.endswith(".part"):
            raise OSError(5, "Input/output error")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", once)
    with pytest.raises(FtbenchError, match="Input/output error"):
        write(tmp_path / "site", index="b")
    assert (tmp_path / "site" / "index.html").read_text() == "a" and os.listdir(tmp_path) == ["site"]


def test_names_that_are_no_folders_are_refused(tmp_path: Path) -> None:
    for place in (Path("."), Path(".."), Path("/")):
        with pytest.raises(BadValue, match="name a folder"):
            check_place(place)
    with pytest.raises(FtbenchError, match="there is no folder"):
        check_place(tmp_path / "none" / "site")


def test_a_link_to_a_published_folder_stays_a_link(tmp_path: Path) -> None:
    write(tmp_path / "real", index="a")
    (tmp_path / "site").symlink_to("real")
    write(tmp_path / "site", index="b")
    assert (tmp_path / "site").is_symlink() and (tmp_path / "real" / "index.html").read_text() == "b"
