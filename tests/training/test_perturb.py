from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftbench import tasks
from ftbench.domain.perturbation import Perturbation
from ftbench.domain.recipe import Recipe
from ftbench.errors import BadValue, PluginError
from ftbench.perturbations import EVALUATION, Draws, LabelledRows, Perturber
from ftbench.perturbations.noise import wrong_labels
from ftbench.perturbations.train_size import quantile_bins, subset_order
from ftbench.run.seeding import keys_of, stream_seed
from ftbench.training import perturb
from ftbench.training.perturb import Perturbed, apply, evaluated

COLA, MNLI, STSB = (tasks.find(name) for name in ("cola", "mnli", "stsb"))
TWO = np.array([1, 0, 1, 1, 0, 1, 1, 0, 1, 1] * 10)  # 70 of class 1
THREE = np.arange(90) % 3
SCORES = np.repeat(np.linspace(0, 5, 26), [3, 1] * 13)  # 52 scores, half of them thrice


def seeds(task: str = "cola", seed: int = 0) -> Callable[[str], int]:
    return lambda stream: stream_seed(stream, task, seed)


def run(
    labels: Any = TWO, task: Any = COLA, subset: str = "stratified", seed: int = 0, **changes: Any
) -> Perturbed:
    change, recipe = Perturbation.of(changes), Recipe(subset=subset)
    return apply(task, labels, change, seed_of=seeds(task.name, seed), recipe=recipe)


def test_clean_run_leaves_everything() -> None:
    done = run()
    assert done.rows.tolist() == list(range(100)) and done.labels.tolist() == TWO.tolist()
    assert done.affected == {}


def test_given_labels_are_not_written_to() -> None:
    labels = TWO.copy()
    run(labels, noise=0.5, reduction=0.5)
    assert labels.tolist() == TWO.tolist()


@pytest.mark.parametrize(("ratio", "count"), [(0.05, 5), (0.1, 10), (0.15, 15), (0.004, 0), (0.99, 99)])
def test_noise_flips_exactly_its_share_of_two_classes(ratio: float, count: int) -> None:
    done = run(noise=ratio)
    changed = np.flatnonzero(done.labels != TWO)
    assert changed.tolist() == done.affected["noise"].tolist() and len(changed) == count
    assert (done.labels[changed] == 1 - TWO[changed]).all()


def test_noise_spreads_over_the_other_classes() -> None:
    labels = np.arange(9000) % 3
    done = run(labels, MNLI, noise=0.5)
    shift = (done.labels - labels)[done.affected["noise"]] % 3
    counts = Counter(shift.tolist())
    assert set(counts) == {1, 2} and abs(counts[1] - 2250) < 150  # 4.5 standard deviations


def test_a_wrong_label_stays_the_same_at_every_ratio() -> None:
    some, more = run(THREE, MNLI, noise=0.2), run(THREE, MNLI, noise=0.6)
    hit = some.affected["noise"]
    assert (some.labels[hit] == more.labels[hit]).all()


@pytest.mark.parametrize(("ratio", "left"), [(0.5, 35), (0.6, 28), (0.7, 21)])
def test_reduction_removes_its_share_of_class_1_alone(ratio: float, left: int) -> None:
    done = run(reduction=ratio)
    assert Counter(done.labels.tolist()) == {0: 30, 1: left}
    assert (TWO[done.affected["reduction"]] == 1).all()
    assert sorted([*done.rows, *done.affected["reduction"]]) == list(range(100))


def test_reduction_of_cola_is_that_of_the_paper() -> None:
    labels = np.array([0] * 2528 + [1] * 6023)
    assert Counter(run(labels, reduction=0.7).labels.tolist()) == {0: 2528, 1: 1807}


@pytest.mark.parametrize("kind", ["noise", "reduction"])
def test_rows_of_a_smaller_ratio_are_among_those_of_a_larger(kind: str) -> None:
    found = [set(run(**{kind: r}).affected[kind].tolist()) for r in (0.05, 0.1, 0.15, 0.5, 0.7)]
    assert all(small < large for small, large in zip(found, found[1:], strict=False))


@pytest.mark.parametrize("subset", ["stratified", "uniform"])
@pytest.mark.parametrize(("labels", "task"), [(TWO, COLA), (THREE, MNLI), (SCORES, STSB)])
def test_a_smaller_subset_is_within_a_larger(subset: str, labels: Any, task: Any) -> None:
    found = [set(run(labels, task, subset, train_size=n).rows.tolist()) for n in (1, 7, 30, 50)]
    assert [len(rows) for rows in found] == [1, 7, 30, 50]
    assert all(small < large for small, large in zip(found, found[1:], strict=False))


def test_stratified_subset_keeps_the_shares_by_hand() -> None:
    # Of 7 and 3 rows, 5 rows are 3.5 and 1.5: the classes' rows stand at 1/14, 3/14, … and 1/6, 3/6, 5/6, so
    # that the first five are 1/14, 1/6, 3/14, 5/14 and one of the two at 7/14 = 3/6.
    labels = np.array([1] * 7 + [0] * 3)
    assert [int(run(labels, train_size=n).labels.sum()) for n in (1, 2, 3, 4)] == [1, 1, 2, 3]
    assert int(run(labels, train_size=5).labels.sum()) in (3, 4)
    assert int(run(labels, train_size=10).labels.sum()) == 7


