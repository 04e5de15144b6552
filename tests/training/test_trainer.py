"""The trainer: resuming to the last bit, named runs, held-out rows, pairing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ftbench.errors import BadValue, UnknownName
from ftbench.methods import Method
from ftbench.nn.optimizers import Optimizer
from ftbench.run.data import Batch
from ftbench.run.run import Run
from ftbench.training import evaluation
from ftbench.training.trainer import Stopped, Trainer
from ftbench.training.watch import Diverged, Watch
from tests.training.conftest import Bench, Watcher

Weights = dict[str, Tensor]
Fit = Callable[..., tuple[Weights, Trainer]]


def same(a: Weights, b: Weights) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[n], b[n]) for n in a)


class Stateful(Method):
    """Keeps state everywhere: two optimisers, a running mean of weights, a count, draws, held-out batches."""

    held_out_fraction = 0.25

    def configure_model(self, model: nn.Module, run: Run) -> None:
        self.count = 0
        self.mean = {n: p.detach().clone() for n, p in model.named_parameters()}
        self.losses: list[float] = []

    def configure_optimizers(self, model: nn.Module, run: Run) -> dict[str, Optimizer]:
        head = {n: p for n, p in run.parameters.items() if n in run.head_names}
        body = {n: p for n, p in run.parameters.items() if n not in run.head_names}
        return {"body": run.optimizer(body), "head": run.optimizer(head, flavour="adamw_hf", clip=0.1)}

    def on_train_start(self, run: Run) -> None:
        self.count = sum(len(batch) for batch in run.epoch())

    def training_step(self, run: Run, batch: Batch) -> Tensor:
        loss = run.backward(self.compute_loss, batch)
        run.step_optimizer("body")
        if run.step % 2:
            run.backward(self.compute_loss, run.next_batch("held_out"))
        run.step_optimizer("head")
        if run.step % 3 == 0:
            self.count += next(iter(run.epoch("held_out"))).rows[0]
        self.losses.append(loss.item())
        for name, p in run.parameters.items():
            self.mean[name].lerp_(p.detach(), 0.3)
        return loss

    def edit_gradients(self, run: Run, optimizer: Optimizer) -> None:
        for name, p in run.parameters.items():
            if p.grad is not None:
                p.grad.mul_(run.noise.bernoulli(name, p.shape, 0.7, like=p))

    def model_for_evaluation(self, run: Run) -> nn.Module:
        with torch.no_grad():
            for name, p in run.parameters.items():
                p.copy_(self.mean[name])
        return run.model

    def state_dict(self) -> dict[str, Any]:
        return {"count": self.count, "mean": self.mean, "losses": self.losses}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.count, self.mean, self.losses = state["count"], state["mean"], state["losses"]


METHODS: dict[str, tuple[str, dict[str, Any], type[Method] | None]] = {
    "vanilla": ("vanilla", {}, None),
    "rdrop": ("rdrop", {"loss": "hf_bert"}, None),
    "bidrop": ("bidrop", {"k": 3, "selection": "ess"}, None),
    "bidrop-random": ("bidrop", {"selection": "random"}, None),
    "stateful": ("stateful", {}, Stateful),
}


# -- resuming ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", ["adamw_torch", "adamw_hf"])
@pytest.mark.parametrize("name", METHODS)
def test_a_job_that_was_stopped_ends_as_an_undisturbed_one(
    bench: Bench, fit: Fit, tmp_path: Path, name: str, optimizer: str
) -> None:
    method, given, cls = METHODS[name]
    task = "toy-sim" if optimizer == "adamw_hf" else "toy-accept"
    job = bench.job(method, given, task=task, optimizer=optimizer)

    def one(**more: Any) -> tuple[Weights, Trainer]:
        return fit(job, cls and cls(), **more)

    undisturbed, straight = one()
    seen = []
    for stop in (1, 4, 9):  # the third epoch begins in between
        watcher = Watcher(stop=("main", stop))
        with pytest.raises(Stopped):
            one(folder=tmp_path, listener=watcher)
        seen += watcher.steps
        torch.rand(stop)  # what happens in between is of no consequence
    last = Watcher()
    resumed, trainer = one(folder=tmp_path, listener=last)
    assert [*seen, *last.steps] == [("main", i) for i in range(1, 11)]  # no step twice
    assert trainer.facts["runs"]["main"]["resumed_at"] == 9
    assert same(resumed, undisturbed)
    assert trainer.curves == straight.curves and len(straight.curves) == 20
    assert vars(trainer.method).get("losses") == vars(straight.method).get("losses")
    assert vars(trainer.method).get("count") == vars(straight.method).get("count")


def test_a_job_that_was_killed_goes_on_from_its_last_checkpoint(
    bench: Bench, fit: Fit, tmp_path: Path
) -> None:
    job = bench.job("bidrop")
    undisturbed, _ = fit(job)
    with pytest.raises(Stopped):
        fit(job, folder=tmp_path, listener=Watcher(stop=("main", 3)))
    with pytest.raises(ConnectionAbortedError):
        fit(job, folder=tmp_path, listener=Watcher(crash=("main", 7)))
    watcher = Watcher()
    resumed, _ = fit(job, folder=tmp_path, listener=watcher)
    assert watcher.steps[0] == ("main", 4) and same(resumed, undisturbed)


def test_checkpoints_are_written_as_time_goes_by(bench: Bench, fit: Fit, tmp_path: Path) -> None:
    job = bench.job()
    undisturbed, _ = fit(job)
    with pytest.raises(ConnectionAbortedError):
        fit(job, folder=tmp_path, listener=Watcher(crash=("main", 7)), checkpoint_seconds=0.0)
    watcher = Watcher()
    resumed, _ = fit(job, folder=tmp_path, listener=watcher)
    assert watcher.steps[0] == ("main", 7) and same(resumed, undisturbed)


def test_without_a_folder_nothing_is_written_and_a_stop_is_a_stop(
    bench: Bench, fit: Fit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Stopped):
        fit(bench.job(), listener=Watcher(stop=("main", 2)))
    assert not list(tmp_path.iterdir())


def test_a_checkpoint_of_another_job_is_not_taken(bench: Bench, fit: Fit, tmp_path: Path) -> None:
    with pytest.raises(Stopped):
        fit(bench.job(seed=1), folder=tmp_path, listener=Watcher(stop=("main", 5)))
    watcher = Watcher()
    weights, _ = fit(bench.job(), folder=tmp_path, listener=watcher)
    assert watcher.steps[0] == ("main", 1) and same(weights, fit(bench.job())[0])


def test_a_damaged_checkpoint_costs_the_steps_and_nothing_else(
    bench: Bench, fit: Fit, tmp_path: Path
) -> None:
    with pytest.raises(Stopped):
        fit(bench.job(), folder=tmp_path, listener=Watcher(stop=("main", 5)))
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:1000])
    watcher = Watcher()
    weights, _ = fit(bench.job(), folder=tmp_path, listener=watcher)
    assert watcher.steps[0] == ("main", 1) and same(weights, fit(bench.job())[0])


def test_the_pass_before_the_first_step_is_not_made_again(bench: Bench, fit: Fit, tmp_path: Path) -> None:
    class Counts(Method):
        started = 0

        def on_train_start(self, run: Run) -> None:
            type(self).started += 1

    job = bench.job("counts")
    with pytest.raises(Stopped):
        fit(job, Counts(), tmp_path, listener=Watcher(stop=("main", 5)))
    fit(job, Counts(), tmp_path)
    assert Counts.started == 1


# -- vanilla as the base of the others --------------------------------------------------------------------


@pytest.mark.parametrize("given", [{"keep_ratio": 1}, {"selection": "none"}])
@pytest.mark.parametrize("task", ["toy-accept", "toy-sim"])
@pytest.mark.filterwarnings("ignore:bidrop")
def test_bidrop_of_one_pass_that_keeps_everything_is_vanilla_bit_for_bit(
    bench: Bench, fit: Fit, task: str, given: dict[str, Any]
) -> None:
    vanilla, one = fit(bench.job(task=task))
    bidrop, other = fit(bench.job("bidrop", {"k": 1, **given}, task=task))
    assert same(vanilla, bidrop) and one.curves == other.curves


def test_the_same_job_gives_the_same_bits_and_another_seed_others(bench: Bench, fit: Fit) -> None:
    torch.manual_seed(1)
    first, _ = fit(bench.job())
    torch.manual_seed(2)
    assert same(first, fit(bench.job())[0])
    assert not same(first, fit(bench.job(seed=1))[0])


def test_accumulation_changes_a_run_without_dropout_to_rounding_only(bench: Bench, fit: Fit) -> None:
    whole, _ = fit(bench.job(dropout=0.0, steps=3, optimizer="sgd", lr=0.1))
    split, _ = fit(bench.job(dropout=0.0, steps=3, optimizer="sgd", lr=0.1, accumulation=3))
    for name in whole:
        torch.testing.assert_close(whole[name], split[name], rtol=0, atol=1e-6)


# -- named runs -------------------------------------------------------------------------------------------


class Two(Method):
    """Trains twice and averages."""

    def fit(self, trainer: Trainer) -> nn.Module:
        first = trainer.run(self, name="first").model
        second = trainer.run(self, name="second", seed=trainer.member_seed("second")).model
        with torch.no_grad():
            for a, b in zip(first.parameters(), second.parameters(), strict=True):
                a.add_(b).div_(2)
        return first


def test_a_finished_run_is_not_trained_again(bench: Bench, fit: Fit, tmp_path: Path) -> None:
    job = bench.job("two")
    undisturbed, straight = fit(job, Two())
    with pytest.raises(Stopped):
        fit(job, Two(), tmp_path, listener=Watcher(stop=("second", 4)))
    assert {p.name for p in tmp_path.iterdir()} == {"first.done.pt", "second.part.pt"}
    watcher = Watcher()
    resumed, trainer = fit(job, Two(), tmp_path, listener=watcher)
    assert watcher.steps == [("second", i) for i in range(5, 11)]
    assert same(resumed, undisturbed) and trainer.curves == straight.curves


def test_runs_of_a_job_differ_and_each_can_be_had_alone(bench: Bench, tmp_path: Path) -> None:
    job = bench.job()
    trainer = bench.trainer(job, folder=tmp_path)
    names = {"main": {}, "second": {"seed": trainer.member_seed("second")}, "third": {"recipe": {"lr": 5e-3}}}
    models = {n: trainer.run(trainer.method, name=n, **more).model for n, more in names.items()}
    weights = [next(m.parameters()).detach() for m in models.values()]
    assert not torch.equal(weights[0], weights[1]) and not torch.equal(weights[0], weights[2])
    alone = bench.trainer(job).run(trainer.method, name="third", recipe={"lr": 5e-3}).model
    assert torch.equal(next(alone.parameters()), weights[2])


def test_single_streams_of_a_run_may_have_seeds_of_their_own(bench: Bench) -> None:
    trainer = bench.trainer(bench.job(streams={"order": 3}))
    given = {
        "a": {},
        "b": {"seed": 0},
        "c": {"seed": 5, "streams": {"head": 0, "order": 9}},
        "d": {"seed": 5},
    }
    for name, more in given.items():
        trainer.run(trainer.method, name=name, **more)
    a, b, c, d = (trainer.facts["runs"][n] for n in given)
    assert a["head"] == b["head"] == c["head"] != d["head"]
    assert a["order"] == b["order"] and len({a["order"], c["order"], d["order"]}) == 3


def test_asking_for_a_run_again_gives_it_without_training(bench: Bench, tmp_path: Path) -> None:
    watcher = Watcher()
    trainer = bench.trainer(bench.job(), folder=tmp_path, listener=watcher)
    first = trainer.run(trainer.method, name="main").model
    again = trainer.run(trainer.method, name="main").model
    assert len(watcher.steps) == 10 and len(trainer.curves) == 20
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), again.parameters(), strict=True))


def test_a_run_may_have_settings_of_its_own(bench: Bench) -> None:
    watcher = Watcher()
    trainer = bench.trainer(bench.job(), listener=watcher)
    trainer.run(trainer.method, name="search", recipe={"steps": 3, "batch_size": 8})
    assert trainer.facts["runs"]["search"]["total_steps"] == 3 == len(watcher.steps)
    trainer.run(trainer.method, name="longer", recipe={"epochs": 1.5})  # instead of the job's steps
    assert trainer.facts["runs"]["longer"]["total_steps"] == 15
    with pytest.raises(UnknownName, match="unknown recipe setting 'epoch'"):
        trainer.run(trainer.method, name="other", recipe={"epoch": 3})
    with pytest.raises(BadValue):
        trainer.run(trainer.method, name="other", recipe={"lr": -1})


def test_no_member_of_a_soup_is_shared_between_repetitions(bench: Bench) -> None:
    trainers = [bench.trainer(bench.job(seed=s)) for s in range(5)]
    seeds = {t.member_seed(f"member{i}") for t in trainers for i in range(1, 5)}
    assert len(seeds | set(range(5))) == 25
    assert trainers[0].member_seed("member1") == bench.trainer(bench.job()).member_seed("member1")


# -- held-out rows ----------------------------------------------------------------------------------------


class HoldsOut(Method):
    """Keeps the rows that it saw."""

    held_out_fraction = 0.25

    def __init__(self) -> None:
        super().__init__()
        self.trained, self.held = set[int](), set[int]()

    def training_step(self, run: Run, batch: Batch) -> Tensor:
        self.trained |= set(batch.rows)
        self.held |= set(run.next_batch("held_out").rows)
        return super().training_step(run, batch)


def evaluated(trainer: Trainer, model: nn.Module, monkeypatch: pytest.MonkeyPatch) -> set[int]:
    rows: list[int] = []
    predict = evaluation.predict

    def spy(model: nn.Module, data: Any, wanted: list[int], *more: Any) -> Any:
        rows.extend(wanted)
        return predict(model, data, wanted, *more)

    with monkeypatch.context() as patch:
        patch.setattr(evaluation, "predict", spy)
        found = trainer.evaluate(model)
    assert found.keys() == {"accuracy", "accuracy_label1", "f1", "matthews"}
    assert len(rows) == len(set(rows))
    return set(rows)


def test_held_out_rows_are_never_trained_on_and_alone_are_evaluated(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    method = HoldsOut()
    trainer = bench.trainer(bench.job("holds", noise=0.1), method)
    model = method.fit(trainer)
    assert len(method.trained) == 30 and len(method.held) == 10  # 10 steps of 4: one epoch and more
    assert not method.trained & method.held
    assert evaluated(trainer, model, monkeypatch) == method.held
    assert len(trainer._corpus.rows) == 40 and method.trained | method.held == set(trainer._corpus.rows)


def test_held_out_rows_depend_on_the_seed_of_their_stream_alone(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def held(**more: Any) -> set[int]:
        trainer = bench.trainer(bench.job("holds", **more), HoldsOut())
        return set(map(int, trainer._held_rows))

    base = held()
    assert held(lr=1e-5, batch_size=8) == base == held(noise=0.2)
    assert held(seed=1) != base
    # another seed moves the subset too: only the stream of the split is moved here
    assert held(streams={"split": 1}) != base and held(streams={"order": 1, "head": 1}) == base


def test_a_new_draw_of_the_held_out_rows_is_asked_for_by_seed(bench: Bench) -> None:
    methods = []
    for split_seed in (None, 7, 8, 7):
        methods.append(HoldsOut())
        bench.trainer(bench.job("holds"), methods[-1]).run(methods[-1], split_seed=split_seed)
    held = [m.held for m in methods]
    assert held[1] == held[3] and held[0] != held[1] != held[2]
    assert all(not m.trained & m.held and len(m.held) == 10 for m in methods)


def test_after_a_new_draw_the_jobs_own_rows_are_not_evaluated(bench: Bench) -> None:
    method = HoldsOut()
    trainer = bench.trainer(bench.job("holds"), method)
    model = trainer.run(method, name="first", split_seed=7).model
    assert method.trained & set(map(int, trainer._held_rows))
    with pytest.raises(ValueError, match="a run with split_seed trained on rows that are held out"):
        trainer.evaluate(model)


def test_a_phase_of_a_method_trains_on_no_row_that_the_job_holds_out(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    outer, inner = HoldsOut(), HoldsOut()
    trainer = bench.trainer(bench.job("holds"), outer)
    model = trainer.run(inner, name="search").model
    job_held = evaluated(trainer, model, monkeypatch)
    assert len(job_held) == 10 and not (inner.trained | inner.held) & job_held
    assert len(inner.trained) + len(inner.held) == 30


def test_evaluating_without_held_out_rows_is_an_error(bench: Bench) -> None:
    trainer = bench.trainer(bench.job())
    model = trainer.run(trainer.method).model
    with pytest.raises(ValueError, match="no rows are held out: set held_out_fraction"):
        trainer.evaluate(model)


# -- divergence -------------------------------------------------------------------------------------------


class Diverges(Method):
    """Its loss or its gradient is not finite at the fourth step, and finite afterwards."""

    def __init__(self, what: str) -> None:
        super().__init__()
        self.what = what

    def compute_loss(self, run: Run, batch: Batch) -> Tensor:
        loss = super().compute_loss(run, batch)
        return loss * float("nan") if run.step == 3 and self.what == "loss" else loss

    def training_step(self, run: Run, batch: Batch) -> Tensor:
        loss = run.backward(self.compute_loss, batch)
        if run.step == 3 and self.what == "gradient":
            gradients = run.take_gradients()
            run.set_gradients({n: g / 0.0 for n, g in gradients.items()})
        run.step_optimizer("main")
        return loss


@pytest.mark.parametrize("steps", [10, 500])  # of 500 steps every tenth is looked at
@pytest.mark.parametrize("what", ["loss", "gradient"])
def test_a_run_that_diverged_names_its_first_bad_step(bench: Bench, fit: Fit, what: str, steps: int) -> None:
    watcher = Watcher()
    with pytest.raises(Diverged, match="not finite from step 4 of run 'main'"):
        fit(bench.job("diverges", steps=steps), Diverges(what), listener=watcher)
    assert len(watcher.steps) == (3 if steps == 10 else 9)


def test_no_checkpoint_is_written_after_divergence(bench: Bench, fit: Fit, tmp_path: Path) -> None:
    job = bench.job("diverges", steps=500)
    with pytest.raises(Diverged):
        fit(job, Diverges("loss"), tmp_path, listener=Watcher(stop=("main", 6)))
    assert not list(tmp_path.iterdir())


def test_a_last_step_that_diverged_is_seen(bench: Bench, fit: Fit) -> None:
    with pytest.raises(Diverged, match="step 4"):
        fit(bench.job("diverges", steps=4), Diverges("loss"))


def test_curves_hold_means_since_the_last_point_and_the_last_norm(bench: Bench) -> None:
    class Fixed:
        name, total_steps, step, grad_norm = "main", 100, 0, torch.tensor(3.0)
        recorded: dict[str, Tensor] = {}

    run = Fixed()
    watch = Watch(run)  # type: ignore[arg-type]
    assert watch.every == 2
    for step, loss in enumerate([1.0, 2.0, 5.0, 6.0]):
        run.step = step
        run.recorded = {"other": torch.tensor(10.0 * step)} if step else {}
        watch.note(step, torch.tensor(loss))
        if (step + 1) % watch.every == 0:
            watch.read()
    assert [(p.step, p.name, p.value) for p in watch.points] == [
        (2, "loss", 1.5),
        (2, "other", 10.0),
        (2, "grad_norm", 3.0),
        (4, "loss", 5.5),
        (4, "other", 25.0),
        (4, "grad_norm", 3.0),
    ]


class Records(Method):
    """Wants a value of every other step in the curves."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.curve = name

    def training_step(self, run: Run, batch: Batch) -> Tensor:
        if run.step % 2:
            run.record(self.curve, torch.tensor(float(run.step)))
        return super().training_step(run, batch)


