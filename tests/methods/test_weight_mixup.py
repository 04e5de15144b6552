"""Weight mixup: the authors' trajectory and its switches one by one, the hypergradient, and the whole job."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ftbench.errors import BadValue, UnknownName
from ftbench.methods.weight_mixup import WeightMixup
from ftbench.nn.mixup import attention_names, mix_linears, mixed_layers
from ftbench.nn.optimizers import AdamWHF
from ftbench.run.run import Run
from ftbench.testing import trajectory
from ftbench.testing.bench import Bench, Watcher
from ftbench.training import trainer as training
from ftbench.training.trainer import Stopped, Trainer
from tests.methods.golden import assert_replays
from tests.methods.jobs import Weights, do, same
from tests.methods.mininet import DropNet, MiniNet, examples, run_of, seeded, whole
from tests.nn.transformers_small import CONFIGS, inputs, small


def settings(**given: Any) -> Any:
    return WeightMixup.resolve(given)


def search(**given: Any) -> WeightMixup.Search:
    return WeightMixup.Search(settings(**given))


def drawn(model: nn.Module, rank: int = 1, spread: float = 0.3) -> Weights:
    """Attention inside (0, 1), by name; the model stays as it is."""
    names = sorted(attention_names(mixed := mix_linears(copy.deepcopy(model), rank)))
    draw = torch.Generator().manual_seed(5)
    shapes = {n: p.shape for n, p in mixed.named_parameters()}
    return {n: 0.5 + spread * (2 * torch.rand(shapes[n], generator=draw).double() - 1) for n in names}


# -- the authors' code ------------------------------------------------------------------------------------


def test_the_published_search_follows_the_authors(golden: Path) -> None:
    from types import SimpleNamespace

    arrays = dict(np.load(golden / "blo_betty020.npz"))
    init = {k.removeprefix("init/"): torch.as_tensor(v) for k, v in arrays.items() if k.startswith("init/")}
    model = MiniNet().double()
    model.load_state_dict({n: v for n, v in init.items() if n in model.state_dict()})
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear):
            assert torch.equal(module.weight, torch.as_tensor(arrays[f"W0/{name}"]))
    steps = trajectory(
        search(variant="published"),
        model,
        {
            "train": list(zip(arrays["Xtr"], arrays["Ytr"], strict=True)),
            "held_out": list(zip(arrays["Xva"], arrays["Yva"], strict=True)),
        },
        {"weights": list(arrays["lr_w"]), "alphas": list(arrays["lr_a"])},
        optimizer={"weights": "adamw_hf", "alphas": "adamw_torch"},
        clip={"weights": 5.0, "alphas": 0.0},
        weight_decay={"weights": 0.1, "alphas": 0.05},
        init=init,
    )
    traj = {k.removeprefix("traj/"): v for k, v in arrays.items() if k.startswith("traj/")}
    assert_replays(steps, SimpleNamespace(traj=traj, tolerance=1e-9))


def written_out(
    model: nn.Module,
    init: Weights,
    train: list[Any],
    held: list[Any],
    *,
    inner: Callable[..., torch.optim.Optimizer],
    rate: float,
    alpha_rate: float,
    rank_constant: bool,
    centre: str,
    restore: bool,
    rollback: str,
    wipe_adam: bool,
    precondition: bool,
    eta_w: bool,
) -> list[Weights]:
    """The search in one plain loop: every parameter copied whole, wherever it is needed."""
    model = mix_linears(model, next(iter(init.values())).shape[1], "factored", rank_constant)
    params = dict(model.named_parameters())
    names = attention_names(model)
    w, a = [p for n, p in params.items() if n not in names], [params[n] for n in sorted(names)]
    with torch.no_grad():
        for n in names:
            params[n].copy_(init[n])
    optimizer = inner(w, lr=rate)
    outer = torch.optim.AdamW(a, lr=alpha_rate, weight_decay=0.0)

    def loss(batch: Any) -> Tensor:
        return nn.functional.cross_entropy(model(torch.as_tensor(batch[0])), torch.as_tensor(batch[1]))

    def values(of: list[nn.Parameter]) -> list[Tensor]:
        return [p.detach().clone() for p in of]

    def to(of: list[nn.Parameter], given: list[Tensor]) -> None:
        for p, v in zip(of, given, strict=True):
            p.data = v.clone()

    def descend(batch: Any) -> None:
        for p, g in zip(w, torch.autograd.grad(loss(batch), w), strict=True):
            p.grad = g
        nn.utils.clip_grad_norm_(w, 5.0)
        optimizer.step()

    visited = []
    for step, (batch, other) in enumerate(zip(train, held, strict=True)):
        first_w, first_a, first_state = values(w), values(a), copy.deepcopy(optimizer.state_dict())
        descend(batch)
        grads = torch.autograd.grad(loss(other), [*w, *a])
        v, direct = list(grads[: len(w)]), grads[len(w) :]
        if precondition and optimizer.state[w[0]]:
            for i, p in enumerate(w):
                state = optimizer.state[p]
                scale = (0.999 * state["exp_avg_sq"]).mean().sqrt() + 1e-8
                v[i] = v[i] / (scale / math.sqrt(1 - 0.999 ** int(state["step"])))
        eps = 0.01 / torch.cat([t.flatten() for t in v]).norm()
        stepped = values(w)
        base = first_w if centre == "before" else stepped
        to(w, [b + eps * t for b, t in zip(base, v, strict=True)])
        above = torch.autograd.grad(loss(batch), a)
        to(w, [b - eps * t for b, t in zip(base, v, strict=True)])
        below = torch.autograd.grad(loss(batch), a)
        if restore:
            to(w, stepped)
        eta = rate if eta_w else 1.0
        for p, d, up, down in zip(a, direct, above, below, strict=True):
            p.grad = d - eta * (up - down) / (2 * eps)
        outer.step()
        if rollback in ("real", "all"):
            to(w, first_w)
            if rollback == "all":
                to(a, first_a)
            optimizer.load_state_dict(first_state)
        elif rollback == "noop" and wipe_adam and step == 0:
            optimizer.state.clear()
        if rollback != "none":
            descend(batch)
        visited.append({n: p.detach().clone() for n, p in params.items()})
    return visited


PUBLISHED: dict[str, Any] = {
    "rank_constant": False,
    "centre": "after",
    "restore": False,
    "rollback": "noop",
    "wipe_adam": True,
    "precondition": True,
    "eta_w": False,
}
PAPER: dict[str, Any] = {
    "rank_constant": True,
    "centre": "before",
    "restore": True,
    "rollback": "none",
    "wipe_adam": False,
    "precondition": False,
    "eta_w": True,
}


@pytest.mark.parametrize("rank", [1, 2])
@pytest.mark.parametrize("flavour", ["sgd", "adamw_hf", "adamw_torch"])
@pytest.mark.parametrize(
    "switches",
    [
        PUBLISHED,
        {**PUBLISHED, "precondition": False},
        {**PUBLISHED, "restore": True},
        {**PUBLISHED, "wipe_adam": False},
        {**PUBLISHED, "rollback": "all", "restore": True},
        {**PUBLISHED, "rollback": "real"},
        {**PUBLISHED, "rollback": "none", "eta_w": True},
        PAPER,
        {**PAPER, "rollback": "real"},
        {**PAPER, "precondition": True},
        {**PAPER, "centre": "after"},
        {**PAPER, "eta_w": False},
    ],
    ids=lambda s: "-".join(map(str, s.values())),
)
def test_every_switch_works_alone(switches: dict[str, Any], flavour: str, rank: int) -> None:
    init = drawn(seeded(MiniNet), rank)
    train, held = examples(5, seed=1), examples(5, seed=2)
    build = {"sgd": torch.optim.SGD, "adamw_hf": AdamWHF, "adamw_torch": torch.optim.AdamW}[flavour]
    rate = 0.1 if flavour == "sgd" else 0.01
    wanted = written_out(
        seeded(MiniNet),
        init,
        train,
        held,
        inner=lambda p, lr: build(p, lr=lr, **({} if flavour == "sgd" else {"weight_decay": 0.0})),
        rate=rate,
        alpha_rate=0.02,
        **switches,
    )
    found = trajectory(
        search(rank=rank, **switches),
        seeded(MiniNet),
        {"train": train, "held_out": held},
        {"weights": rate, "alphas": 0.02},
        optimizer={"weights": flavour, "alphas": "adamw_torch"},
        clip={"weights": 5.0, "alphas": 0.0},
        weight_decay={"weights": 0.0, "alphas": 0.0},
        init=init,
    )
    for step, (a, b) in enumerate(zip(found, wanted, strict=True)):
        for name in b:
            torch.testing.assert_close(a[name], b[name], rtol=0, atol=1e-9, msg=f"{name} at {step}")
    still = all(torch.equal(found[-1][n], init[n]) for n in init)
    assert still == (switches["rollback"] == "all")


# -- the default ------------------------------------------------------------------------------------------


def test_the_default_descends_the_validation_loss_after_the_step() -> None:
    """Alpha moves by minus dL_val(W'(alpha), alpha)/dalpha, found by differences of the whole step."""
    init, rate = drawn(seeded(MiniNet)), 0.05
    (train,), (held,) = examples(1, seed=1), examples(1, seed=2)

    def after(alphas: Weights) -> float:
        model = mix_linears(seeded(MiniNet), 1)
        model.load_state_dict(alphas, strict=False)
        names = attention_names(model)
        (x, y), (xv, yv) = [(torch.as_tensor(x), torch.as_tensor(y)) for x, y in (train, held)]
        w = [p for n, p in model.named_parameters() if n not in names]
        grads = torch.autograd.grad(nn.functional.cross_entropy(model(x), y), w)
        with torch.no_grad():
            for p, g in zip(w, grads, strict=True):
                p.sub_(rate * g)
            return float(nn.functional.cross_entropy(model(xv), yv))

    (found,) = trajectory(
        search(),
        seeded(MiniNet),
        {"train": [train], "held_out": [held]},
        {"weights": rate, "alphas": 0.1},
        optimizer={"weights": "sgd", "alphas": "sgd"},
        clip=0.0,
        weight_decay={"weights": 0.0, "alphas": 0.0},
        init=init,
    )
    got, wanted = [], []
    for name in init:
        got.append(((init[name] - found[name]) / 0.1).flatten())
        for place in range(init[name].numel()):
            ends = []
            for sign in (1, -1):
                moved = {n: v.clone() for n, v in init.items()}
                moved[name].view(-1)[place] += sign * 1e-5
                ends.append(after(moved))
            wanted.append((ends[0] - ends[1]) / 2e-5)
    difference = torch.cat(got) - torch.tensor(wanted).double()
    assert difference.norm() <= 1e-4 * torch.tensor(wanted).norm()


def test_weights_after_a_step_are_plain_descents_to_the_last_bit() -> None:
    init = drawn(seeded(MiniNet))
    batches = {"train": examples(1), "held_out": examples(1, seed=2)}
    found = []
    for method in (search(), WeightMixup.FineTune(settings())):
        (step,) = trajectory(method, seeded(MiniNet), batches, 0.1, clip=0.0, init=init)
        found.append(step)
    assert all(torch.equal(found[0][n], found[1][n]) for n in found[0] if n not in init)
    assert all(torch.equal(found[1][n], init[n]) for n in init)
    assert not any(torch.equal(found[0][n], init[n]) for n in init)


@pytest.mark.parametrize(("good_start", "best"), [(True, 0.0), (False, 1.0)])
@pytest.mark.parametrize("formula", ["factored", "convex"])
def test_alpha_moves_to_where_it_should_be(good_start: bool, best: float, formula: str) -> None:
    """Held-out labels are of a teacher. It is W0, and training labels mislead: alpha is to be 0; or training
    labels are of the teacher, too, and W0 misleads: alpha is to rise (W makes up for an alpha below 1).
    """
    draw = np.random.default_rng(0)
    teacher, other = draw.normal(size=(2, 5))
    start = teacher if good_start else other
    labels = other if good_start else teacher
    xs, xv = draw.normal(size=(2, 20, 8, 5))
    model = nn.Linear(5, 1).double()
    with torch.no_grad():
        model.weight.copy_(torch.as_tensor(start[None]))
        model.bias.zero_()
    visited = trajectory(
        search(formula=formula, alpha_weight_decay=0.0),
        model,
        {"train": [(x, x @ labels) for x in xs], "held_out": [(x, x @ teacher) for x in xv]},
        {"weights": 0.05, "alphas": 0.02},
        task="regression",
        optimizer={"weights": "sgd", "alphas": "adamw_torch"},
        clip=0.0,
        total_steps=200,
        init={"a1": [[0.7]], "a2": [[0.7] * 5]},
    )
    alpha = [(p["a1"].clamp(0, 1) @ p["a2"].clamp(0, 1)).mean().item() for p in visited]
    assert abs(alpha[0] - best) > abs(alpha[-1] - best) + 0.2
    assert best or alpha[-1] < 0.1


def masks_of(**given: Any) -> list[tuple[float, ...]]:
    """The dropout masks of the passes of one step: inner, validation, and the two perturbed ones."""
    seen: list[tuple[float, ...]] = []

    def call(m: nn.Module, x: Tensor, number: int) -> Tensor:
        seen.append(tuple(m.dropout(torch.ones(60)).tolist()))
        return m(x)

    batches = {"train": examples(1), "held_out": examples(1, seed=2)}
    trajectory(search(**given), seeded(lambda: DropNet(0.5)), batches, 0.1, forward=call)
    return seen


def test_the_perturbed_passes_share_their_dropout() -> None:
    inner, validation, above, below = masks_of()
    assert above == below and len({inner, validation, above}) == 3
    assert len(set(masks_of(perturbed_masks="independent"))) == 4
    *_, above, below = masks_of(perturbed_masks="off")
    assert set(above) == set(below) == {1.0}
    assert len(set(masks_of(variant="published"))) == 5  # the second inner step has its own, too


@pytest.mark.parametrize("variant", ["paper", "published"])
def test_accumulation_changes_a_step_to_rounding_only(variant: str) -> None:
    found = []
    for accumulation in (1, 3):
        method = search(variant=variant, alpha_std=0.1)
        model = seeded(MiniNet)
        held = examples(1, rows=7, seed=3)
        run = run_of(
            method, model, examples(1, rows=7), held_out=held, lr=0.1, batch_size=7, accumulation=accumulation
        )
        training.train_step(run, method, 0)
        found.append({n: p.detach() for n, p in model.named_parameters()})
    for name in found[0]:
        torch.testing.assert_close(found[0][name], found[1][name], rtol=0, atol=1e-10)


def test_the_steps_memory_is_one_copy_of_the_weights_beside_the_gradient() -> None:
    from tests.methods.memory import LargeTensors

    counts: list[int] = []
    model = seeded(lambda: MiniNet(width=41))
    method = search()
    with LargeTensors(41 * 41) as large:

        def call(m: nn.Module, x: Tensor, number: int) -> Tensor:
            counts.append(large.alive())
            return m(x)

        run = run_of(method, model, examples(1), held_out=examples(1, seed=2), call=call, lr=0.1)
        for p in [*model.parameters(), *model.buffers()]:
            if p.numel() == large.size:
                large.watch(p)
        training.train_step(run, method, 0)
        after = large.alive()
    square = 3  # two layers and the pooler
    # W and W0; in the inner and the validation pass W as it was; in the perturbed ones the direction, too
    assert counts == [3 * square, 3 * square, 4 * square, 4 * square]
    assert after == 2 * square


# -- the last run and the ablations -----------------------------------------------------------------------


def test_alpha_is_fixed_in_the_last_run_and_the_clip_counts_what_it_is_told_to() -> None:
    init = drawn(seeded(MiniNet))
    found, norms = [], []
    for counts in (False, True):
        model = seeded(MiniNet)
        method = WeightMixup.FineTune(settings(clip_counts_frozen=counts))
        run = run_of(method, model, examples(1), clip=0.01)
        model.load_state_dict(init, strict=False)
        training.train_step(run, method, 0)
        norms.append(float(run.grad_norm))
        found.append({n: p.detach().clone() for n, p in model.named_parameters()})
        assert all(torch.equal(found[-1][n], init[n]) for n in init)
        assert all(layer.w0.grad is None for layer in mixed_layers(model).values())
    twin = mix_linears(seeded(MiniNet), 1)
    twin.load_state_dict(init, strict=False)
    batch = whole(examples(1))
    every = [*twin.parameters(), *(m.w0.requires_grad_() for m in mixed_layers(twin).values())]
    grads = torch.autograd.grad(nn.functional.cross_entropy(twin(batch.inputs), batch.labels), every)
    assert norms[1] == pytest.approx(math.sqrt(sum(float((g**2).sum()) for g in grads)))
    assert norms[0] < norms[1]
    start = dict(seeded(MiniNet).named_parameters())
    for name in start:
        moved = [start[name].detach() - f[name] for f in found]
        torch.testing.assert_close(moved[0] * norms[0], moved[1] * norms[1], rtol=1e-3, atol=1e-12)


def test_joint_training_descends_one_loss_with_both() -> None:
    init = drawn(seeded(MiniNet))
    (step,) = trajectory(
        WeightMixup.Joint(settings(alpha="joint")),
        seeded(MiniNet),
        examples(1),
        0.1,
        optimizer={"weights": "sgd", "alphas": "sgd"},
        clip=0.0,
        weight_decay={"alphas": 0.0},
        init=init,
    )
    twin = mix_linears(seeded(MiniNet), 1)
    twin.load_state_dict(init, strict=False)
    batch = whole(examples(1))
    nn.functional.cross_entropy(twin(batch.inputs), batch.labels).backward()
    for name, p in twin.named_parameters():
        torch.testing.assert_close(step[name], p.detach() - 0.1 * p.grad)


@pytest.mark.parametrize("std", [0.005, 0.1, 0.45])
def test_alpha_is_drawn_around_1_and_projected(std: float) -> None:
    run = run_of(WeightMixup.FineTune(settings(alpha="random", alpha_std=std, rank=8)), seeded(MiniNet), [])
    values = torch.cat([p.flatten() for n, p in run.parameters.items() if n.endswith((".a1", ".a2"))])
    assert values.min() >= 0 and values.max() == 1
    assert 0.35 < (values == 1).double().mean() < 0.65
    # half a normal below 1 has the mean std·√(2/π)
    assert (1 - values[values < 1]).mean().item() == pytest.approx(std * 0.798, rel=0.35)


# -- every architecture, regression -----------------------------------------------------------------------


@pytest.mark.parametrize("kind", CONFIGS)
def test_a_search_runs_on_every_architecture(kind: str) -> None:
    batches = [(inputs(), [0, 1, 1])]
    model = small(kind)
    start = {n: p.detach().clone() for n, p in model.named_parameters()}
    steps = trajectory(
        search(alpha_std=0.1), model, {"train": batches, "held_out": batches}, 1e-2, total_steps=2
    )
    assert all(bool(torch.isfinite(p).all()) for p in steps[-1].values())
    assert any(not torch.equal(steps[-1][n], start[n]) for n in start)
    alphas = attention_names(model)
    assert alphas and any(not torch.equal(steps[0][n], steps[1][n]) for n in alphas)


# -- the whole job ----------------------------------------------------------------------------------------

QUICK = {"k": 2, "search_epochs": 0.5, "finetune_epochs": 0.5}


@pytest.mark.parametrize("task", ["toy-accept", "toy-sim"])
def test_with_alpha_1_it_is_vanilla_bit_for_bit(bench: Bench, task: str) -> None:
    vanilla, _ = do(bench, "vanilla", {}, task=task)
    for formula in ("factored", "convex"):
        mixed, _ = do(bench, "weight_mixup", {"alpha": "ones", "formula": formula, "rank": 2}, task=task)
        assert same(mixed, vanilla)


@pytest.mark.parametrize("variant", ["paper", "published"])
@pytest.mark.parametrize("task", ["toy-accept", "toy-sim"])
def test_a_job_that_was_stopped_in_a_search_ends_as_an_undisturbed_one(
    bench: Bench, tmp_path: Path, task: str, variant: str
) -> None:
    given = {**QUICK, "variant": variant}
    undisturbed, straight = do(bench, "weight_mixup", given, task=task)
    seen = []
    for stop in (("search-0", 1), ("search-0", 3), ("search-1", 2), ("main", 2)):
        watcher = Watcher(stop=stop)
        with pytest.raises(Stopped):
            do(bench, "weight_mixup", given, task=task, folder=tmp_path, listener=watcher)
        seen += watcher.steps
        torch.rand(3)
    last = Watcher()
    resumed, trainer = do(bench, "weight_mixup", given, task=task, folder=tmp_path, listener=last)
    runs = [(f"search-{k}", s) for k in (0, 1) for s in range(1, 5)] + [("main", s) for s in range(1, 6)]
    assert [*seen, *last.steps] == runs  # 32 rows in batches of 4 in a search, 40 in the last run; none twice
    assert same(resumed, undisturbed) and trainer.curves == straight.curves


def test_alpha_warms_up_as_the_recipe_does_unless_told_otherwise() -> None:
    """A share of the run, rounded up: of 8 updates 0.17 are 2, the first of them at rate 0."""
    recipe: dict[str, Any] = {"steps": 8, "warmup_steps": 4, "schedule": "linear"}
    own, plain = (
        run_of(WeightMixup.Search(settings(alpha_warmup=share)), seeded(MiniNet), [], **recipe)
        for share in (0.17, None)
    )
    rates = {run: [run.optimizers["alphas"].schedule(step) for step in range(5)] for run in (own, plain)}
    assert rates[own][:3] == [0, 1e-3, 2e-3] and rates[own][4] < 2e-3
    assert rates[plain] == [0, 0.5e-3, 1e-3, 1.5e-3, 2e-3]
    warm = [run.optimizers["weights"].schedule(2) / run.recipe.lr for run in (own, plain)]
    assert warm == [0.5, 0.5]


def test_each_search_holds_other_rows_out_and_the_last_run_none(bench: Bench) -> None:
    _, trainer = do(bench, "weight_mixup", {**QUICK, "k": 3})
    runs = trainer.facts["runs"]
    assert [runs[n]["rows"] for n in ("search-0", "search-1", "search-2", "main")] == [32, 32, 32, 40]
    assert len({runs[f"search-{i}"]["order"] for i in range(3)}) == 3
    _, plain = do(bench, "vanilla", {})
    assert {runs[f"search-{i}"]["head"] for i in range(3)} == {plain.facts["runs"]["main"]["head"]}
    assert runs["main"]["head"] != runs["search-0"]["head"]  # it begins where the searches ended


def test_the_last_run_begins_with_the_average_of_the_searches(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends: list[Weights] = []
    run = training.Trainer.run

    def spy(self: Any, method: Any, **more: Any) -> Any:
        if isinstance(method, WeightMixup.FineTune):
            ends.append(dict(method._start))
        trained = run(self, method, **more)
        if isinstance(method, WeightMixup.Search):
            ends.append({n: v.clone() for n, v in trained.model.state_dict().items()})
        return trained

    monkeypatch.setattr(training.Trainer, "run", spy)
    do(bench, "weight_mixup", QUICK)
    first, second, start = ends
    assert start.keys() == first.keys()
    for name, value in start.items():
        if value.is_floating_point():
            torch.testing.assert_close(value, (first[name] + second[name]) / 2)


def test_averaging_alpha_alone_begins_at_the_pretrained_weights() -> None:
    init = drawn(seeded(MiniNet))
    start = {**init, "classifier.bias": torch.full((3,), 9.0).double()}
    for average, bias in (("all", 9.0), ("alpha", None)):
        model = seeded(MiniNet)
        before = model.classifier.bias.detach().clone()
        run = run_of(WeightMixup.FineTune(settings(average=average), start), model, [])
        assert all(torch.equal(run.parameters[n], init[n]) for n in init)
        found = run.parameters["classifier.bias"]
        assert torch.equal(found, before if bias is None else torch.full_like(before, bias))
        assert torch.equal(model.classifier.w0, seeded(MiniNet).classifier.weight)


@pytest.mark.parametrize("alpha", ["joint", "random"])
def test_ablations_are_one_run_of_the_recipes_length(bench: Bench, alpha: str) -> None:
    weights, trainer = do(bench, "weight_mixup", {"alpha": alpha, "alpha_std": 0.1})
    assert trainer.facts["runs"].keys() == {"main"}
    assert trainer.facts["runs"]["main"]["total_steps"] == 10 and trainer.facts["runs"]["main"]["rows"] == 40
    vanilla, _ = do(bench, "vanilla", {})
    assert weights.keys() == vanilla.keys() and not same(weights, vanilla)


def test_published_sets_its_switches_and_no_other() -> None:
    published, paper = settings(variant="published"), settings()
    assert all(getattr(published, n) == v for n, v in WeightMixup.published.items())
    assert (published.k, published.rank, published.alpha_lr) == (paper.k, paper.rank, paper.alpha_lr)


@pytest.mark.parametrize(
    "given", [{"k": 0}, {"rank": 0}, {"held_out": 0}, {"held_out": 1}, {"alpha": "half"}, {"rollback": "yes"}]
)
def test_what_is_out_of_range_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises((BadValue, UnknownName)):
        settings(**given)


def test_the_outer_loss_of_each_search_is_a_curve(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    losses: dict[str, list[float]] = {}
    backward = Run.backward

    def spy(self: Run, loss_fn: Any, batch: Any) -> Tensor:
        loss = backward(self, loss_fn, batch)
        if set(batch.rows) <= held[-1]:
            losses.setdefault(self.name, []).append(float(loss))
        return loss

    held: list[set[int]] = []
    begin = Trainer._batches

    def batches(self: Trainer, rows: Any, recipe: Any, seed: int, split: str) -> Any:
        held.append(set(rows.tolist()) if split == "held_out" else set())
        return begin(self, rows, recipe, seed, split)

    monkeypatch.setattr(Trainer, "_batches", batches)
    monkeypatch.setattr(Run, "backward", spy)
    _, trainer = do(bench, "weight_mixup", {**QUICK, "k": 2})
    found = [(p.run, p.value) for p in trainer.curves if p.name == "outer_loss"]
    assert len(found) == 8 and found == [(name, one) for name, values in losses.items() for one in values]
