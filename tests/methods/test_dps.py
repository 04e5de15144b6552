"""DPS Dense and Mix: the authors' recordings, the algorithm step by step, and the switches."""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ftbench.errors import BadValue, UnknownName
from ftbench.methods import Method
from ftbench.methods.dps_dense import DPSDense, cycle_steps, selected, stage, stage_length
from ftbench.methods.dps_mix import DPSMix, selection_score
from ftbench.nn import mixed
from ftbench.testing import trajectory
from ftbench.training import checkpoint, trainer
from tests.methods.mininet import DropNet, MiniNet, examples, load, run_of, seeded
from tests.methods.mixing import assert_same, dps_steps, linears, recorded
from tests.methods.test_bidrop import LargeTensors
from tests.methods.test_golden import assert_replays
from tests.nn.transformers_small import CONFIGS, inputs, small

BOTH = pytest.mark.parametrize("cls", [DPSDense, DPSMix])
#: Switches that leave the updates as the paper has them, or make them those of the authors' code.
UPDATES = {"paper": {}, "published": {"variant": "published"}}


def make(cls: type[Method], **given_: Any) -> Method:
    return cls(cls.resolve(given_))


def floats(batches: list[Any]) -> list[Any]:
    return [(x.astype(np.float32), y) for x, y in batches]


# -- the formulas -----------------------------------------------------------------------------------------


def test_stages_by_hand() -> None:
    assert [stage(t, 2) for t in range(6)] == [
        (1, True),
        (1, False),
        (2, True),
        (2, False),
        (1, True),
        (1, False),
    ]
    assert [stage(t, 1) for t in range(3)] == [(1, True), (2, True), (1, True)]


def test_stages_are_those_of_the_algorithm() -> None:
    for us in range(1, 8):
        for t in range(1, 60):  # counted from 1 there
            number, first = stage(t - 1, us)
            assert (number == 1) == (math.ceil(t / us) % 2 == 1)
            assert first == ((t - 1) % us == 0)


def test_length_of_a_stage_by_hand() -> None:
    assert stage_length(24, 0.125) == 3 and stage_length(690, 0.05) == 34 and stage_length(1605, 0.05) == 80
    assert stage_length(55, 7 / 55) == 7  # 6.999… in floating point
    assert stage_length(19, 0.05) == 1  # where the authors' code divides by zero


def test_published_cycles_count_one_epoch_of_low_resource_runs_alone() -> None:
    def steps(rows: int, cycle: str, epochs: float = 3.0) -> int:
        return cycle_steps(
            math.ceil(epochs * math.ceil(rows / 16)), epochs=epochs, batch_size=16, cycle=cycle
        )

    published = {rows: stage_length(steps(rows, "published"), 0.05) for rows in (300, 500, 1000, 2490, 3668)}
    assert published == {300: 1, 500: 1, 1000: 3, 2490: 23, 3668: 34}
    total = {rows: stage_length(steps(rows, "total"), 0.05) for rows in (300, 500, 1000, 2490)}
    assert total == {300: 2, 500: 4, 1000: 9, 2490: 23}
    assert cycle_steps(24, epochs=None, batch_size=16, cycle="published") == 24
    assert cycle_steps(3, epochs=3.0, batch_size=16, cycle="published") == 1


def test_selection_by_hand() -> None:
    gam = torch.tensor([[4.0, 6.0, 0.0], [1.0, 9.0, 0.0]]).double()
    fam = torch.tensor([1.0, 3.0, 0.0]).double()
    assert selection_score(gam, fam, us=3).tolist() == [[4.0, 2.0, 0.0], [1.0, 3.0, 0.0]]
    penalised = selection_score(gam, fam, us=3, penalty_from=3)
    e, f = math.exp(-1 / 3), math.exp(-1)
    torch.testing.assert_close(penalised, torch.tensor([[4 * e, 2 * f, 0], [e, 3 * f, 0]]).double())
    assert torch.equal(selection_score(gam, fam, 49), selection_score(gam, fam, 3))
    assert not torch.equal(selection_score(gam, fam, 50), selection_score(gam, fam, 3))
    assert selected(penalised, 0.5).tolist() == [[True, True, False], [False, True, False]]
    assert selected(penalised, 0.34).tolist() == [[True, True, False], [False, True, False]]  # ceil(2.04)


