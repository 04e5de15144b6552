"""The service that shares a GPU, with a program in its place that notes how it is called."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ftbench.services.worker import mps
from ftbench.services.worker.mps import Mps

NOTES = """#!/bin/sh
echo "$@|$(cat)|$CUDA_MPS_PIPE_DIRECTORY|$CUDA_MPS_LOG_DIRECTORY|${CUDA_VISIBLE_DEVICES-unset}" >> "$NOTES"
exit ${EXIT-0}
"""


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a program of the service's name writes how it is called."""
    program = tmp_path / "bin" / mps.PROGRAM
    program.parent.mkdir()
    program.write_text(NOTES)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("NOTES", str(tmp_path / "notes"))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2")
    monkeypatch.delenv("CUDA_MPS_PIPE_DIRECTORY", raising=False)
    monkeypatch.setattr(mps, "_USUAL", str(tmp_path / "nowhere"))
    return tmp_path / "notes"


def test_the_service_is_started_with_folders_of_its_own_and_ended(notes: Path, tmp_path: Path) -> None:
    service = Mps(tmp_path / "work")
    assert service.start() == "slots share the GPU through MPS"
    folder = tmp_path / "work" / f"mps-{os.getpid()}"
    expected = {
        "CUDA_MPS_PIPE_DIRECTORY": str(folder / "pipe"),
        "CUDA_MPS_LOG_DIRECTORY": str(folder / "log"),
    }
    assert service.environment == expected
    assert all(Path(path).is_dir() for path in expected.values())
    service.stop()
    assert not folder.exists()
    service.stop()
    where = f"{folder}/pipe|{folder}/log|unset"
    assert notes.read_text().splitlines() == [f"-d||{where}", f"|quit|{where}"]


def test_without_the_program_slots_take_turns(
    notes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    service = Mps(tmp_path / "work")
    assert (
        service.start() == "slots share the GPU in slices of time: there is no nvidia-cuda-mps-control here"
    )
    assert service.environment == {}
    service.stop()
    assert not (tmp_path / "work").exists()


def test_a_service_that_does_not_start_is_no_obstacle(
    notes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXIT", "3")
    service = Mps(tmp_path / "work")
    words = service.start()
    assert words == "slots share the GPU in slices of time: nvidia-cuda-mps-control -d ended with exit code 3"
    assert service.environment == {}
    service.stop()
    assert list((tmp_path / "work").iterdir()) == []
    assert len(notes.read_text().splitlines()) == 1


@pytest.mark.parametrize("usual", [True, False])
def test_the_service_of_the_machine_is_used_where_there_is_one(
    notes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, usual: bool
) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "control").touch()
    if usual:
        monkeypatch.setattr(mps, "_USUAL", str(tmp_path / "theirs"))
    else:
        monkeypatch.setenv("CUDA_MPS_PIPE_DIRECTORY", str(tmp_path / "theirs"))
    service = Mps(tmp_path / "work")
    assert service.start() == "slots share the GPU through the MPS of this machine"
    service.stop()
    assert service.environment == {} and not notes.exists()


def test_what_a_killed_worker_left_is_ended_by_the_next_and_that_of_a_living_one_is_not(
    notes: Path, tmp_path: Path
) -> None:
    gone = subprocess.Popen([sys.executable, "-I", "-S", "-c", ""])
    gone.wait()
    dead, living = (tmp_path / "work" / f"mps-{pid}" for pid in (gone.pid, os.getppid()))
    for folder in (dead, living):
        (folder / "pipe").mkdir(parents=True)
    service = Mps(tmp_path / "work")
    service.start()
    assert (dead.exists(), living.exists()) == (False, True)
    assert notes.read_text().splitlines()[0].startswith(f"|quit|{dead}/pipe")
    service.stop()