def test_what_a_method_records_is_a_curve_also_after_a_stop_between_points(
    bench: Bench, fit: Fit, tmp_path: Path
) -> None:
    job = bench.job("records", steps=200)  # a point every 4 steps
    _, straight = fit(job, Records("mine"))
    found = [(p.step, p.value) for p in straight.curves if p.name == "mine"]
    assert found == [(step, step - 2.0) for step in range(4, 201, 4)]
    with pytest.raises(Stopped):
        fit(job, Records("mine"), tmp_path, listener=Watcher(stop=("main", 18)))
    assert fit(job, Records("mine"), tmp_path)[1].curves == straight.curves


@pytest.mark.parametrize("name", ["loss", "grad_norm"])
def test_the_curves_of_every_run_are_not_recorded_over(bench: Bench, fit: Fit, name: str) -> None:
    with pytest.raises(ValueError, match=f"the curve '{name}' is recorded by itself"):
        fit(bench.job("records"), Records(name))


# -- pairing ----------------------------------------------------------------------------------------------


class Spy(Method):
    """Keeps the rows of every step and the new layers, and trains nothing."""

    def configure_model(self, model: nn.Module, run: Run) -> None:
        self.rows: list[int] = []
        self.head = {n: p.detach().clone() for n, p in model.named_parameters() if n in run.head_names}

    def training_step(self, run: Run, batch: Batch) -> Tensor:
        self.rows += batch.rows
        return torch.zeros(())