@pytest.mark.parametrize(("dtype", "apart"), [(torch.float32, 1e-6), (torch.float64, 1e-12)])
def test_what_rounding_tells_apart_ties(dtype: torch.dtype, apart: float) -> None:
    score = torch.tensor([4.0, 2.0 * (1 + apart), 2.0, 2.0 * (1 - apart), 1.9], dtype=dtype)
    assert selected(score, 0.4).tolist() == [True, True, True, True, False]


# -- the authors' recordings ------------------------------------------------------------------------------


def replayed(golden: Any, name: str, **switches: Any) -> tuple[Any, Any]:
    recording = load(golden / f"{name}.npz")
    arrays, meta = recording.arrays, recording.meta
    given_ = {"keep_ratio": 1 - meta["p"], "update_ratio": meta["update_ratio"], **switches}
    steps = trajectory(
        make({"dps_dense": DPSDense, "dps_mix": DPSMix}[name], **given_),
        recording.model,
        list(zip(arrays["X"], arrays["Y"], strict=True)),
        list(arrays["lr"]),
        clip=meta["clip_max_norm"],
        optimizer="adamw_hf",
        weight_decay=meta["weight_decay"],
        noise={k.removeprefix("noise/"): v for k, v in arrays.items() if k.startswith("noise/")},
    )
    return steps, recording


@pytest.mark.parametrize("name", ["dps_dense", "dps_mix"])
def test_published_follows_the_authors_code(golden, name: str) -> None:
    steps, recording = replayed(golden, name, variant="published")
    assert_replays(steps, recording)
    logits = recording.model.eval()(torch.as_tensor(recording.arrays["X"][0]))
    np.testing.assert_allclose(logits.detach(), recording.arrays["eval_logits_X0"], atol=1e-9)


def still(before: Tensor, after: Tensor, mask: np.ndarray) -> np.ndarray:
    """Which of the weights that are not selected stay where they were."""
    return (before == after).numpy()[mask == 0]


@pytest.mark.parametrize("name", ["dps_dense", "dps_mix"])
@pytest.mark.parametrize("frozen", ["constant", "drifting"])
def test_weights_that_are_not_selected_stay_unless_they_drift(golden, name: str, frozen: str) -> None:
    steps, recording = replayed(golden, name, variant="published", frozen=frozen)
    key, second = "bert.pooler.dense.weight", np.nonzero(recording.arrays["stage2"])[0][:3]
    mask = recording.arrays["M/bert.pooler.dense"][second[0]]
    assert 0 < mask.sum() < mask.size
    for t in second:
        same = still(steps[t - 1][key], steps[t][key], mask)
        assert same.all() if frozen == "constant" else not same.any()
    assert not still(steps[second[-1]][key], steps[second[-1] + 1][key], mask).any()  # stage I moves all


# -- the algorithm, step by step --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("us", "steps", "kept"),
    [(1, 7, 0.7), (1, 6, 0.5), (3, 14, 0.9), (5, 12, 0.1), (4, 4, 0.5), (50, 108, 0.6)],
)
@pytest.mark.parametrize("cls", [DPSDense, DPSMix])
@pytest.mark.parametrize("variant", ["paper", "published"])
@pytest.mark.parametrize("flavour", ["adamw_hf", "adamw_torch", "sgd"])
def test_follows_the_algorithm(
    cls: type[Method], variant: str, flavour: str, us: int, steps: int, kept: float
) -> None:
    batches, model = examples(steps), seeded(MiniNet)
    noise = recorded(model, steps, 1 - kept, us=us) if cls is DPSMix else None
    paper = variant == "paper"
    optimizer = {"flavour": flavour, "decay": 0.1, "clip": 0.5}
    wanted = dps_steps(
        model, batches, kept=kept, us=us, lr=1e-2, constant=paper, exact=paper, noise=noise, **optimizer
    )
    found = trajectory(
        make(cls, variant=variant, keep_ratio=kept, update_ratio=us / steps),
        seeded(MiniNet),
        batches,
        1e-2,
        clip=0.5,
        optimizer=flavour,
        weight_decay=0.1,
        noise=noise,
    )
    assert_same(found, wanted, 1e-11)


