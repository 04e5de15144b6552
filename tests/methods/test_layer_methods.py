"""Methods that treat layers differently: top-K, re-initialisation, and decay of the learning rate."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ftbench.domain.model import ModelSpec
from ftbench.errors import BadValue, ModelError
from ftbench.methods.llrd import LLRD, layer_scales
from ftbench.methods.reinit import Reinit
from ftbench.methods.top_k import TopK
from ftbench.nn import structure
from ftbench.nn.dropout import set_dropout
from ftbench.testing import trajectory
from ftbench.training import checkpoint, trainer
from tests.methods.mininet import DropNet, MiniNet, examples, run_of, seeded
from tests.nn.transformers_small import CONFIGS, head_of, inputs, small

HEAD = ("classifier",)
LAYERED = [kind for kind in CONFIGS if kind != "albert"]
TASK: Any = None


def of(cls: Any, **given: Any) -> Any:
    return cls(cls.resolve(given))


def spec(layers: int, family: str = "bert") -> ModelSpec:
    return ModelSpec(name="some", hub_id="", family=family, parameters=1, layers=layers)


def start_of(model: nn.Module) -> dict[str, Tensor]:
    return {n: p.detach().clone() for n, p in model.named_parameters()}


def after(method: Any, model: nn.Module, head: Any, **more: Any) -> dict[str, Tensor]:
    settings: dict[str, Any] = {"weight_decay": 0.1, "head": head, **more}
    return trajectory(method, model, [(inputs(), [0, 1, 0])] * 2, 1e-3, **settings)[-1]


def changed(method: Any, model: nn.Module, head: Any) -> set[str]:
    start = start_of(model)
    return {n for n, p in after(method, model, head).items() if not torch.equal(p, start[n])}


# -- top-K ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("k", [0, 1, 2])
@pytest.mark.parametrize("kind", LAYERED)
def test_top_k_trains_the_highest_layers_and_what_is_above(kind: str, k: int) -> None:
    model = small(kind)
    head = head_of(kind, model)
    parts = structure.parts(model, head)
    trained = parts.above.union(head, *parts.layers[len(parts.layers) - k :])
    found = changed(of(TopK, k=k), model, head)
    assert found <= trained and head <= found
    assert {n for n, p in model.named_parameters() if p.requires_grad} == trained
    for layer in parts.layers[len(parts.layers) - k :]:
        assert layer & found


def test_top_k_gives_the_clip_the_trained_gradients_alone() -> None:
    model = seeded(MiniNet)
    start = start_of(model)
    method = of(TopK, k=1)
    (end,) = trajectory(method, model, examples(1), 1.0, clip=0.01, optimizer="sgd", head=HEAD)
    taken = torch.stack([(start[n] - end[n]).norm() for n in start]).norm()
    assert float(taken) == pytest.approx(0.01, rel=1e-3)


def test_top_k_counts_down_from_the_decoder() -> None:
    model = small("bart")
    found = changed(of(TopK, k=4), model, head_of("bart", model))
    layers = {n.split(".layers.")[0][-7:] + n.split(".layers.")[1][0] for n in found if ".layers." in n}
    assert layers == {"decoder0", "decoder1", "decoder2", "encoder2"}


# -- re-initialisation ----------------------------------------------------------------------------------


def reinitialised(model: nn.Module, count: int, head: Any, seed: int = 0) -> dict[str, Tensor]:
    run_method = of(Reinit, layers=count)
    batches = [(inputs(), [0, 1, 0])]
    return trajectory(run_method, model, batches, 0.0, head=head, seed=seed)[-1]


@pytest.mark.parametrize("count", [0, 1, 3])
@pytest.mark.parametrize("kind", LAYERED)
def test_reinit_draws_pooler_and_top_layers_and_leaves_the_rest(kind: str, count: int) -> None:
    model = small(kind)
    head = head_of(kind, model)
    with torch.no_grad():
        for p in model.parameters():
            p.add_(0.5)  # as no initialisation leaves it
    start, parts = start_of(model), structure.parts(model, head)
    end = reinitialised(model, count, head)
    drawn = parts.above.union(*parts.layers[len(parts.layers) - count :])
    assert {n for n in end if not torch.equal(end[n], start[n])} == drawn
    for name in drawn:
        owner, _, own = name.rpartition(".")
        value = end[name]
        if "Norm" in type(model.get_submodule(owner)).__name__ and own == "weight":
            # Gemma's scale by 1 + weight.
            assert (value == (0 if kind.startswith("gemma") else 1)).all(), name
        elif value.ndim < 2:
            assert (value == 0).all(), name
        else:
            assert float(value.abs().max()) < 0.11 and (value.numel() < 100 or 0.015 < value.std() < 0.025)


def test_reinit_draws_by_the_models_own_deviation_and_by_seed() -> None:
    name = "bert.encoder.layer.2.intermediate.dense.weight"
    wide = reinitialised(small("bert", initializer_range=0.5), 1, ["classifier"])[name]
    assert 0.4 < float(wide.std()) < 0.6
    first, again, other = (
        reinitialised(small("bert"), 1, ["classifier"], seed=seed)[name] for seed in (0, 0, 1)
    )
    assert torch.equal(first, again) and not torch.equal(first, other)
    deeper = reinitialised(small("bert"), 3, ["classifier"])[name]
    assert torch.equal(first, deeper)  # a tensor's draw depends on its name alone


def test_reinit_draws_xlnets_raw_matrices() -> None:
    model = small("xlnet")
    start = start_of(model)
    end = reinitialised(model, 1, head_of("xlnet", model))
    raw = [f"transformer.layer.2.rel_attn.{own}" for own in ("q", "k", "v", "o", "r", "r_w_bias")]
    assert all(not torch.equal(start[n], end[n]) for n in raw)


# -- the learning rate's decay --------------------------------------------------------------------------


def test_scales_by_hand() -> None:
    found = layer_scales([["a", "b"], ["c"]], ["e"], 0.5)
    assert found == {"e": 0.125, "a": 0.25, "b": 0.25, "c": 0.5}


@pytest.mark.parametrize("kind", CONFIGS)
def test_llrd_scales_every_step_by_depth(kind: str) -> None:
    model = small(kind)
    head = head_of(kind, model)
    method, plain = of(LLRD, decay=0.5), small(kind)
    parts = structure.parts(model, head)
    settings: dict[str, Any] = {"optimizer": "sgd", "clip": 0.0, "head": head, "weight_decay": 0.0}
    batches = [(inputs(), [0, 1, 0])]
    start = start_of(model.double())
    ends = []
    for m, net in ((method, model), ("vanilla", plain.double())):
        set_dropout(net, 0.0)
        ends.append(trajectory(m, net, batches, 0.1, **settings)[-1])
    count = len(parts.layers)
    scales = dict.fromkeys(parts.head | parts.above, 1.0) | dict.fromkeys(parts.below, 0.5 ** (count + 1))
    for place, layer in enumerate(parts.layers):
        scales |= dict.fromkeys(layer, 0.5 ** (count - place))
    for name in start:
        wanted = (ends[1][name] - start[name]) * scales[name]
        torch.testing.assert_close(ends[0][name] - start[name], wanted, rtol=1e-7, atol=1e-14)


@pytest.mark.parametrize("optimizer", ["adamw_torch", "adamw_hf", "sgd", {"main": "adamw_hf"}])
def test_llrd_without_decay_is_vanilla_bit_for_bit(optimizer: Any) -> None:
    ends = [
        trajectory(
            m, seeded(DropNet), examples(4), 1e-2, optimizer=optimizer, weight_decay=0.1, head=HEAD, clip=0.1
        )[-1]
        for m in ("vanilla", "llrd[decay=1]")
    ]
    assert all(torch.equal(ends[0][n], ends[1][n]) for n in ends[0])


@pytest.mark.parametrize("optimizer", ["adamw_torch", {"main": "adamw_hf"}])
def test_llrd_follows_the_schedule_at_every_depth(optimizer: Any) -> None:
    start = start_of(seeded(MiniNet))
    zero, first = trajectory(
        of(LLRD, decay=0.5), seeded(MiniNet), examples(2), [0.0, 1e-3], optimizer=optimizer, head=HEAD
    )
    assert all(torch.equal(start[n], zero[n]) for n in start)
    sizes = {
        n: float((first[n] - zero[n]).abs().max())
        for n in ("classifier.weight", "bert.encoder.layer.1.dense.weight", "bert.embeddings.proj.weight")
    }
    top = sizes["classifier.weight"]
    assert 0.5 * top < sizes["bert.encoder.layer.1.dense.weight"] * 2 < 1.5 * top
    assert 0.5 * top < sizes["bert.embeddings.proj.weight"] * 8 < 1.5 * top


# -- all of them ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("cls", "key"), [(TopK, "k"), (Reinit, "layers")])
def test_more_layers_than_there_are_are_refused(cls: Any, key: str) -> None:
    assert of(cls, **{key: 3}).unsupported(spec(3), TASK) is None
    assert of(cls, **{key: 30}).unsupported(spec(0), TASK) is None  # not known before it is read
    reason = of(cls, **{key: 4}).unsupported(spec(3), TASK)
    assert reason == f"{cls.name()}[{key}=4]: some has 3 layers"
    with pytest.raises(ModelError, match=rf"{cls.name()}\[{key}=3\]: the model has 2 layers"):
        trajectory(of(cls, **{key: 3}), seeded(MiniNet), examples(1), 0.1)


@pytest.mark.parametrize(("cls", "key"), [(TopK, "k"), (Reinit, "layers")])
def test_shared_layers_are_all_or_none(cls: Any, key: str) -> None:
    assert "share their weights" in of(cls, **{key: 1}).unsupported(spec(12, "albert"), TASK)
    assert of(cls, **{key: 0}).unsupported(spec(12, "albert"), TASK) is None
    with pytest.raises(ModelError, match="has 1 layers"):
        after(of(cls, **{key: 2}), small("albert"), HEAD)


def test_llrd_needs_layers() -> None:
    with pytest.raises(ModelError, match="no transformer layers"):
        trajectory("llrd", nn.Sequential(nn.Linear(5, 3)).double(), examples(1), 0.1)


@pytest.mark.parametrize(
    ("cls", "given"), [(TopK, {"k": -1}), (TopK, {"k": 1.5}), (Reinit, {"layers": -1}), (LLRD, {"decay": 0})]
)
def test_what_is_out_of_range_is_refused(cls: Any, given: dict[str, Any]) -> None:
    with pytest.raises(BadValue):
        cls.resolve(given)


@pytest.mark.parametrize("regression", [False, True])
@pytest.mark.parametrize(("cls", "given"), [(TopK, {"k": 1}), (Reinit, {"layers": 1}), (LLRD, {})])
def test_resumed_equals_undisturbed(cls: Any, given: Any, regression: bool, tmp_path: Any) -> None:
    classes = 1 if regression else 3

    def begin() -> tuple[Any, Any]:
        method = of(cls, **given)
        net = seeded(lambda: DropNet(0.2, classes=classes))
        settings: dict[str, Any] = {"optimizer": "adamw_torch", "lr": 1e-2, "weight_decay": 0.1}
        return method, run_of(method, net, examples(4, classes=classes), regression=regression, **settings)

    method, run = begin()
    for step in range(2):
        trainer.train_step(run, method, step)
    torch.save(checkpoint.snapshot(run, method), tmp_path / "state.pt")
    again, second = begin()
    checkpoint.restore(second, again, torch.load(tmp_path / "state.pt", weights_only=True))
    for step in range(2, 4):
        trainer.train_step(run, method, step)
        trainer.train_step(second, again, step)
    ends = [dict(r.model.named_parameters()) for r in (run, second)]
    assert all(torch.equal(ends[0][n], ends[1][n]) for n in ends[0])
