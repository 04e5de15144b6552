"""Checkpoints: whole or not at all, and only those that fit."""

from __future__ import annotations

import logging
import os
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch

from ftbench.domain.result import CurvePoint
from ftbench.training import checkpoint
from ftbench.training.contents import digest_of

CPU = torch.device("cpu")
STATE = {"digest": "a1", "step": 3, "model": {"w": torch.arange(4.0)}, "points": [["main", 1, "loss", 0.5]]}


def read(path: Path, **expected: Any) -> dict[str, Any] | None:
    return checkpoint.load(path, CPU, **{"digest": "a1", **expected})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "deep" / "main.part.pt"
    checkpoint.save(path, STATE)
    return path


def test_what_is_saved_comes_back(file: Path) -> None:
    state = read(file)
    assert state is not None and state["step"] == 3 and state["points"] == [["main", 1, "loss", 0.5]]
    assert torch.equal(state["model"]["w"], torch.arange(4.0))
    assert [p.name for p in file.parent.iterdir()] == ["main.part.pt"]  # nothing beside it


def test_nothing_there_is_no_state_and_no_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert read(tmp_path / "main.part.pt") is None and not caplog.records


def test_a_later_state_takes_the_place_of_the_earlier(file: Path) -> None:
    checkpoint.save(file, {**STATE, "step": 4})
    state = read(file)
    assert state is not None and state["step"] == 4


@pytest.mark.parametrize("where", ["save", "fsync", "replace"])
def test_a_save_that_breaks_off_leaves_the_old_state_and_no_part(
    file: Path, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: Any) -> None:
        if where == "save":
            args[1].write(b"half of it")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(
        *{"save": (torch, "save"), "fsync": (os, "fsync"), "replace": (os, "replace")}[where], full
    )
    with pytest.raises(OSError, match="No space"):
        checkpoint.save(file, {**STATE, "step": 4})
    state = read(file)
    assert state is not None and state["step"] == 3
    assert [p.name for p in file.parent.iterdir()] == ["main.part.pt"]


def test_the_content_is_on_the_disk_before_the_name_is(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda fd: (calls.append("fsync"), fsync(fd)))
    monkeypatch.setattr(os, "replace", lambda a, b: (calls.append("replace"), replace(a, b)))
    checkpoint.save(file, STATE)
    assert calls == ["fsync", "replace", "fsync"], "and then its name"


@pytest.mark.parametrize("kept", [0, 10, 0.5, 0.99])
def test_a_damaged_file_is_left_aside_with_a_warning(
    file: Path, kept: float, caplog: pytest.LogCaptureFixture
) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: int(kept if kept >= 1 else kept * len(content))])
    with caplog.at_level(logging.WARNING, "ftbench"):
        assert read(file) is None
    assert "main.part.pt cannot be read" in caplog.text and "starting afresh" in caplog.text
    assert str(file.parent) not in caplog.text


def test_text_in_its_place_is_left_aside(file: Path) -> None:
    file.write_text("not a checkpoint")
    assert read(file) is None


def flipped(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 0x40]) + content[at + 1 :]


@pytest.mark.parametrize("weight", [0, 3])
def test_a_flipped_bit_of_a_weight_is_noticed(
    file: Path, weight: int, caplog: pytest.LogCaptureFixture
) -> None:
    content = file.read_bytes()
    at = content.index(torch.arange(4.0).numpy().tobytes()) + 4 * weight + 2
    file.write_bytes(flipped(content, at))
    assert torch.load(file, weights_only=True)["model"]["w"][weight] != weight, "torch itself sees nothing"
    with caplog.at_level(logging.WARNING, "ftbench"):
        assert read(file) is None
    assert "main.part.pt is damaged" in caplog.text


def test_no_flipped_bit_anywhere_in_a_file_gives_another_state(file: Path) -> None:
    content, whole = file.read_bytes(), read(file)
    for at in range(0, len(content), 7):
        file.write_bytes(flipped(content, at))
        found = read(file)
        assert found is None or str(found) == str(whole)


@pytest.mark.parametrize("change", ["missing", "shape", "dtype", "step", "more"])
def test_a_state_that_was_written_anew_with_other_content_is_left_aside(file: Path, change: str) -> None:
    state = torch.load(file, weights_only=True)
    if change == "missing":
        del state["points"]
    elif change == "shape":
        state["model"]["w"] = state["model"]["w"].reshape(2, 2)
    elif change == "dtype":
        state["model"]["w"] = state["model"]["w"].view(torch.int32)
    elif change == "step":
        state["step"] = 4
    else:
        state["more"] = None
    torch.save(state, file)
    assert read(file) is None


