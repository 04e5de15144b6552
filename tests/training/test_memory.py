"""What a process tells of the memory that it trains in."""

from __future__ import annotations

import sys

import pytest
import torch

from ftbench.training.memory import memory


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems do not tell")
def test_on_the_cpu_it_is_the_main_memory() -> None:
    before = memory("cpu")
    assert before is not None
    assert 0 < before["held"] < before["total"] and 0 < before["free"] < before["total"]
    block = torch.ones(64, 2**20)  # 256 MiB
    after = memory("cpu")
    assert after is not None and after["total"] == before["total"]
    assert after["held"] > 256, "what a process has held is at least what it holds"
    del block
    later = memory("cpu")
    assert later is not None and later["held"] >= after["held"], "the most counts"


def test_on_a_gpu_the_context_counts_beside_what_torch_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def info(device: str) -> tuple[int, int]:
        asked.append(device)
        return 70_000 * 2**20, 80_000 * 2**20

    monkeypatch.setattr(torch.cuda, "mem_get_info", info)
    monkeypatch.setattr(torch.cuda, "max_memory_reserved", lambda device: 2_000 * 2**20)
    assert memory("cuda:1") == {"held": 3_024, "free": 70_000, "total": 80_000}
    assert asked == ["cuda:1"]


def test_a_system_that_does_not_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert memory("cpu") is None