def seen(bench: Bench, **job: Any) -> tuple[Spy, Trainer]:
    spy = Spy()
    trainer = bench.trainer(bench.job("spy", steps=None, epochs=2, **job), spy)
    trainer.run(spy)
    return spy, trainer


def facts(bench: Bench, method: str = "vanilla", **job: Any) -> dict[str, Any]:
    trainer = bench.trainer(bench.job(method, **{"steps": 1, **job}))
    trainer.run(trainer.method)
    run = trainer.facts["runs"]["main"]
    rankings = {k: v for k, v in trainer.facts["digests"].items() if k.startswith("ranking_")}
    return {"head": run["head"], "order": run["order"], **rankings}


RECIPES: list[dict[str, Any]] = [
    {"lr": 1e-5},
    {"batch_size": 16, "accumulation": 2},
    {"dropout": 0.3, "optimizer": "adamw_hf", "weight_decay": 0.1},
    {"max_length": 8, "schedule": "cosine", "clip": 0.1},
    {"precision": "bf16"},
    {"precision": "fp16"},
    {"noise": 0.1},
    {"noise": 0.3},
]


def test_methods_ratios_and_recipes_share_head_order_and_rankings(bench: Bench) -> None:
    changes = {"noise": 0.2, "reduction": 0.5}
    base = facts(bench, **changes)
    assert len(base) == 5
    for method in ("rdrop", "bidrop"):
        assert facts(bench, method, **changes) == base
    for more in RECIPES:
        assert facts(bench, **{**changes, **more}) == base, more
    other = facts(bench, seed=1, **changes)
    assert all(other[k] != base[k] for k in base)
    clean = facts(bench)
    assert clean.keys() == {"head", "order", "ranking_train_size"}
    assert all(clean[k] == base[k] for k in clean.keys() - {"order"})  # fewer rows, in the same order


