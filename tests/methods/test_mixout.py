"""Mixout: the authors' recording, its exact form, its noise, and where it is plain fine-tuning."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from ftbench.errors import BadValue, UnknownName
from ftbench.methods.mixout import Mixout
from ftbench.nn import mixed
from ftbench.nn.dropout import has_dropout
from ftbench.testing import trajectory
from ftbench.training import checkpoint, trainer
from tests.methods.mininet import DropNet, MiniNet, examples, load, run_of, seeded
from tests.methods.mixing import assert_same, linears, mixout_steps, recorded
from tests.methods.test_golden import assert_replays
from tests.nn.transformers_small import CONFIGS, inputs, small


def method(**given_: Any) -> Mixout:
    return Mixout(Mixout.resolve(given_))


def replay(golden: Any, given_: dict[str, Any]) -> tuple[Any, Any]:
    recording = load(golden / "mixout_sgd.npz")
    arrays = recording.arrays
    steps = trajectory(
        method(p=recording.meta["p"], **given_),
        recording.model,
        list(zip(arrays["X"], arrays["Y"], strict=True)),
        list(arrays["lr"]),
        clip=recording.meta["clip_max_norm"],
        optimizer="sgd",
        noise={k.removeprefix("noise/"): v for k, v in arrays.items() if k.startswith("noise/")},
    )
    return steps, recording


def test_published_follows_the_authors_code(golden) -> None:
    steps, recording = replay(golden, {"variant": "published"})
    assert_replays(steps, recording)
    logits = recording.model.eval()(torch.as_tensor(recording.arrays["X"][0]))
    np.testing.assert_allclose(logits.detach(), recording.arrays["eval_logits_X0"], atol=1e-9)


def test_paper_has_the_factor_that_the_authors_code_lacks(golden) -> None:
    steps, recording = replay(golden, {})
    name, p, rate = "bert.pooler.dense.weight", recording.meta["p"], recording.arrays["lr"]
    first = int(np.nonzero(rate)[0][0])
    start = recording.traj[name][first]
    mine, theirs = steps[first][name].numpy() - start, recording.traj[name][first + 1] - start
    ratio = mine[theirs != 0] / theirs[theirs != 0]
    assert np.ptp(ratio) < 1e-9  # one factor for all; less than the whole where the step is clipped
    assert 1.0 < ratio[0] < 1 / (1 - p) + 1e-9


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("flavour", ["sgd", "adamw_hf", "adamw_torch"])
@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_follows_the_formula(exact: bool, flavour: str, p: float) -> None:
    batches, model = examples(6), seeded(MiniNet)
    noise = recorded(model, 6, p)
    wanted = mixout_steps(
        model, batches, noise, p=p, exact=exact, lr=1e-2, flavour=flavour, decay=0.1, clip=0.5
    )
    found = trajectory(
        method(p=p, exact_gradient=exact),
        seeded(MiniNet),
        batches,
        1e-2,
        clip=0.5,
        optimizer=flavour,
        weight_decay=0.1,
        noise=noise,
    )
    assert_same(found, wanted, 1e-12)


def test_p_1_computes_with_the_start_and_moves_no_matrix() -> None:
    start = dict(seeded(MiniNet).named_parameters())
    (*_, last) = trajectory(method(p=1.0), seeded(MiniNet), examples(3), 0.1, optimizer="sgd")
    for name in last:
        matrix = name.endswith("weight") and "LayerNorm" not in name
        assert torch.equal(last[name], start[name]) == matrix, name


@pytest.mark.parametrize("optimizer", ["adamw_torch", "adamw_hf", "sgd"])
def test_p_0_with_the_recipes_dropout_is_vanilla_bit_for_bit(optimizer: str) -> None:
    found = [
        trajectory(
            m,
            seeded(lambda: DropNet(0.3)).float(),
            [(x.astype(np.float32), y) for x, y in examples(5)],
            1e-2,
            clip=0.1,
            optimizer=optimizer,
            weight_decay=0.1,
        )
        for m in ("vanilla", method(**Mixout.neutral))
    ]
    for vanilla, mixout in zip(*found, strict=True):
        assert all(torch.equal(vanilla[n], mixout[n]) for n in vanilla)


def test_dropout_is_0_by_default_another_one_or_the_recipes() -> None:
    for given_, rate in (({}, 0.0), ({"dropout": 0.2}, 0.2), ({"dropout": None}, 0.3)):
        model = DropNet(0.3).double()
        run_of(method(**given_), model, examples(1))
        assert model.dropout.p == rate
    bart = small("bart", dropout=0.1, attention_dropout=0.1, classifier_dropout=0.1)
    assert has_dropout(bart)
    run_of(method(), bart, examples(1))
    assert not has_dropout(bart)


def kept(run: Any, step: int) -> dict[str, list[torch.Tensor]]:
    """The keep vectors that a training pass draws, by module."""
    seen: dict[str, list[torch.Tensor]] = {}
    draw = run.noise.bernoulli

    def watched(name: str, *args: Any, **more: Any) -> torch.Tensor:
        seen.setdefault(name, []).append(draw(name, *args, **more))
        return seen[name][-1]

    run.noise.bernoulli = watched
    run.begin(step)
    run.model(**inputs())
    run.noise.bernoulli = draw
    return seen


def test_columns_are_kept_with_probability_1_minus_p_and_drawn_at_every_step() -> None:
    model = small("bert")
    run = run_of(method(p=0.8), model, examples(1))
    drawn = [kept(run, step) for step in range(30)]
    assert set(drawn[0]) == set(linears(model)) and all(len(v) == 1 for v in drawn[0].values())
    for name, layer in linears(model).items():
        assert drawn[0][name][0].shape == (layer.in_features,)
    values = torch.cat([v[0] for step in drawn for v in step.values()])
    assert set(values.tolist()) == {0.0, 1.0} and values.mean().item() == pytest.approx(0.2, abs=0.01)
    names = list(drawn[0])
    assert not torch.equal(drawn[0][names[0]][0], drawn[1][names[0]][0])
    assert not torch.equal(drawn[0][names[0]][0], drawn[0][names[1]][0])  # both of 16 columns
    again = kept(run, 0)
    assert all(torch.equal(again[n][0], drawn[0][n][0]) for n in names)


def test_a_shared_layer_draws_at_every_call() -> None:
    run = run_of(method(p=0.5), small("albert"), examples(1))
    drawn = kept(run, 0)
    inside = [v for n, v in drawn.items() if "albert_layers" in n]
    assert inside and all(len(v) == 3 for v in inside)
    assert not torch.equal(inside[0][0], inside[0][1])


def test_recorded_noise_is_found_by_name_and_step() -> None:
    """Where everything is kept at odd steps, and nothing at even ones, matrices move at odd steps alone."""
    noise = {n: [np.full(m.in_features, t % 2) for t in range(4)] for n, m in linears(MiniNet()).items()}
    before = {n: p.detach().clone() for n, p in seeded(MiniNet).named_parameters()}
    found = trajectory(method(p=0.5), seeded(MiniNet), examples(4), 0.1, optimizer="sgd", noise=noise)
    name = "bert.pooler.dense.weight"
    moved = [not torch.equal(a[name], b[name]) for a, b in zip([before, *found], found, strict=False)]
    assert moved == [False, True, False, True]


@pytest.mark.parametrize("parts", [2, 4])
def test_accumulation_changes_the_step_to_rounding_only(parts: int) -> None:
    found = []
    for accumulation in (1, parts):
        model, m = seeded(MiniNet), method(p=0.5)
        run = run_of(m, model, examples(1, rows=7), batch_size=7, accumulation=accumulation)
        trainer.train_step(run, m, 0)
        found.append({n: p.detach() for n, p in model.named_parameters()})
    for name in found[0]:
        torch.testing.assert_close(found[0][name], found[1][name], rtol=0, atol=1e-13)


def test_weights_loaded_before_the_first_step_are_the_target() -> None:
    other = {n: p.detach().clone() for n, p in seeded(MiniNet, 7).named_parameters()}
    found = [
        trajectory(method(), seeded(MiniNet), examples(3), 0.1, init=other),
        trajectory(method(), seeded(MiniNet, 7), examples(3), 0.1),
    ]
    assert_same(*found, 0.0)


def test_resumed_is_undisturbed_bit_for_bit() -> None:
    def run_to(run: Any, m: Mixout, first: int, last: int) -> None:
        for step in range(first, last):
            trainer.train_step(run, m, step)

    batches, recipe = examples(6), {"optimizer": "adamw_torch", "lr": 1e-2}
    m = method()
    undisturbed = run_of(m, seeded(MiniNet), batches, **recipe)
    run_to(undisturbed, m, 0, 3)
    state = copy.deepcopy(checkpoint.snapshot(undisturbed, m))
    run_to(undisturbed, m, 3, 6)
    again = method()
    resumed = run_of(again, seeded(MiniNet), batches, **recipe)
    checkpoint.restore(resumed, again, state)
    run_to(resumed, again, 3, 6)
    for name, p in undisturbed.model.state_dict().items():
        assert torch.equal(p, resumed.model.state_dict()[name])


def test_model_to_evaluate_has_plain_layers_with_the_trained_weights() -> None:
    model, m = seeded(MiniNet), method()
    run = run_of(m, model, examples(1))
    trainer.train_step(run, m, 0)
    trained = {n: p.detach().clone() for n, p in model.named_parameters()}
    assert list(mixed.layers(model))
    final = m.model_for_evaluation(run)
    assert not list(mixed.layers(final)) and type(final.classifier) is nn.Linear
    assert all(torch.equal(p, trained[n]) for n, p in final.named_parameters())


@pytest.mark.parametrize("outputs", [2, 1])
@pytest.mark.parametrize("kind", CONFIGS)
def test_trains_every_architecture_and_kind_of_head(kind: str, outputs: int) -> None:
    model = small(kind, outputs)
    before = {n: p.detach().clone() for n, p in model.named_parameters()}
    labels = torch.tensor([0.5, 1.0, -1.0]) if outputs == 1 else torch.tensor([0, 1, 1])
    task = "regression" if outputs == 1 else "classification"
    (after,) = trajectory(method(p=0.3), model, [(inputs(), labels)], 0.1, task=task, optimizer="sgd")
    assert all(torch.isfinite(p).all() for p in after.values())
    moved = [n for n in linears(model) if not torch.equal(before[f"{n}.weight"], after[f"{n}.weight"])]
    assert len(moved) > 0.8 * len(linears(model))


@pytest.mark.parametrize(
    "given_", [{"p": -0.1}, {"p": 1.1}, {"p": "many"}, {"dropout": 1}, {"keep_ratio": 1}]
)
def test_what_is_out_of_range_is_refused(given_: dict[str, Any]) -> None:
    with pytest.raises((BadValue, UnknownName)):
        Mixout.resolve(given_)