@pytest.mark.parametrize("boundary", [2, 3, 4])
def test_long_stages_penalise_frequent_updates(boundary: int) -> None:
    batches, model = examples(12), seeded(MiniNet)
    noise = recorded(model, 12, 0.4, us=3)
    wanted = dps_steps(
        model,
        batches,
        kept=0.6,
        us=3,
        lr=0.1,
        constant=True,
        noise=noise,
        penalty_from=boundary,
        flavour="sgd",
        decay=0.0,
        clip=0.0,
    )
    m = make(DPSMix, keep_ratio=0.6, update_ratio=0.25, penalty_from=boundary)
    found = trajectory(m, seeded(MiniNet), batches, 0.1, optimizer="sgd", clip=0.0, noise=noise)
    assert_same(found, wanted, 1e-12)


def test_the_masked_gradient_is_what_is_clipped() -> None:
    limit, before = 0.01, {n: p.detach().clone() for n, p in seeded(MiniNet).named_parameters()}
    one, two = trajectory(
        make(DPSDense, keep_ratio=0.3, update_ratio=0.5),
        seeded(MiniNet),
        examples(2),
        [0.0, 1.0],
        optimizer="sgd",
        clip=limit,
    )
    assert all(torch.equal(one[n], before[n]) for n in one)
    norm = math.sqrt(sum(float(((two[n] - one[n]) ** 2).sum()) for n in one))
    assert norm == pytest.approx(limit, rel=1e-3)


@BOTH
def test_biases_and_norms_are_never_masked_and_every_matrix_is(cls: type[Method]) -> None:
    m = make(cls, keep_ratio=0.25, update_ratio=0.5)
    *_, one, two = trajectory(m, seeded(MiniNet), examples(40), 0.01, optimizer="sgd")[:21]
    for name, p in seeded(MiniNet).named_parameters():
        moved = int((one[name] != two[name]).sum())
        matrix = name.endswith("weight") and "LayerNorm" not in name
        assert moved == (math.ceil(p.numel() / 4) if matrix else p.numel()), name


# -- where it is plain fine-tuning, and its switches ------------------------------------------------------


@BOTH
@pytest.mark.parametrize("optimizer", ["adamw_torch", "adamw_hf", "sgd"])
def test_keeping_everything_is_vanilla_bit_for_bit(cls: type[Method], optimizer: str) -> None:
    found = [
        trajectory(
            m,
            seeded(lambda: DropNet(0.3)).float(),
            floats(examples(6)),
            1e-2,
            clip=0.1,
            optimizer=optimizer,
            weight_decay=0.1,
        )
        for m in ("vanilla", make(cls, keep_ratio=1, update_ratio=0.2))
    ]
    for vanilla, dps in zip(*found, strict=True):
        assert all(torch.equal(vanilla[n], dps[n]) for n in vanilla)


@pytest.mark.parametrize(
    ("cls", "given_", "steps", "rate"),
    [
        (DPSDense, {}, 10, 0.3),
        (DPSDense, {"variant": "published"}, 1999, 0.0),
        (DPSDense, {"variant": "published"}, 2000, 0.3),
        (DPSMix, {}, 10, 0.3),
        (DPSMix, {"variant": "published"}, 5000, 0.0),
        (DPSMix, {"dropout": 0.2}, 10, 0.2),
    ],
)
def test_dropout_is_the_recipes_unless_published(
    cls: type[Method], given_: dict[str, Any], steps: int, rate: float
) -> None:
    model = DropNet(0.3).double()
    run_of(make(cls, **given_), model, examples(1), steps=steps)
    assert model.dropout.p == rate