@pytest.mark.parametrize(
    "change", [{"reduction": 0.5}, {"train_size": 24}, {"batch_size": 7, "reduction": 0.6}]
)
def test_rows_that_two_ratios_have_in_common_come_in_the_same_order(
    bench: Bench, change: dict[str, Any]
) -> None:
    whole, _ = seen(bench)
    part, trainer = seen(bench, **change)
    common = set(part.rows)
    assert len(common) < 40 and common <= set(whole.rows)
    for epoch in (0, 1):
        rows = part.rows[epoch * len(common) :][: len(common)]
        assert rows == [r for r in whole.rows[epoch * 40 :][:40] if r in common]
    fewer, all_ = (facts(bench, **c) for c in (change, {}))
    shared = (fewer.keys() & all_.keys()) - {"order"}
    assert len(shared) == 2 and all(fewer[k] == all_[k] for k in shared)


def test_affected_rows_do_not_depend_on_method_or_recipe(bench: Bench) -> None:
    def affected(method: str = "vanilla", **more: Any) -> dict[str, str]:
        digests: dict[str, str] = bench.trainer(bench.job(method, noise=0.1, reduction=0.5, **more)).facts[
            "digests"
        ]
        return digests

    base = affected()
    assert {"rows", "train_size", "reduction", "noise"} <= base.keys()
    assert affected("rdrop") == affected("bidrop") == affected(lr=1.0, batch_size=8, dropout=0.5) == base
    assert affected(seed=1) != base