@given(st.integers(1, 60), st.integers(1, 60), st.data())
def test_stratified_subset_has_the_counts_of_largest_remainders(zeros: int, ones: int, data: Any) -> None:
    size = data.draw(st.integers(1, zeros + ones))
    labels = np.array([0] * zeros + [1] * ones)
    found = int(run(labels, train_size=size).labels.sum())
    quota = size * ones / (zeros + ones)
    whole, rest = int(quota), quota - int(quota)
    if abs(rest - 0.5) < 1e-9:
        assert found in (whole, whole + 1)
    else:
        assert found == whole + (rest > 0.5)


def test_ties_between_classes_differ_from_seed_to_seed() -> None:
    labels = np.array([0, 1] * 10)
    assert {int(run(labels, seed=s, train_size=1).labels[0]) for s in range(12)} == {0, 1}


def test_subset_of_scores_covers_all_tenths() -> None:
    scores = np.random.default_rng(0).uniform(0, 5, 1000)
    done = run(scores, STSB, train_size=50)
    assert Counter(quantile_bins(scores)[done.rows].tolist()) == {i: 5 for i in range(10)}
    assert done.labels.tolist() == scores[done.rows].tolist()


def test_equal_scores_fall_into_one_tenth() -> None:
    bins = quantile_bins(np.array([0.0, 0.0, 0.0, 5.0, 1.0, 2.0, 2.0, 3.0, 4.0, 4.5]))
    assert bins.tolist() == [0, 0, 0, 9, 3, 4, 4, 6, 7, 8]


def test_uniform_subset_is_a_prefix_of_the_ranking() -> None:
    ranks = np.array([3, 0, 2, 1])
    assert subset_order(COLA, np.array([0, 1, 0, 1]), ranks, "uniform").tolist() == [1, 3, 2, 0]


def test_whole_training_set_is_its_own_subset() -> None:
    assert run(train_size=100).rows.tolist() == list(range(100))


def test_larger_subset_than_the_data_names_both() -> None:
    with pytest.raises(BadValue, match="train_size of cola: CoLA has 100 training rows"):
        run(train_size=101)


def test_changes_follow_one_another() -> None:
    done = run(train_size=50, reduction=0.6, noise=0.1)
    kept, removed, hit = (set(done.affected[k].tolist()) for k in ("train_size", "reduction", "noise"))
    assert len(kept) == 50 and len(removed) == 21 and removed < kept  # 35 of class 1 in the subset
    assert set(done.rows.tolist()) == kept - removed
    assert len(hit) == 3 and hit < kept - removed  # a tenth of the 29 left
    assert done.rows.tolist() == sorted(done.rows.tolist())
    original = TWO[done.rows]
    assert set(done.rows[done.labels != original].tolist()) == hit


def test_clean_and_noisy_runs_have_the_same_subset() -> None:
    assert run(train_size=40).digests["rows"] == run(train_size=40, noise=0.3).digests["rows"]


def test_rankings_are_the_same_at_every_ratio_and_differ_between_seeds_and_kinds() -> None:
    changes: dict[str, Any] = {"noise": 0.1, "reduction": 0.3, "train_size": 20}
    found = run(**changes, subset="uniform").digests
    names = [f"ranking_{name}" for name in changes]
    assert all(run(**{n: v}).digests[f"ranking_{n}"] == found[f"ranking_{n}"] for n, v in changes.items())
    assert run(noise=0.4).digests["ranking_noise"] == found["ranking_noise"]
    assert len({found[name] for name in names}) == 3
    other = run(**changes, seed=1).digests
    assert all(found[name] != other[name] for name in names)


def test_only_the_two_streams_of_the_data_are_asked_for() -> None:
    asked: set[str] = set()

    def seed_of(stream: str) -> int:
        asked.add(stream)
        return 7

    apply(COLA, TWO, Perturbation.of({"train_size": 50, "reduction": 0.2, "noise": 0.2}), seed_of=seed_of)
    assert asked == {"subset", "perturbation"}


def test_rows_are_the_same_on_every_machine() -> None:
    done = run(train_size=20, reduction=0.5, noise=0.2)
    assert done.rows.tolist() == [0, 8, 11, 14, 23, 31, 47, 60, 62, 84, 93, 95, 97]
    assert done.affected["noise"].tolist() == [11, 47, 60]


@pytest.mark.parametrize("changes", [{"noise": 0.1}, {"reduction": 0.5}, {"noise": 0.1, "reduction": 0.5}])
def test_scores_take_neither_noise_nor_reduction(changes: dict[str, float]) -> None:
    with pytest.raises(BadValue, match="of stsb: STS-B is a regression task"):
        run(SCORES, STSB, **changes)
    assert len(run(SCORES, STSB, train_size=5).rows) == 5
    assert len(run(THREE, MNLI, **changes).rows) in (75, 90)