@BOTH
def test_new_layers_are_drawn_again_where_asked_for(cls: type[Method]) -> None:
    head = frozenset({"classifier.weight", "classifier.bias"})

    def drawn(seed: int = 0, **given_: Any) -> dict[str, Tensor]:
        run = run_of(make(cls, **given_), seeded(MiniNet), examples(1), seed=seed, drawn_head=head)
        return {n: p.detach() for n, p in run.model.named_parameters()}

    plain = {n: p.detach() for n, p in seeded(MiniNet).named_parameters()}
    assert_same([drawn()], [plain], 0.0)
    found = drawn(variant="published")
    for name, value in found.items():
        assert torch.equal(value, plain[name]) != name.startswith("classifier"), name
        if name.startswith("classifier"):  # both uniform on ±1/√in
            assert 0.05 < value.abs().max() <= 1 / math.sqrt(6)
    assert_same([drawn(head_init="kaiming_uniform")], [found], 0.0)
    assert not torch.equal(drawn(1, variant="published")["classifier.bias"], found["classifier.bias"])
    # A head that comes with the model is not new.
    (brought,) = trajectory(
        make(cls, variant="published"), seeded(MiniNet), examples(1), 0.0, head=["classifier"]
    )
    assert_same([brought], [plain], 0.0)


@BOTH
@pytest.mark.parametrize("parts", [2, 4])
@pytest.mark.parametrize("variant", ["paper", "published"])
def test_accumulation_changes_the_steps_to_rounding_only(cls: type[Method], parts: int, variant: str) -> None:
    found = []
    for accumulation in (1, parts):
        model, m = seeded(lambda: MiniNet(classes=2)), make(cls, variant=variant, update_ratio=0.25)
        batches = examples(8, rows=7, classes=2)
        run = run_of(m, model, batches, lr=0.1, batch_size=7, accumulation=accumulation)
        for step in range(8):
            trainer.train_step(run, m, step)
        found.append({n: p.detach() for n, p in model.named_parameters()})
    for name in found[0]:
        torch.testing.assert_close(found[0][name], found[1][name], rtol=0, atol=1e-12)


@BOTH
@pytest.mark.parametrize("frozen", ["constant", "drifting"])
@pytest.mark.parametrize("stop", range(1, 9))
def test_resumed_is_undisturbed_bit_for_bit(cls: type[Method], frozen: str, stop: int) -> None:
    batches, recipe = examples(9), {"optimizer": "adamw_torch", "lr": 1e-2, "weight_decay": 0.1}
    given_ = {"update_ratio": 2 / 9, "frozen": frozen, "head_init": "kaiming_uniform"}

    def start() -> tuple[Any, Method]:
        m = make(cls, **given_)
        return run_of(m, seeded(MiniNet), batches, **recipe), m

    run, m = start()
    for step in range(9):
        if step == stop:
            saved = io.BytesIO()
            torch.save(checkpoint.snapshot(run, m), saved)
            saved.seek(0)
        trainer.train_step(run, m, step)
    resumed, again = start()
    checkpoint.restore(resumed, again, torch.load(saved, weights_only=True))
    for step in range(stop, 9):
        trainer.train_step(resumed, again, step)
    for name, p in run.model.state_dict().items():
        assert torch.equal(p, resumed.model.state_dict()[name]), name


@BOTH
def test_a_second_run_of_one_method_starts_anew(cls: type[Method]) -> None:
    m = make(cls, update_ratio=0.5)  # of 7 steps: it ends inside a stage
    first = trajectory(m, seeded(MiniNet), examples(7), 0.1)
    again = trajectory(m, seeded(MiniNet), examples(7), 0.1)
    assert_same(again, first, 0.0)


def test_weights_loaded_before_the_first_step_are_the_target() -> None:
    other = {n: p.detach().clone() for n, p in seeded(MiniNet, 7).named_parameters()}
    found = [
        trajectory(make(DPSMix), seeded(MiniNet), examples(3), 0.1, init=other),
        trajectory(make(DPSMix), seeded(MiniNet, 7), examples(3), 0.1),
    ]
    assert_same(*found, 0.0)