def test_new_layers_are_the_same_whatever_is_drawn_before(bench: Bench) -> None:
    heads = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        heads.append(seen(bench)[0].head)
    assert heads[0].keys() == {"classifier.weight", "classifier.bias"} or len(heads[0]) > 2
    assert same(heads[0], heads[1])
    weight = heads[0]["classifier.weight"]
    spread = json.loads((Path(bench.ref.path) / "config.json").read_text())["initializer_range"]
    assert (heads[0]["classifier.bias"] == 0).all() and 0.7 * spread < weight.std() < 1.3 * spread
    assert not torch.equal(weight, seen(bench, seed=1)[0].head["classifier.weight"])


@pytest.mark.parametrize("stream", ["head", "order", "dropout"])
def test_a_stream_with_a_seed_of_its_own_moves_alone(bench: Bench, fit: Fit, stream: str) -> None:
    base, moved = facts(bench), facts(bench, streams={stream: 5})
    assert {k for k in base if base[k] != moved[k]} == ({stream} if stream != "dropout" else set())
    first, _ = fit(bench.job(steps=2, lr=1e-2))
    assert not same(first, fit(bench.job(steps=2, lr=1e-2, streams={stream: 5}))[0])


def test_epochs_count_the_smaller_last_batch(bench: Bench) -> None:
    spy, trainer = seen(bench, batch_size=16)
    assert trainer.facts["runs"]["main"]["total_steps"] == 6
    assert sorted(spy.rows) == sorted([*trainer._corpus.rows] * 2)
    assert np.array_equal(sorted(spy.rows[:40]), trainer._corpus.rows)


