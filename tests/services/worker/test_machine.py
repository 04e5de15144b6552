"""What there is to train with, without torch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ftbench.errors import BadValue
from ftbench.secrets import masked
from ftbench.services.worker import machine
from ftbench.services.worker.threads import most_slots, too_many

Make = Callable[[str], None]


@pytest.fixture
def listing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Puts an ``nvidia-smi`` on the path that prints what it is given."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

    def make(text: str) -> None:
        program = tmp_path / "nvidia-smi"
        program.write_text(f"#!/bin/sh\ncat <<'END'\n{text}\nEND\n")
        program.chmod(0o755)

    return make


TWO = "GPU 0: H200 (UUID: GPU-1)\nGPU 1: H200 (UUID: GPU-2)"
SLICED = (
    "GPU 0: H200 (UUID: GPU-1)\n  MIG 1g.18gb Device 0: (UUID: MIG-1)\n  MIG 1g.18gb Device 1: (UUID: MIG-2)"
)


@pytest.mark.parametrize(
    ("text", "visible", "count"),
    [
        (TWO, None, 2),
        (TWO, "1", 1),
        (TWO, "1,0", 2),
        (TWO, "0,-1,1", 1),
        (TWO, "0,7", 1),
        (TWO, "", 0),
        (TWO, "GPU-1,GPU-2", 2),
        (SLICED, None, 1),
        (SLICED, "MIG-2", 1),
    ],
)
def test_gpus_are_counted_as_a_process_would_see_them(
    listing: Make, monkeypatch: pytest.MonkeyPatch, text: str, visible: str | None, count: int
) -> None:
    listing(text)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert machine.gpus() == count


def test_a_gpu_is_taken_by_its_number_or_as_what_there_is(
    listing: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing(TWO)
    monkeypatch.setattr(machine, "torch_has_cuda", lambda: True)
    assert machine.choose_device(1) == "cuda:1"
    assert machine.choose_device(None) == "cuda:0"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert machine.choose_device(None) == "cpu"


@pytest.mark.parametrize("wrong", [2, -1])
def test_a_gpu_that_does_not_exist_is_refused(
    listing: Make, monkeypatch: pytest.MonkeyPatch, wrong: int
) -> None:
    listing(TWO)
    monkeypatch.setattr(machine, "torch_has_cuda", lambda: True)
    with pytest.raises(BadValue, match=f"no GPU {wrong}: this machine has only 0 to 1"):
        machine.choose_device(wrong)


def test_a_gpu_is_of_no_use_to_a_torch_built_for_the_cpu(
    listing: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing(TWO)
    monkeypatch.setattr(machine, "torch_has_cuda", lambda: False)
    with pytest.raises(BadValue, match="built for the CPU"):
        machine.choose_device(0)
    assert machine.choose_device(None) == "cpu"


def test_a_machine_without_gpus_says_so(listing: Make) -> None:
    listing("")
    with pytest.raises(BadValue, match="no GPU 0: this machine has none"):
        machine.choose_device(0)


@pytest.mark.parametrize(
    ("asked", "slots", "threads"), [("", 1, 8), ("", 4, 3), ("", 12, 1), ("", 99, 1), ("5", 4, 5)]
)
def test_slots_share_the_cores(monkeypatch: pytest.MonkeyPatch, asked: str, slots: int, threads: int) -> None:
    monkeypatch.setattr(machine, "cores", lambda: 12)
    monkeypatch.setenv("OMP_NUM_THREADS", asked)
    assert machine.default_threads(slots) == threads


def test_slots_are_as_many_as_there_are_cores_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "cores", lambda: 12)
    assert [most_slots("cpu", threads) for threads in (1, 5, 16)] == [12, 2, 1]
    assert most_slots("cuda:0", 8) == 12
    assert too_many("cpu", 4, 3) is None and too_many("cuda:0", 8, 9) is None
    words = too_many("cpu", 4, 4)
    assert words is not None and words.startswith("4 x 4 threads, and 12 cores")


def test_tokens_do_not_reach_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "secret-of-mine")
    said = masked("401 for secret-of-mine and hf_AbCdEfGhIjKlMnOp, hf_hub is fine")
    assert said == "401 for <token> and <token>, hf_hub is fine"