class Harmful:
    """Runs a command when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.mark),)


@pytest.mark.parametrize("write", [torch.save, lambda state, path: path.write_bytes(pickle.dumps(state, 2))])
def test_no_code_in_a_file_is_ever_run(tmp_path: Path, write: Any) -> None:
    path, mark = tmp_path / "main.part.pt", tmp_path / "ran"
    write({"format": checkpoint.FORMAT, **STATE, "x": Harmful(mark)}, path)
    assert read(path) is None and not mark.exists()


@pytest.mark.parametrize(
    "changed", [{"digest": "b2"}, {"format": checkpoint.FORMAT + 1}, {"format": checkpoint.FORMAT - 1}]
)
def test_a_state_of_another_job_or_version_is_left_aside(
    tmp_path: Path, changed: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "main.part.pt"
    state = {"format": checkpoint.FORMAT, **STATE, **changed}
    torch.save({**state, "content": digest_of(state)}, path)
    with caplog.at_level(logging.WARNING, "ftbench"):
        assert read(path) is None
    assert "of another job, code or version" in caplog.text


def test_something_else_that_torch_can_read_is_left_aside(tmp_path: Path) -> None:
    path = tmp_path / "main.part.pt"
    torch.save(torch.zeros(3), path)
    assert read(path) is None


# -- the files of a job -----------------------------------------------------------------------------------

CURVES = [CurvePoint("main", 1, "loss", 0.5), CurvePoint("main", 2, "loss", 0.25)]


def files(
    folder: Path | None,
    digest: str = "a1",
    code: str = "2:a",
    earlier: tuple[Path, ...] = (),
    threads: int = 1,
) -> checkpoint.RunFiles:
    return checkpoint.RunFiles(folder, CPU, earlier, digest=digest, code=code, threads=threads)


def test_a_run_is_found_by_its_name_in_the_files_of_its_own_job(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    files(tmp_path).save("search-1", {"step": 3})
    state = files(tmp_path).load("search-1")
    assert state is not None and state["step"] == 3
    assert files(tmp_path).load("main") is None and files(tmp_path).load_finished("search-1") is None
    assert not caplog.records
    assert files(tmp_path, "b2").load("search-1") is None


def test_a_run_that_other_code_had_begun_starts_afresh(tmp_path: Path) -> None:
    files(tmp_path).save("main", {"step": 3})
    files(tmp_path).save_finished("search-1", torch.nn.Linear(2, 1), CURVES)
    edited = files(tmp_path, code="2:b")
    assert edited.load("main") is None and edited.load_finished("search-1") is None


def test_the_end_of_a_run_takes_the_place_of_its_checkpoint(tmp_path: Path) -> None:
    model = torch.nn.Linear(2, 1)
    files(tmp_path).save("main", {"step": 3})
    files(tmp_path).save_finished("main", model, CURVES)
    assert [p.name for p in tmp_path.iterdir()] == ["main.done.pt"]
    found = files(tmp_path).load_finished("main")
    assert found is not None and found[1] == CURVES
    assert torch.equal(found[0]["weight"], model.weight)


def test_without_a_folder_nothing_is_written_and_nothing_found() -> None:
    none = files(None)
    none.save("main", {"step": 3})
    none.save_finished("main", torch.nn.Linear(2, 1), CURVES)
    assert none.load("main") is None and none.load_finished("main") is None


# -- several attempts at a job ----------------------------------------------------------------------------


def test_an_attempt_goes_on_from_the_farthest_sound_checkpoint_of_those_before_it(tmp_path: Path) -> None:
    folders = tuple(tmp_path / name for name in ("first", "second", "third"))
    for folder, step in zip(folders, (3, 9, 5), strict=True):
        files(folder).save("main", {"step": step, "w": torch.zeros(4)})
    own = files(tmp_path / "own", earlier=folders)
    state = own.load("main")
    assert state is not None and state["step"] == 9
    damaged = folders[1] / "main.part.pt"
    damaged.write_bytes(damaged.read_bytes()[:-100])
    state = own.load("main")
    assert state is not None and state["step"] == 5


def test_what_earlier_attempts_wrote_goes_once_this_one_has_written(tmp_path: Path) -> None:
    before = tmp_path / "before"
    files(before).save("main", {"step": 3})
    files(before).save("search", {"step": 3})
    own = files(tmp_path / "own", earlier=(before,))
    own.save("main", {"step": 4})
    assert [p.name for p in before.iterdir()] == ["search.part.pt"], "of that run alone"
    own.save_finished("search", torch.nn.Linear(2, 1), CURVES)
    assert list(before.iterdir()) == []


def test_an_attempt_that_was_thought_dead_harms_no_other(tmp_path: Path) -> None:
    old, new = files(tmp_path / "old"), files(tmp_path / "new", earlier=(tmp_path / "old",))
    old.save("main", {"step": 3})
    new.save("main", {"step": 7})
    old.save("main", {"step": 4})
    state = new.load("main")
    assert state is not None and state["step"] == 7


def test_a_folder_that_was_deleted_meanwhile_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace, times = os.replace, []

    def deleted(part: Path, path: Path) -> None:
        if not times:
            part.unlink()
            part.parent.rmdir()
        times.append(part)
        replace(part, path)

    monkeypatch.setattr(os, "replace", deleted)
    files(tmp_path / "own").save("main", {"step": 3})
    assert len(times) == 2 and files(tmp_path / "own").load("main") is not None


def test_a_checkpoint_of_another_number_of_threads_is_left_aside(tmp_path: Path) -> None:
    files(tmp_path).save("main", {"step": 3})
    assert files(tmp_path, threads=2).load("main") is None, "the last bits would be neither's"