def test_a_reduction_that_leaves_nothing_is_refused() -> None:
    with pytest.raises(BadValue, match="leaves no training rows"):
        run(np.array([1]), reduction=0.9)


def test_a_wrong_label_depends_on_the_row_alone() -> None:
    labels = np.zeros(50, dtype=np.int64)
    rows = np.arange(50)
    whole = wrong_labels(labels, keys_of(rows, 5), 3)
    assert wrong_labels(labels[:10], keys_of(rows[20:30], 5), 3).tolist() == whole[20:30].tolist()
    assert (whole > 0).all() and (whole < 3).all()


@given(
    st.lists(st.integers(0, 2), min_size=4, max_size=80).filter(lambda found: found.count(1) > 1),
    st.floats(0, 0.95),
    st.floats(0, 0.95),
    st.integers(0, 2**31),
)
def test_counts_are_exact_whatever_the_data(
    labels: list[int], reduction: float, noise: float, seed: int
) -> None:
    ones = labels.count(1)
    removed = round(reduction * ones)
    if len(labels) == removed:
        return
    done = run(np.array(labels), MNLI, seed=seed, reduction=reduction, noise=noise)
    assert len(done.rows) == len(labels) - removed
    wrong = done.labels != np.array(labels)[done.rows]
    assert wrong.sum() == round(noise * len(done.rows))
    assert set(done.labels.tolist()) <= {0, 1, 2}


class Relabels(Perturber):
    """Changes what evaluation rows must keep."""

    name = "relabels"

    def sides(self) -> tuple[str, ...]:
        return (EVALUATION,)

    def perturb(self, rows: LabelledRows, draws: Draws) -> tuple[LabelledRows, Any]:
        return rows.relabelled(rows.numbers[:1], 1 - rows.labels[:1]), rows.numbers[:1]


def test_of_evaluation_rows_the_texts_alone_may_change(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Relabels(Relabels.Settings(0.5))
    monkeypatch.setattr(perturb.perturbations, "by_place", lambda change, files: [made])
    texts = (np.array(["a"] * 100, dtype=object),)
    change = Perturbation.of({"relabels": 0.5})
    with pytest.raises(PluginError, match="relabels: of evaluation rows it may change the texts alone"):
        evaluated(COLA, TWO, texts, change, name="dev", seed_of=seeds())


def test_texts_are_told_to_be_as_they_were_where_rows_are_only_left_out_or_copied() -> None:
    texts = (np.array([f"words of row {i}" for i in range(100)], dtype=object),)
    for spec, same in (
        ({"train_size": 50, "duplicates": 0.5, "noise": 0.1}, True),
        ({"train_size": 50, "typos": 0.1}, False),
    ):
        done = apply(COLA, TWO, Perturbation.of(spec), seed_of=seeds(), texts=texts)
        assert (done.texts is None) == same


def test_words_are_misspelt_after_rows_were_removed_and_copies_have_the_same_mistakes() -> None:
    texts = (np.array([f"words number {i}" for i in range(100)], dtype=object),)
    spec = {"reduction": 0.5, "typos": 0.5, "duplicates": 1}
    done = apply(COLA, TWO, Perturbation.of(spec), seed_of=seeds(), texts=texts)
    assert done.texts is not None and len(done.rows) == 130
    by_row: dict[int, set[str]] = {}
    for row, text in zip(done.rows.tolist(), done.texts[0].tolist(), strict=True):
        by_row.setdefault(row % 100, set()).add(text)
    assert len(by_row) == 65 and all(len(found) == 1 for found in by_row.values())
    written = [text.split()[:2] for (text,) in by_row.values()]
    wrong = sum((first != "words") + (second != "number") for first, second in written)
    assert wrong == 65  # half of two words in each of 65 rows


@pytest.mark.parametrize("name", ["noise", "typos", "duplicates"])
def test_what_is_affected_depends_on_neither_the_recipe_nor_wrong_labels(name: str) -> None:
    texts = (np.array(["several words stand here"] * 100, dtype=object),)
    digests = set()
    for recipe, more in ((Recipe(), {}), (Recipe(lr=1e-3, epochs=9), {}), (Recipe(), {"noise": 0.2})):
        spec = {**more, name: 0.2}
        done = apply(COLA, TWO, Perturbation.of(spec), seed_of=seeds(), recipe=recipe, texts=texts)
        digests.add((done.digests[name], done.digests[f"ranking_{name}"]))
    assert len(digests) == 1


def test_each_evaluation_set_has_draws_of_its_own_which_training_rows_do_not_share() -> None:
    texts = (np.array(["several words stand here"] * 100, dtype=object),)
    change = Perturbation.of({"typos": {"value": 0.2, "side": "both"}})
    found = [apply(COLA, TWO, change, seed_of=seeds(), texts=texts).affected["typos"].tolist()]
    for name in ("dev", "mnli-mm", "dev"):
        changed, _ = evaluated(COLA, TWO, texts, change, name=name, seed_of=seeds())
        assert changed is not None
        found.append(np.flatnonzero(changed[0] != texts[0]).tolist())
    training, dev, other, again = found
    assert dev == again and training != dev != other != training
