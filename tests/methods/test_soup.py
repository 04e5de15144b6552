"""Model soup: what is averaged, what is chosen, and how members are seeded."""

from __future__ import annotations

import weakref
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from ftbench.errors import BadValue, UnknownName
from ftbench.methods.soup import Soup
from ftbench.testing.bench import Bench, Watcher
from ftbench.training.trainer import Stopped, Trainer
from tests.methods.jobs import Weights, do, same


def members(bench: Bench, monkeypatch: pytest.MonkeyPatch, given: dict[str, Any], **more: Any) -> Any:
    """A soup, its trainer, and the weights of its members."""
    found: list[Weights] = []
    run = Trainer.run

    def spy(self: Any, method: Any, **how: Any) -> Any:
        trained = run(self, method, **how)
        found.append({n: p.detach().clone() for n, p in trained.model.named_parameters()})
        return trained

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "run", spy)
        return *do(bench, "soup", given, **more), found


@pytest.mark.parametrize("task", ["toy-accept", "toy-sim"])
def test_a_soup_of_one_is_vanilla_bit_for_bit(bench: Bench, task: str) -> None:
    assert same(do(bench, "soup", {"members": 1}, task=task)[0], do(bench, "vanilla", {}, task=task)[0])


def test_the_uniform_soup_is_the_mean_of_its_members(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    soup, trainer, found = members(bench, monkeypatch, {"members": 3})
    assert same(found[0], do(bench, "vanilla", {})[0])
    for name in soup:
        torch.testing.assert_close(soup[name], torch.stack([m[name] for m in found]).mean(0))
    runs = trainer.facts["runs"]
    assert list(runs) == ["main", "member-1", "member-2"]
    assert all(len({r[fact] for r in runs.values()}) == 3 for fact in ("head", "order"))
    assert all(r["rows"] == 40 for r in runs.values())


@pytest.mark.parametrize("streams", [{}, {"head": 7}])
def test_members_may_share_their_first_head_and_nothing_else(bench: Bench, streams: dict[str, int]) -> None:
    _, trainer = do(bench, "soup", {"members": 3, "shared_head": True}, streams=streams)
    runs = trainer.facts["runs"].values()
    assert len({r["head"] for r in runs}) == 1 and len({r["order"] for r in runs}) == 3
    _, alone = do(bench, "vanilla", {}, streams=streams)
    assert {r["head"] for r in runs} == {alone.facts["runs"]["main"]["head"]}


def test_no_member_is_shared_with_another_seed(bench: Bench) -> None:
    heads = []
    for seed in range(3):
        _, trainer = do(bench, "soup", {"members": 3}, seed=seed, steps=1)
        heads += [r["head"] for r in trainer.facts["runs"].values()]
    assert len(set(heads)) == 9


@pytest.mark.parametrize("ties", [False, True])
def test_greedy_holds_rows_out_and_takes_what_raises_the_metric_or_by_the_paper_keeps_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, ties: bool
) -> None:
    """Scores of the members 0.5, 0.8, 0.7, 0.6; with 1 alone 0.8: 2 ties, 3 raises, 0 lowers."""
    scores = iter([0.5, 0.8, 0.7, 0.6] + [0.8, 0.9, 0.85])
    tried: list[Weights] = []

    def evaluate(self: Trainer, model: nn.Module) -> dict[str, float]:
        tried.append({n: p.detach().clone() for n, p in model.named_parameters()})
        return {self.task.metric: next(scores), "loss": 1.0}

    monkeypatch.setattr(Trainer, "evaluate", evaluate)
    soup, trainer, found = members(
        bench, monkeypatch, {"members": 4, "selection": "greedy", "ties": ties}, steps=2
    )
    assert all(r["rows"] == 36 for r in trainer.facts["runs"].values())

    def mean(*which: int) -> Weights:
        return {n: torch.stack([found[i][n] for i in which]).mean(0) for n in soup}

    trials = [mean(1, 2), mean(1, 3), mean(1, 3, 0), mean(1, 3)]
    if ties:
        trials = [mean(1, 2), mean(1, 2, 3), mean(1, 2, 3, 0), mean(1, 2, 3)]
    for got, wanted in zip([*tried[4:], soup], trials, strict=True):
        for name in wanted:
            torch.testing.assert_close(got[name], wanted[name])


@pytest.mark.parametrize("task", ["toy-accept", "toy-sim"])
def test_greedy_scores_with_the_tasks_metric_on_rows_no_member_trained_on(bench: Bench, task: str) -> None:
    weights, trainer = do(bench, "soup", {"members": 3, "selection": "greedy"}, task=task, train_size=80)
    assert all(torch.isfinite(p).all() for p in weights.values())
    assert len(trainer._held_rows) == 8 and not set(trainer._held_rows) & set(trainer._train_rows)


@pytest.mark.parametrize("selection", ["uniform", "greedy"])
def test_a_soup_that_was_stopped_ends_as_an_undisturbed_one(
    bench: Bench, tmp_path: Path, selection: str
) -> None:
    given = {"members": 3, "selection": selection}
    undisturbed, straight = do(bench, "soup", given)
    seen = []
    for stop in (("main", 4), ("member-1", 3), ("member-2", 9)):
        watcher = Watcher(stop=stop)
        with pytest.raises(Stopped):
            do(bench, "soup", given, folder=tmp_path, listener=watcher)
        seen += watcher.steps
    last = Watcher()
    resumed, trainer = do(bench, "soup", given, folder=tmp_path, listener=last)
    runs = [(n, s) for n in ("main", "member-1", "member-2") for s in range(1, 11)]
    assert [*seen, *last.steps] == runs
    assert same(resumed, undisturbed) and trainer.curves == straight.curves


@pytest.mark.parametrize("folder", [True, False])
def test_members_are_let_go_before_the_next_is_trained(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: bool
) -> None:
    alive: list[int] = []
    refs: list[weakref.ref[nn.Module]] = []
    run = Trainer._train

    def spy(self: Trainer, one: Any, *rest: Any) -> Any:
        alive.append(sum(r() is not None for r in refs))
        refs.append(weakref.ref(one.model))
        return run(self, one, *rest)

    monkeypatch.setattr(Trainer, "_train", spy)
    do(bench, "soup", {"members": 4}, steps=1, **({"folder": tmp_path} if folder else {}))
    assert alive == [0, 0, 0, 0]


def test_what_is_out_of_range_is_refused() -> None:
    for given in ({"members": 0}, {"selection": "best"}):
        with pytest.raises((BadValue, UnknownName)):
            Soup.resolve(given)