@pytest.mark.parametrize(
    ("changed", "warmup"),
    [({"epochs": 1, "steps": None}, 2), ({"steps": 10}, 2), ({"steps": 5}, 1), ({"steps": 30}, 6)],
)
def test_warm_up_in_steps_keeps_its_share_of_a_run_of_another_length(
    bench: Bench, changed: dict[str, Any], warmup: int
) -> None:
    """The job has 10 steps, 2 of them of warm-up; its 40 rows make 10 batches."""
    trainer = bench.trainer(bench.job(steps=10, warmup_steps=2))
    seen = []

    class Phase(Method):
        def on_train_start(self, run: Run) -> None:
            seen.append(run.recipe.warmup(run.total_steps))

    trainer.run(Phase(), name="phase", recipe=changed)
    assert seen == [warmup]


def test_what_is_done_once_before_the_first_step_is_timed(bench: Bench) -> None:
    def seconds(method: str) -> float:
        trainer = bench.trainer(bench.job(method, steps=2))
        trainer.method.fit(trainer)
        return float(trainer.facts["runs"]["main"]["one_off_seconds"])

    assert seconds("vanilla") < 0.05 < seconds("child_tuning_d")


@pytest.mark.parametrize(
    "method",
    ["vanilla", "bidrop", "child_tuning_d", "dps_mix", "freelb", "rdrop", "sam", "smart", "weight_mixup"],
)
def test_methods_train_in_fp16(bench: Bench, method: str) -> None:
    """By autocast on a CPU, which a job of the queue refuses; the scale that they begin with overflows."""
    quick = {"k": 1, "search_epochs": 1} if method == "weight_mixup" else None
    trainer = bench.trainer(bench.job(method, quick, steps=6, precision="fp16"))
    model = trainer.method.fit(trainer)
    assert all(torch.isfinite(p).all() for p in model.parameters())
    run = trainer.facts["runs"]["main"]
    assert 0 <= run["skipped"] < run["total_steps"]
    losses = [point.value for point in trainer.curves if point.name == "loss"]
    assert losses and all(np.isfinite(value) for value in losses)
