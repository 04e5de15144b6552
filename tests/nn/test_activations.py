"""Functions on word embeddings and hidden states: called once, rows first, and gone after the call."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

from ftbench.errors import ModelError
from ftbench.nn import activations, structure
from tests.nn.transformers_small import CONFIGS, inputs, small

WIDTHS = {"electra": 8, "albert": 8}  # the tables of factorised embeddings are narrower
STACKS = {kind: 2 if kind == "bart" else 1 for kind in CONFIGS}
LAYERS = {kind: 6 if kind == "bart" else 3 for kind in CONFIGS}

kinds = pytest.mark.parametrize("kind", list(CONFIGS))


def logits(model: nn.Module, given: dict[str, Tensor], embeddings=None, layers=None) -> Tensor:
    with activations.changed(model, given, embeddings, layers):
        return model(**given).logits


@kinds
def test_words_are_looked_up_once_in_each_stack(kind: str) -> None:
    model, calls = small(kind), []
    found = structure.word_embeddings(model)
    assert len(found) == STACKS[kind]
    for number, module in enumerate(found):
        module.register_forward_hook(lambda *_, number=number: calls.append(number))
    model(**inputs())
    assert calls == list(range(STACKS[kind]))
    table = model.get_input_embeddings().weight
    assert all(m.weight is table for m in found)


@kinds
@pytest.mark.parametrize("rows", [3, 7])
def test_what_changes_nothing_changes_nothing_and_is_called_once(kind: str, rows: int) -> None:
    model, given, seen, entered = small(kind).eval(), inputs(rows, 7), [], []

    def embeddings(e: Tensor) -> Tensor:
        seen.append(e)
        return e

    def layers(h: Tensor, number: int) -> Tensor:
        entered.append((number, tuple(h.shape)))
        return h

    plain = model(**given).logits
    assert torch.equal(logits(model, given, embeddings, layers), plain)
    assert len(seen) == 1 and seen[0].shape == (rows, 7, WIDTHS.get(kind, 16))
    assert entered == [(i, (rows, 7, 16)) for i in range(LAYERS[kind])]
    # Rows come first: each is what the table (scaled in some models) holds for its words.
    table = model.get_input_embeddings()
    torch.testing.assert_close(seen[0], table(given["input_ids"]), rtol=0, atol=0)
    assert torch.equal(model(**given).logits, plain) and len(seen) == 1 and len(entered) == LAYERS[kind]


@kinds
@pytest.mark.parametrize("where", ["embeddings", "layers"])
def test_a_change_of_one_row_reaches_this_row_alone(kind: str, where: str) -> None:
    model, given = small(kind).double().eval(), inputs(7, 7)  # as many rows as tokens

    def change(h: Tensor, number: int = 0) -> Tensor:
        h = h.clone()
        h[2] += torch.linspace(-1, 1, h.shape[-1])
        return h

    apart = (logits(model, given, **{where: change}) - model(**given).logits).abs().amax(1)
    assert apart[2] > 1e-6 and bool((apart[[0, 1, 3, 4, 5, 6]] < 1e-14).all())


def test_an_encoder_decoder_has_the_words_of_its_encoder_changed() -> None:
    model, given = small("bart").double().eval(), inputs()
    encoder = model.get_encoder()(**given).last_hidden_state
    seen = []
    model.get_encoder().register_forward_hook(lambda _m, _i, out: seen.append(out.last_hidden_state))
    changed = logits(model, given, embeddings=lambda e: e + torch.linspace(0, 1, 16))
    assert not torch.allclose(seen[0], encoder)
    assert (changed - model(**given).logits).abs().min() > 1e-6


def test_a_copy_of_a_model_is_changed_too() -> None:
    model = copy.deepcopy(small("bart")).double().eval()
    assert len(structure.word_embeddings(model)) == 2
    changed = logits(model, inputs(), embeddings=lambda e: e + torch.linspace(0, 1, 16))
    assert (changed - model(**inputs()).logits).abs().min() > 1e-6


class Bare(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x


class Unused(Bare):
    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(3, 2)

    def get_input_embeddings(self) -> nn.Module:
        return self.table


class Silent(Bare):
    def get_input_embeddings(self) -> nn.Module:
        raise NotImplementedError


@pytest.mark.parametrize("make", [Bare, Unused, Silent])
def test_a_model_that_looks_no_words_up_is_refused_in_one_line(make: type[nn.Module]) -> None:
    x, model = torch.ones(2, 3), make()
    with pytest.raises(ModelError, match="no word embeddings are looked up"):
        with activations.changed(model, x, lambda e: e, None):
            model(x)
    with pytest.raises(ModelError, match="no transformer layers are called"):
        with activations.changed(model, x, None, lambda h, n: h):
            model(x)


def test_an_error_of_the_model_is_kept_and_the_functions_are_gone() -> None:
    model = small("bert").eval()
    plain = model(**inputs()).logits
    with pytest.raises(ZeroDivisionError):
        with activations.changed(model, inputs(), lambda e: e / 0 if 1 // 0 else e, None):
            model(**inputs())
    assert torch.equal(model(**inputs()).logits, plain)


class Keyword(nn.Module):
    """Calls its layers with keyword arguments only."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Inner() for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(mask=None, hidden_states=x)
        return x


class Inner(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.eye(2))

    def forward(self, mask: Tensor | None, hidden_states: Tensor) -> Tensor:
        return hidden_states @ self.weight


def test_hidden_states_may_come_as_keyword_arguments() -> None:
    model, x = Keyword(), torch.ones(1, 3, 2)
    with activations.changed(model, x, None, lambda h, number: h + number + 1):
        assert torch.equal(model(x), x + 3)