def test_model_to_evaluate_has_plain_layers() -> None:
    model, m = seeded(MiniNet), make(DPSMix)
    run = run_of(m, model, examples(1))
    assert len(list(mixed.layers(model))) == 5
    trainer.train_step(run, m, 0)
    assert type(m.model_for_evaluation(run).classifier) is nn.Linear


# -- architectures, and memory ----------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize("outputs", [2, 1])
@pytest.mark.parametrize("kind", CONFIGS)
def test_trains_every_architecture_and_kind_of_head(cls: type[Method], kind: str, outputs: int) -> None:
    model = small(kind, outputs)
    labels = torch.tensor([0.5, 1.0, -1.0]) if outputs == 1 else torch.tensor([0, 1, 1])
    task = "regression" if outputs == 1 else "classification"
    steps = trajectory(
        make(cls, keep_ratio=0.5, update_ratio=0.5), model, [(inputs(), labels)] * 16, 0.01, task=task
    )[7:]
    names = [f"{n}.weight" for n in linears(model)]
    assert all(torch.isfinite(p).all() for p in steps[-1].values())
    moved = [(steps[0][n] != steps[1][n]).double().mean().item() for n in names]
    assert np.mean(moved) == pytest.approx(0.5, abs=0.1)
    if kind == "xlnet":
        raw = next(n for n in steps[0] if n.endswith("rel_attn.q"))
        assert (steps[0][raw] != steps[1][raw]).double().mean().item() == pytest.approx(0.5, abs=0.05)


def test_a_shared_layer_counts_a_step_once() -> None:
    model, m = small("albert"), make(DPSMix, keep_ratio=0.5, update_ratio=1.0)
    noise = {n: [np.zeros((3, layer.in_features))] * 2 for n, layer in linears(model).items()}
    name = next(n for n in noise if n.endswith("query"))
    width = linears(model)[name].in_features
    calls = np.zeros((3, width))
    calls[0, :4] = calls[2, 2:6] = 1
    noise[name] = [calls, np.zeros((3, width))]
    for one in set(noise) - {name}:
        if "albert_layers" not in one:
            noise[one] = [v[0] for v in noise[one]]
    trajectory(m, model, [(inputs(), torch.tensor([0, 1, 1]))] * 2, 0.1, noise=noise)
    fam = m.state_dict()["fam"][f"{name}.weight"]
    assert fam.tolist() == [1.0] * 6 + [0.0] * (width - 6)


def alive(cls: type[Method]) -> list[int]:
    """Tensors of a weight's size at the beginning of each step's pass, in six steps of two a stage."""
    counts: list[int] = []
    model = seeded(lambda: MiniNet(width=41))
    with LargeTensors(41 * 41) as large:
        for p in model.parameters():
            if p.numel() == large.size:
                large.watch(p)

        def call(net: nn.Module, x: Tensor, number: int) -> Tensor:
            counts.append(large.alive())
            return net(x)

        m = make(cls, update_ratio=1 / 3)
        run = run_of(m, model, examples(6), call=call)
        for step in range(6):
            trainer.train_step(run, m, step)
    return counts


def test_memory_is_what_the_card_says() -> None:
    square = 3  # matrices of this size: two layers and the pooler
    # The weights; with GAM; twice with a mask, of a byte an entry, and the weights that stage II began with.
    dense = [n * square for n in (1, 2, 3, 3, 1, 2)]
    assert alive(DPSDense) == dense
    assert alive(DPSMix) == [n + square for n in dense]  # with W₀


@BOTH
@pytest.mark.parametrize(
    "given_",
    [
        {"keep_ratio": 0},
        {"keep_ratio": 1.1},
        {"update_ratio": 0},
        {"frozen": "melting"},
        {"cycle": "epoch"},
        {"dropout": 1},
        {"p": 0.3},
    ],
)
def test_what_is_out_of_range_is_refused(cls: type[Method], given_: dict[str, Any]) -> None:
    with pytest.raises((BadValue, UnknownName)):
        cls.resolve(given_)
