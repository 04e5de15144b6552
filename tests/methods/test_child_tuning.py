"""Child-Tuning: the Fisher pass, the child network, what is frozen, and the recordings."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ftbench.errors import BadValue, ModelError, UnknownName
from ftbench.methods.child_tuning_d import ChildTuningD, add_fisher, child_masks
from ftbench.methods.child_tuning_f import ChildTuningF, masked_gradient
from ftbench.nn import structure
from ftbench.nn.dropout import set_dropout
from ftbench.nn.per_example import ExampleGradients
from ftbench.run.feed import Feed
from ftbench.run.run import Run
from ftbench.testing import trajectory
from ftbench.training import checkpoint, trainer
from tests.methods.golden import assert_replays
from tests.methods.mininet import DropNet, MiniNet, examples, load, run_of, seeded
from tests.methods.wordnet import Given, padded
from tests.nn.transformers_small import CONFIGS, inputs, small

FLAVOURS = ["adamw_torch", "adamw_hf", "sgd"]


def ctd(**given: Any) -> ChildTuningD:
    return ChildTuningD(ChildTuningD.resolve(given))


def ctf(**given: Any) -> ChildTuningF:
    return ChildTuningF(ChildTuningF.resolve(given))


# -- the recordings -------------------------------------------------------------------------------------


def replay(recording: Any, method: Any, **more: Any) -> list[dict[str, Tensor]]:
    return trajectory(
        method,
        recording.model,
        list(zip(recording.arrays["X"], recording.arrays["Y"], strict=True)),
        list(recording.arrays["lr"]),
        clip=recording.meta["clip_max_norm"],
        optimizer="adamw_hf",
        weight_decay=recording.meta["weight_decay"],
        **more,
    )


def fisher_epoch(recording: Any) -> list[tuple[Any, Any]]:
    a = recording.arrays
    rows = [batch[batch >= 0] for batch in a["fisher_batches"]]
    return [(a["XF"][r], a["YF"][r]) for r in rows]


@pytest.mark.parametrize("parameters", ["encoder_layers", "name_rule"])
def test_child_tuning_d_follows_the_released_code(golden: Any, parameters: str) -> None:
    recording = load(golden / "childtuning_d.npz")
    method = ctd(variant="published", fisher_clip=0.2, parameters=parameters)
    assert_replays(replay(recording, method, epochs=[fisher_epoch(recording)]), recording)
    masks = method.state_dict()["masks"]
    wanted = {k.removeprefix("mask/"): v for k, v in recording.arrays.items() if k.startswith("mask/")}
    assert masks.keys() == wanted.keys()
    assert all(np.array_equal(masks[n].numpy(), wanted[n].astype(bool)) for n in masks)


def test_child_tuning_f_follows_the_released_code(golden: Any) -> None:
    recording = load(golden / "childtuning_f.npz")
    noise = {
        k.removeprefix("bernoulli/"): v for k, v in recording.arrays.items() if k.startswith("bernoulli/")
    }
    steps = replay(recording, "child_tuning_f[keep_ratio=0.3,variant=published]", noise=noise)
    assert_replays(steps, recording)


# -- the formulas ---------------------------------------------------------------------------------------


def test_a_gradient_adds_its_square_clipped_alone() -> None:
    g = torch.tensor([3.0, -4.0], dtype=torch.float64)
    for clip, term in ((None, [9.0, 16.0]), (10.0, [9.0, 16.0]), (1.0, [0.36, 0.64])):
        fisher = torch.tensor([1.0, 2.0])
        add_fisher(fisher, g.clone(), clip)
        assert fisher.tolist() == pytest.approx([1 + term[0], 2 + term[1]], rel=1e-6)


def test_masks_by_hand() -> None:
    fisher = [torch.tensor([[5.0, 1.0], [4.0, 2.0]]), torch.tensor([3.0])]
    for threshold in ("count", "percentile"):  # the 60th percentile is 3.4: 4 and 5 are above it
        assert [m.tolist() for m in child_masks(fisher, 0.4, threshold)] == [
            [[True, False], [True, False]],
            [False],
        ]
    # ceil(0.45*5) = 3; the 55th percentile of 1..5 is 3.2
    assert sum(int(m.sum()) for m in child_masks(fisher, 0.45)) == 3
    assert sum(int(m.sum()) for m in child_masks(fisher, 0.45, "percentile")) == 2


def test_what_lies_at_the_percentile_is_kept() -> None:
    (mask,) = child_masks([torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0])], 0.5, "percentile")
    assert mask.tolist() == [False, False, True, True, True]


def test_percentile_masks_are_those_of_numpy() -> None:
    fisher = [torch.rand(s, generator=torch.Generator().manual_seed(i)) for i, s in enumerate((37, 64, 5))]
    for ratio in (0.1, 0.3, 0.77):
        least = np.percentile(torch.cat(fisher).double().numpy(), (1 - ratio) * 100)
        found = child_masks(fisher, ratio, "percentile")
        assert all(torch.equal(m, f >= least) for m, f in zip(found, fisher, strict=True))


def test_masked_gradient_by_hand() -> None:
    found = masked_gradient(torch.tensor([1.0, -2.0]), torch.tensor([0.0, 1.0]), 0.25)
    assert found.tolist() == [0.0, -8.0]


# -- Child-Tuning_D -------------------------------------------------------------------------------------


def fisher_by_hand(model: nn.Module, batches: list[Any], per: str, clip: float | None) -> dict[str, Tensor]:
    total: dict[str, Tensor] = {}
    for x, y in batches:
        rows = [slice(i, i + 1) for i in range(len(y))] if per == "example" else [slice(None)]
        for r in rows:
            loss = nn.functional.cross_entropy(model(torch.as_tensor(x[r])), torch.as_tensor(y[r]))
            for (name, _), g in zip(
                model.named_parameters(),
                torch.autograd.grad(loss, list(model.parameters())),
                strict=True,
            ):
                if clip is not None and g.norm() > clip:
                    g = g * clip / (g.norm() + 1e-6)
                total[name] = total.get(name, 0) + g**2
    return total


@pytest.mark.parametrize("accumulation", [1, 2])
@pytest.mark.parametrize(("per", "clip"), [("example", None), ("batch", None), ("batch", 0.1)])
def test_the_masks_are_the_largest_of_the_fisher_pass(
    per: str, clip: float | None, accumulation: int
) -> None:
    batches = examples(4)
    method = ctd(fisher=per, fisher_clip=clip)
    model = seeded(MiniNet)
    run = run_of(method, model, batches, batch_size=4, accumulation=accumulation)
    method.on_train_start(run)
    masks = method.state_dict()["masks"]
    assert masks.keys() == structure.layer_parameter_names(model)
    fisher = fisher_by_hand(model, batches, per, clip)
    least = sorted(torch.cat([fisher[n].reshape(-1) for n in masks]).tolist(), reverse=True)[33 - 1]
    assert sum(int(m.sum()) for m in masks.values()) == 33  # ceil(0.3 * 108)
    assert all(torch.equal(masks[n], fisher[n] >= least * (1 - 1e-9)) for n in masks)
    assert all(m.dtype == torch.bool for m in masks.values())
    assert all(p.grad is None for p in model.parameters())


@pytest.mark.parametrize(("kind", "passes"), [("bert", 0), ("albert", 4)])
@pytest.mark.parametrize("clip", [None, 1e-3])
def test_one_pass_over_many_examples_sums_what_a_pass_for_each_does(
    kind: str, passes: int, clip: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = padded(kind)
    found, made = [], []
    backward = Run.backward
    monkeypatch.setattr(Run, "backward", lambda *a: made.append(len(a[-1])) or backward(*a))
    for together in (True, False):
        if not together:
            monkeypatch.setattr(ExampleGradients, "of", lambda *_: None)
        model = small(kind, pad_token_id=1).double()
        set_dropout(model, 0.0)
        method = ctd(fisher_clip=clip)
        run = run_of(method, model, [], steps=1, batch_size=4)
        run.feed = Feed({"train": Given(batch)})
        found.append(method._fisher(run))
    assert made == [1] * (passes + 4)
    assert found[0].keys() == structure.layer_parameter_names(model)
    for name, expected in found[1].items():
        torch.testing.assert_close(found[0][name], expected, rtol=1e-9, atol=1e-18)


def test_every_example_of_a_pass_has_a_dropout_mask_of_its_own() -> None:
    (x, y), rows = examples(1, rows=1)[0], 3000
    method = ctd()
    model = seeded(lambda: DropNet(0.5))
    run = run_of(method, model, [(np.repeat(x, rows, 0), np.repeat(y, rows))], batch_size=rows)
    found = method._fisher(run)
    masks = torch.cartesian_prod(*[torch.tensor([0.0, 2.0], dtype=torch.float64)] * 6)  # all there are
    parameters = {n: run.parameters[n] for n in found}
    expected = {n: torch.zeros_like(f) for n, f in found.items()}
    for mask in masks:
        logits = model.classifier(model.pooled(torch.as_tensor(x)) * mask)
        loss = nn.functional.cross_entropy(logits, torch.as_tensor(y))
        for name, g in zip(parameters, torch.autograd.grad(loss, list(parameters.values())), strict=True):
            expected[name] += g.square() / len(masks)
    for name, f in found.items():
        assert float((f / rows).sum()) == pytest.approx(float(expected[name].sum()), rel=0.08), name


def moved(method: Any, flavour: str, decay: Any = 0.1) -> tuple[Any, dict[str, Tensor], dict[str, Tensor]]:
    model = seeded(MiniNet)
    start = {n: p.detach().clone() for n, p in model.named_parameters()}
    steps = trajectory(method, model, examples(5), 1e-2, optimizer=flavour, weight_decay=decay)
    return method, start, steps[-1]


@pytest.mark.parametrize("decay", [0.1, {"main": 0.1}])
@pytest.mark.parametrize("flavour", FLAVOURS)
def test_masked_entries_stay_at_their_pretrained_values_exactly(flavour: str, decay: Any) -> None:
    method, start, end = moved(ctd(), flavour, decay)
    masks = method.state_dict()["masks"]
    for name in start:
        same = start[name] == end[name]
        if name in masks:
            assert torch.equal(same, ~masks[name]), name
        else:
            assert not same.any(), name


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_by_the_released_code_masked_entries_decay(flavour: str) -> None:
    method, start, end = moved(ctd(frozen_decay=True), flavour)
    undecayed = structure.undecayed_names(seeded(MiniNet))
    for name, mask in method.state_dict()["masks"].items():
        shrunk = start[name] * (1 if name in undecayed else (1 - 1e-2 * 0.1) ** 5)
        torch.testing.assert_close(end[name][~mask], shrunk[~mask], rtol=1e-12, atol=0)


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_kept_entries_move_as_they_do_where_masked_ones_decay(flavour: str) -> None:
    model = {}
    for frozen_decay in (True, False):
        net = seeded(MiniNet)
        (model[frozen_decay],) = trajectory(
            method := ctd(frozen_decay=frozen_decay),
            net,
            examples(1),
            1e-2,
            optimizer=flavour,
            weight_decay=0.1,
        )
    masks = method.state_dict()["masks"]
    for name, found in model[False].items():
        kept = masks.get(name, torch.ones_like(found, dtype=torch.bool))
        torch.testing.assert_close(found[kept], model[True][name][kept], rtol=1e-13, atol=1e-15)


def test_the_clip_sees_the_whole_gradient() -> None:
    limit = 0.01
    taken = {}
    for clip in (0.0, limit):
        model = seeded(MiniNet)
        start = {n: p.detach().clone() for n, p in model.named_parameters()}
        (after,) = trajectory(ctd(), model, examples(1), 1.0, clip=clip, optimizer="sgd")
        taken[clip] = {n: start[n] - after[n] for n in start}
    whole = seeded(MiniNet)
    x, y = examples(1)[0]
    loss = nn.functional.cross_entropy(whole(torch.as_tensor(x)), torch.as_tensor(y))
    norm = torch.stack([g.norm() for g in torch.autograd.grad(loss, list(whole.parameters()))]).norm()
    for name, found in taken[limit].items():
        torch.testing.assert_close(found, taken[0.0][name] * limit / (norm + 1e-6), rtol=1e-9, atol=1e-15)


def test_the_name_rule_takes_in_barts_embedding_norms() -> None:
    model = small("bart")
    masks = {}
    for rule in ("encoder_layers", "name_rule"):
        method = ctd(parameters=rule, fisher="batch")
        trajectory(method, model, [(inputs(), [0, 1, 0])], 1e-3)
        masks[rule] = set(method.state_dict()["masks"])
    assert masks["encoder_layers"] == structure.layer_parameter_names(model)
    extra = masks["name_rule"] - masks["encoder_layers"]
    assert extra == {n for n, _ in model.named_parameters() if "layernorm_embedding" in n} and len(extra) == 4


def test_a_model_without_layers_is_refused() -> None:
    with pytest.raises(ModelError, match="no transformer layers"):
        trajectory(ctd(), nn.Sequential(nn.Linear(5, 3)).double(), examples(1), 0.1)


@pytest.mark.parametrize("name", ["child_tuning_d", "child_tuning_f"])
def test_the_warm_up_is_lost_on_demand(name: str) -> None:
    for lost, first in ((False, 0.0), (True, 1.0)):
        method = {"child_tuning_d": ctd, "child_tuning_f": ctf}[name](no_warmup=lost)
        run = run_of(method, seeded(MiniNet), examples(2), warmup_steps=2, schedule="linear")
        assert run.optimizers["main"].schedule(0) == first


@pytest.mark.parametrize("name", ["child_tuning_d", "child_tuning_f"])
@pytest.mark.parametrize("optimizer", FLAVOURS)
def test_keeping_everything_is_vanilla_bit_for_bit(name: str, optimizer: str) -> None:
    found = [
        trajectory(
            m,
            seeded(lambda: DropNet(0.3)).float(),
            [(x.astype(np.float32), y) for x, y in examples(4)],
            1e-2,
            clip=0.1,
            optimizer=optimizer,
            weight_decay=0.1,
        )
        for m in ("vanilla", f"{name}[keep_ratio=1]")
    ]
    for vanilla, mine in zip(*found, strict=True):
        assert all(torch.equal(vanilla[n], mine[n]) for n in vanilla)


@pytest.mark.parametrize("kind", CONFIGS)
def test_both_train_every_architecture(kind: str) -> None:
    for method in (ctd(), ctf()):
        model = small(kind)
        start = {n: p.detach().clone() for n, p in model.named_parameters()}
        steps = trajectory(method, model, [(inputs(), [0, 1, 0])] * 2, 1e-3, weight_decay=0.01)
        assert all(bool(torch.isfinite(p).all()) for p in steps[-1].values())
        moved_ = sum(int((steps[-1][n] != start[n]).sum()) for n in start)
        assert 0 < moved_ < sum(p.numel() for p in start.values())


@pytest.mark.parametrize("parts", [2, 4])
def test_micro_batches_give_the_same_update(parts: int) -> None:
    for make in (ctd, ctf):
        found = []
        for accumulation in (1, parts):
            model, method = seeded(MiniNet), make()
            run = run_of(method, model, examples(1, rows=7), batch_size=7, accumulation=accumulation)
            method.on_train_start(run)
            trainer.train_step(run, method, 0)
            found.append({n: p.detach() for n, p in model.named_parameters()})
        for name in found[0]:
            torch.testing.assert_close(found[0][name], found[1][name], rtol=0, atol=1e-13)


@pytest.mark.parametrize("regression", [False, True])
@pytest.mark.parametrize("make", [ctd, ctf])
def test_resumed_equals_undisturbed(make: Any, regression: bool, tmp_path: Any) -> None:
    batches = examples(6, classes=1 if regression else 3)

    def begin(net: Any) -> tuple[Any, Any]:
        method = make()
        settings = {"optimizer": "adamw_torch", "lr": 1e-2, "weight_decay": 0.1, "clip": 1.0}
        return method, run_of(method, net, batches, regression=regression, **settings)

    net = seeded(lambda: DropNet(0.2, classes=1 if regression else 3))
    method, run = begin(net)
    method.on_train_start(run)
    for step in range(3):
        trainer.train_step(run, method, step)
    torch.save(checkpoint.snapshot(run, method), tmp_path / "state.pt")
    again, second = begin(seeded(lambda: DropNet(0.2, classes=1 if regression else 3)))
    checkpoint.restore(second, again, torch.load(tmp_path / "state.pt", weights_only=True))
    for step in range(3, 6):
        trainer.train_step(run, method, step)
        trainer.train_step(second, again, step)
    ends = [dict(r.model.named_parameters()) for r in (run, second)]
    assert all(torch.equal(ends[0][n], ends[1][n]) for n in ends[0])


def test_what_is_out_of_range_is_refused() -> None:
    for given in ({"keep_ratio": 0}, {"keep_ratio": 1.1}, {"fisher_clip": 0}, {"threshold": "no"}):
        ((name, value),) = given.items()
        with pytest.raises(UnknownName if name == "threshold" else BadValue) as caught:
            ChildTuningD.resolve(given)
        assert name in str(caught.value) and str(value) in str(caught.value)
    assert dataclasses.asdict(ChildTuningD.resolve({"variant": "published"})) == {
        "keep_ratio": 0.3,
        "parameters": "name_rule",
        "fisher": "batch",
        "fisher_clip": 1.0,
        "threshold": "percentile",
        "frozen_decay": True,
        "no_warmup": True,
    }
