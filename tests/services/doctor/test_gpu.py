"""GPUs, as far as they can be looked at where there are none."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from ftbench.services.doctor import gpu
from ftbench.services.doctor.findings import NOTE, OK, WRONG, Finding


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(gpu, "gpus", lambda: 2)
    monkeypatch.setattr(gpu, "torch_has_cuda", lambda: True)


def tried(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *lines: str, code: int = 0) -> list[Finding]:
    """What is found where torch prints these lines."""
    program = tmp_path / "python"
    program.write_text(
        "#!/bin/sh\ncat <<'END'\n" + "\n".join(lines) + f"\nEND\necho broken >&2\nexit {code}\n"
    )
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    return list(gpu.of_gpus())


def told(*cards: dict[str, object]) -> str:
    return "FOUND" + json.dumps({"version": "13.0", "gpus": list(cards)})


CARD = {"name": "H200", "memory": 2**37, "free": 2**36, "bf16": True, "finite": True, "error": ""}


def test_without_a_gpu_jobs_train_on_the_cpu(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(gpu, "gpus", lambda: 0)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert [(one.what, one.state) for one in gpu.of_gpus()] == [
        ("CUDA_VISIBLE_DEVICES", NOTE),
        ("GPUs", NOTE),
    ]


def test_a_torch_for_the_cpu_alone_is_wrong_where_there_are_gpus(two: None, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(gpu, "torch_has_cuda", lambda: False)
    (found,) = gpu.of_gpus()
    assert (found.state, found.found) == (WRONG, "built for the CPU alone: 2 GPUs cannot be used")
    assert "pytorch.org" in found.advice


def test_each_gpu_says_its_memory_and_who_is_busy(two: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    busy = {**CARD, "free": 2**33, "bf16": False}
    one, other = tried(monkeypatch, tmp_path, "a warning", told(CARD, busy))
    assert (one.state, one.found) == (OK, "H200, 64.0 of 128.0 GiB free, bf16")
    assert (other.state, other.found) == (NOTE, "H200, 8.0 of 128.0 GiB free, no bf16")


def test_an_error_of_one_gpu_is_told_of_it(two: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    one, other = tried(
        monkeypatch, tmp_path, told({**CARD, "error": "CUDA error: busy"}, {**CARD, "finite": False})
    )
    assert (one.state, one.found) == (WRONG, "H200: CUDA error: busy")
    assert (other.state, other.found) == (WRONG, "H200: a product is not finite")


def test_a_driver_that_shows_fewer_is_wrong(two: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    driver, card = tried(monkeypatch, tmp_path, told(CARD))
    assert (driver.what, driver.found, card.state) == ("driver", "CUDA 13.0 sees 1 of 2", OK)


def test_a_torch_that_does_not_start_is_told_in_a_line(
    two: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    (found,) = tried(monkeypatch, tmp_path, "nothing", code=3)
    assert (found.state, found.found) == (WRONG, "torch cannot be tried on them: broken")


def test_the_program_that_is_tried_runs_here(monkeypatch: pytest.MonkeyPatch):
    """There are no GPUs in tests, so that it finds none; that it finds nothing else is what counts."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    monkeypatch.setattr(gpu, "gpus", lambda: 1)
    monkeypatch.setattr(gpu, "torch_has_cuda", lambda: True)
    _, driver = gpu.of_gpus()
    assert driver.what == "driver" and driver.found.endswith("sees 0 of 1")
