"""Torch's global generators."""

from __future__ import annotations

import pytest
import torch

from ftbench.run.seeding import seed_torch


def test_a_seed_gives_the_draws_that_it_gives_in_torch() -> None:
    torch.manual_seed(7)
    expected = torch.rand(5)
    seed_torch(7, torch.device("cpu"))
    assert torch.equal(torch.rand(5), expected)


@pytest.mark.parametrize(
    ("device", "seeded"), [("cpu", []), ("cuda", ["cuda"]), ("cuda:1", ["cuda"]), ("mps", ["all"])]
)
def test_the_generator_of_the_device_is_seeded_and_no_further_one(
    monkeypatch: pytest.MonkeyPatch, device: str, seeded: list[str]
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(torch.cuda, "manual_seed_all", lambda seed: asked.append("cuda"))
    monkeypatch.setattr(torch, "manual_seed", lambda seed: asked.append("all"))
    seed_torch(7, torch.device(device))
    assert asked == seeded
