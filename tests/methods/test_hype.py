"""HyPe: noise before every layer in training, and none elsewhere."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ftbench.errors import BadValue, ModelError
from ftbench.methods.hype import HyPe, bounds
from ftbench.nn import structure
from ftbench.run.data import Batch
from ftbench.testing import trajectory
from tests.methods.mininet import run_of, seeded
from tests.methods.wordnet import WordNet, padded, sentences
from tests.nn.transformers_small import small


def hype(**given: Any) -> HyPe:
    return HyPe(HyPe.resolve(given))


def test_defaults_and_the_published_switches() -> None:
    assert HyPe.defaults() == {"eps": 1e-5, "noise_type": "normal", "one_sided": False, "dropout": None}
    published = HyPe.resolve(variant="published")
    assert (published.noise_type, published.one_sided, published.dropout) == ("uniform", True, 0.0)
    assert bounds(0.5, False) == (-0.5, 0.5) and bounds(0.5, True) == (0.0, 0.5)
    with pytest.raises(BadValue):
        HyPe.resolve({"eps": -1})


@pytest.mark.parametrize(
    ("given", "low", "high", "mean"),
    [
        ({"noise_type": "uniform"}, -0.5, 0.5, 0.0),
        ({"noise_type": "uniform", "one_sided": True}, 0.0, 0.5, 0.25),
        ({"noise_type": "normal"}, -4.0, 4.0, 0.0),
        ({"noise_type": "normal", "one_sided": True}, -4.0, 4.0, 0.0),
    ],
)
def test_the_noise_has_the_distribution_asked_for(
    given: dict[str, Any], low: float, high: float, mean: float
) -> None:
    m = hype(eps=0.5, **given)
    run = run_of(m, small("bert"), [], steps=1)
    batch = Batch(None, torch.zeros(2), (0, 1), 2, (60, 30))
    values = m._noise(run, batch, torch.zeros(2, 60, 50), 1)
    assert not values[1, 30:].any()
    real = values[0]
    assert low <= real.min() and real.max() <= high and real.mean().item() == pytest.approx(mean, abs=0.03)
    deviation = {"normal": 0.5, "uniform": (0.25 if given.get("one_sided") else 0.5) / 3**0.5}
    assert real.std().item() == pytest.approx(deviation[given["noise_type"]], rel=0.05)
    assert not torch.equal(values, m._noise(run, batch, values, 2))


def entering(model: nn.Module, run_it: Any) -> list[Tensor]:
    """The hidden states that enter the layers, call by call."""
    seen: list[Tensor] = []
    handles = [
        layer.register_forward_hook(lambda _m, args, _: seen.append(args[0].detach().clone()))
        for layer in structure.encoder_layers(model)
    ]
    run_it()
    for handle in handles:
        handle.remove()
    return seen


@pytest.mark.parametrize(("kind", "calls"), [("bert", 3), ("albert", 3), ("bart", 6), ("xlnet", 3)])
def test_every_call_of_a_layer_gets_noise_of_its_own_on_real_tokens(kind: str, calls: int) -> None:
    batch, found = padded(kind), {}
    for eps in (0.0, 1e-3):
        model = small(kind, pad_token_id=5 if kind == "xlnet" else 1).double()
        for p in structure.encoder_layers(model):  # layers that pass on what they get
            p.forward = lambda *args, p=p, **kwargs: (
                args[0] if type(p).__name__.startswith(("Bart", "Bert", "Albert")) else (args[0], None)
            )
        m = hype(eps=eps, noise_type="uniform", dropout=0.0)
        run = run_of(m, model, [], steps=1)
        found[eps] = entering(model, lambda m=m, run=run: m.compute_loss(run, batch))
        assert len(found[eps]) == calls
    before: Any = 0.0
    noises = []
    for plain, noised in zip(found[0.0], found[1e-3], strict=True):
        total = (noised - plain).transpose(0, 1) if kind == "xlnet" else noised - plain
        fresh = kind == "bart" and len(noises) == 3  # the decoder begins anew
        noise = total - (0.0 if fresh else before)
        before = total
        for row, length in enumerate(batch.lengths):
            real = slice(7 - length, None) if batch.left else slice(length)
            assert noise[row, real].abs().max() > 5e-4
            pads = noise[row].clone()
            pads[real] = 0
            assert pads.abs().max() < 1e-12
        assert noise.abs().max() <= 1e-3 + 1e-12
        noises.append(noise)
    assert len({round(float(n.sum()), 12) for n in noises}) == calls


def test_evaluation_and_other_passes_have_no_noise() -> None:
    model = small("bert").double()
    m = hype(eps=0.5, dropout=0.0)
    run = run_of(m, model, [], steps=1)
    batch = padded("bert")
    model.eval()
    plain = model(**batch.inputs).logits
    model.train()
    m.compute_loss(run, batch)
    assert not any(layer._forward_pre_hooks for layer in structure.encoder_layers(model))
    model.eval()
    assert torch.equal(m.model_for_evaluation(run)(**batch.inputs).logits, plain)


def test_its_own_dropout_is_set_and_none_is_the_recipes() -> None:
    for given, expected in ((0.0, {0.0}), (0.3, {0.3}), (None, {0.1})):
        model = small("bert")
        run_of(hype(dropout=given), model, [], steps=1)
        assert {m.p for m in model.modules() if isinstance(m, nn.Dropout)} == expected


def test_a_model_without_layers_is_refused_in_one_line() -> None:
    with pytest.raises(ModelError, match="no transformer layers"):
        trajectory(hype(), seeded(WordNet), sentences(1), 0.1)
