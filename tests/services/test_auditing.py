"""Audits: which rows of a comparison are in doubt, and what they could change."""

from __future__ import annotations

from pathlib import Path

from ftbench import tasks
from ftbench.services.auditing import audit, audit_card, conflicts, overlap, undecided

LEFT = ["the dog sleeps near the river", "a cat loves the boy", "a cat loves the girl"]
RIGHT = ["the dog sleeps near the rivers", "a cat loves the boy", "nobody is here at all"]


def test_rows_seen_in_training_are_counted_with_their_labels() -> None:
    found = overlap(LEFT, [0, 1, 1], RIGHT, [0, 0, 1])
    assert [(pair.left, pair.right) for pair in found.pairs] == [(0, 0), (1, 1)]
    assert (found.rows, found.equal, found.other_label, found.undecided) == (3, 1, 1, 0)


def test_labels_that_disagree_bound_what_any_model_can_score() -> None:
    texts, labels = ["a", "a", "a", "b", "b", "c"], [0, 0, 1, 1, 0, 1]
    assert undecided(texts, labels) == 2
    assert conflicts(texts, labels) == 5
    assert undecided(["a", "a"], [1, 1]) == conflicts(["a", "a"], [1, 1]) == 0


def test_a_file_is_audited(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    train = "".join(f"the dog number {n} sleeps,{'ab'[n % 2]}\n" for n in range(20))
    (tmp_path / "d" / "train.csv").write_text(f"text,label\n{train}Twice,a\ntwice!,b\n")
    (tmp_path / "d" / "dev.csv").write_text(
        "text,label\nthe dog number 3 sleeps!,b\nTHE DOG number 4 sleeps,b\n"
        "new words here,a\nnew words here,b\n"
    )
    (spec,) = tasks.expand([str(tmp_path / "d")])
    found = audit(spec, None)
    assert found["training rows with a twin"] == 1
    assert found["training rows whose twins have other labels"] == 2
    (one,) = found["sets"]
    wanted = {"rows": 4, "near-duplicates": 2, "of these equal": 2, "with another label": 1, "undecided": 1}
    assert {name: one[name] for name in wanted} == wanted
    assert one["could change"] == (
        "accuracy by up to 50.00 points if they were left out; no model of the text alone gets above 75.00"
    )
    first, _ = one["pairs"]
    assert (first["row"], first["training row"], first["jaccard"], first["training label"]) == (
        1,
        4,
        1.0,
        "b",
    )
    assert len(audit_card(found)["nearest pairs"]) == 2


def test_a_task_of_ours_is_audited() -> None:
    found = audit(tasks.find("toy-accept"), None)
    assert found["training rows"] == 800 and found["sets"][0]["could change"] == "nothing"
