"""Whoever computes the ranking by docs/protocols.md finds the rows that are trained on here."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ftbench import tasks
from ftbench.domain.perturbation import Perturbation
from ftbench.domain.recipe import Recipe
from ftbench.domain.task import TaskSpec
from ftbench.run.batches import Batches
from ftbench.run.seeding import stream_seed
from ftbench.training.perturb import Perturbed, apply, evaluated
from ftbench.training.training_rows import TrainingRows
from tests.training.ranked import Ranked, digest, hashed, key

DOCS = Path(__file__).resolve().parents[2] / "docs"
RTE, MNLI, STSB = (tasks.find(name) for name in ("rte", "mnli", "stsb"))
COUNT = 203
TEXTS = tuple(
    np.array(
        [f"{a} Wörter {i % 7}abc1defg the aaaa QUEUED² über {b}" for i in range(COUNT)], dtype=np.object_
    )
    for a, b in (("Sentences", "keyboards"), ("hypothesis", "zzzz mißt"))
)
seeds = pytest.mark.parametrize("seed", [0, 7])


def labels_of(task: TaskSpec) -> Any:
    draws = np.random.default_rng(1)
    return draws.integers(0, 26, COUNT) / 5 if task.regression else draws.integers(0, task.outputs, COUNT)


def changed(task: TaskSpec, seed: int, subset: str = "stratified", **changes: Any) -> Perturbed:
    return apply(
        task,
        labels_of(task),
        Perturbation.of(changes),
        seed_of=lambda stream: stream_seed(stream, task.name, seed),
        recipe=Recipe(subset=subset),
        texts=TEXTS,
    )


@seeds
@pytest.mark.parametrize("how", ["stratified", "uniform"])
@pytest.mark.parametrize("task", [RTE, MNLI, STSB])
def test_subsets(task: TaskSpec, how: str, seed: int) -> None:
    for count in (1, 50, 101, COUNT):
        done = changed(task, seed, how, train_size=count)
        expected = Ranked(task.name, seed).subset(labels_of(task).tolist(), count, how, task.regression)
        assert done.rows.tolist() == expected and done.digests["rows"] == digest(expected)


@seeds
@pytest.mark.parametrize("ratio", [0.05, 0.1, 0.5, 0.7])
def test_rows_that_go_and_wrong_labels_of_those_left(ratio: float, seed: int) -> None:
    ranked, right = Ranked("mnli", seed), dict(enumerate(labels_of(MNLI).tolist()))
    gone = ranked.reduced(right, ratio)
    left = {i: y for i, y in right.items() if i not in gone}
    for kind in ("uniform", "pairflip"):
        done = changed(MNLI, seed, reduction=ratio, noise={"value": ratio, "kind": kind})
        wrong = ranked.noisy(left, ratio, 3, kind == "pairflip")
        assert done.affected["reduction"].tolist() == gone and done.affected["noise"].tolist() == sorted(
            wrong
        )
        expected = left | wrong
        assert dict(zip(done.rows.tolist(), done.labels.tolist(), strict=True)) == expected


@seeds
def test_wrong_labels_by_class(seed: int) -> None:
    right = dict(enumerate(labels_of(MNLI).tolist()))
    flips = [(0, 2, 0.25), (0, 1, 0.5), (2, 0, 1.0)]
    typed = "/".join(f"{a}>{b}:{w}" for a, b, w in flips)
    done = changed(MNLI, seed, noise={"value": 0.4, "kind": "by_class", "flips": typed})
    wrong = Ranked("mnli", seed).flipped(right, 0.4, flips)
    assert set(wrong.values()) == {0, 1, 2}
    assert dict(enumerate(done.labels.tolist())) == right | wrong


@seeds
@pytest.mark.parametrize("ratio", [0.1, 1.0])
def test_misspelt_words(ratio: float, seed: int) -> None:
    ranked, texts = Ranked("rte", seed), {i: [c[i] for c in TEXTS] for i in range(COUNT)}
    done = changed(RTE, seed, typos=ratio)
    assert done.texts is not None
    expected = ranked.misspelt(texts, ratio)
    assert {i: [c[i] for c in done.texts] for i in range(COUNT)} == expected != texts
    found, _ = evaluated(
        RTE,
        labels_of(RTE),
        TEXTS,
        Perturbation.of({"typos": {"value": ratio, "side": "evaluation"}}),
        name="dev",
        seed_of=lambda stream: stream_seed(stream, "rte", seed),
    )
    assert found is not None
    assert (
        {i: [c[i] for c in found] for i in range(COUNT)} == ranked.misspelt(texts, ratio, "dev") != expected
    )


@seeds
@pytest.mark.parametrize("ratio", [0.3, 1.0, 2.5])
def test_copies_of_a_subset(ratio: float, seed: int) -> None:
    ranked = Ranked("rte", seed)
    kept = ranked.subset(labels_of(RTE).tolist(), 60, "stratified")
    assert changed(RTE, seed, train_size=60, duplicates=ratio).rows.tolist() == ranked.copied(
        kept, ratio, COUNT
    )


@seeds
def test_the_order_of_an_epoch_and_the_rows_that_are_held_out(seed: int) -> None:
    rows = np.arange(3, 40)
    batches = Batches(None, rows, None, batch_size=4, task="rte", seed=seed)  # type: ignore[arg-type]
    for epoch in (0, 1):
        s = hashed("ftbench", "order", "rte", seed, "train", epoch)
        assert rows[batches.order(epoch)].tolist() == sorted(rows.tolist(), key=lambda i: key(s, i))
    numbers = np.array([*range(10), *range(10, 15)])  # of 10 rows, five of them twice
    split = TrainingRows("rte", numbers, None, None, {}, 10)  # type: ignore[arg-type]
    s = hashed("ftbench", "split", "rte", seed)
    expected: list[int] = []
    for row in sorted(range(10), key=lambda i: key(s, i)):
        if len(expected) < 3:
            expected += [i for i in numbers.tolist() if i % 10 == row]
    assert split.split(numbers, 0.2, seed)[1].tolist() == sorted(expected)


def test_the_example_of_the_page() -> None:
    page = (DOCS / "protocols.md").read_text(encoding="utf-8")
    found = re.findall(r"^\| `(\w+)` \| (\d{15,}) \| ([\d, ]+) \|$", page, re.M)
    assert [name for name, *_ in found] == ["noise", "train_size"]
    for name, seed, rows in found:
        own = Ranked("rte", 0).seed(name, "subset" if name == "train_size" else "perturbation")
        assert own == int(seed)
        first = sorted(range(2490), key=lambda i: key(own, i))[:6]
        assert ", ".join(map(str, first)) == rows
