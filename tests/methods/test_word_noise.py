"""What the methods with noise have in common, on every architecture and on padded batches."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from ftbench import methods
from ftbench.methods import Method
from tests.methods.wordnet import gradients
from tests.nn.transformers_small import CONFIGS, DECODERS, T5

#: Settings under which the noise matters, so that a wrong place of it shows.
LOUD: dict[str, dict[str, Any]] = {
    "r3f": {"eps": 0.3},
    "smart": {"step_size": 1.0, "noise_std": 0.1, "radius": 0.5},
    "freelb": {"adv_lr": 1.0, "max_norm": 0.7},
    "hype": {"eps": 0.3},
    "sam": {"rho": 0.5},
}


#: Families whose norms are in single precision, whatever the model is in.
SINGLE = (*DECODERS, *T5)


def made(name: str, **given: Any) -> Method:
    cls = methods.find(name)
    return cls(cls.resolve({**LOUD.get(name, {}), **given}))


@pytest.mark.parametrize("kind", list(CONFIGS))
@pytest.mark.parametrize("name", list(LOUD))
def test_each_row_has_noise_of_its_own_whatever_it_is_batched_with(name: str, kind: str) -> None:
    whole, parts = (gradients(made(name), kind, parts=p) for p in (1, 2))
    plain = gradients(made("vanilla"), kind)
    scale = max(float(g.abs().max()) for g in whole.values())
    assert scale > 0 and all(bool(torch.isfinite(g).all()) for g in whole.values())
    rounded = 1e-6 if kind in SINGLE else 1e-9
    for n in whole:
        torch.testing.assert_close(whole[n], parts[n], rtol=0, atol=rounded * scale)
    assert any(not torch.allclose(whole[n], plain[n], atol=1e-6 * scale) for n in whole)


@pytest.mark.parametrize("kind", ["bert", "bart", "xlnet"])
@pytest.mark.parametrize("name", ["smart", "freelb", "hype", "sam"])
def test_regression_is_trained_with_noise_too(name: str, kind: str) -> None:
    whole, parts = (gradients(made(name), kind, parts=p, outputs=1) for p in (1, 2))
    plain = gradients(made("vanilla"), kind, outputs=1)
    scale = max(float(g.abs().max()) for g in whole.values())
    for n in whole:
        torch.testing.assert_close(whole[n], parts[n], rtol=0, atol=1e-9 * scale)
    assert any(not torch.allclose(whole[n], plain[n], atol=1e-6 * scale) for n in whole)


@pytest.mark.parametrize("name", ["hype", "smart"])
def test_the_published_variant_differs_from_the_paper_in_its_switches_only(name: str) -> None:
    cls = methods.find(name)
    paper, published = cls.resolve(), cls.resolve(variant="published")
    changed = {k for k, v in vars(published).items() if v != getattr(paper, k)}
    assert changed == set(cls.published)
