from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from ftbench import tasks
from ftbench.tasks import sources
from tests.tasks import layouts

DATA = os.environ.get("FTBENCH_DATA")
needs_data = pytest.mark.skipif(not DATA, reason="FTBENCH_DATA is not set")

# Counts of the official files; None where the folder may hold a part of the official rows.
COUNTS: dict[str, dict[str, dict[int, int] | None]] = {
    "cola": {"train": {0: 2528, 1: 6023}, "dev": {0: 322, 1: 721}},
    "mrpc": {"train": {0: 1194, 1: 2474}, "dev": {0: 129, 1: 279}},
    "rte": {"train": {0: 1249, 1: 1241}, "dev": {0: 146, 1: 131}},
    "sst2": {"train": {0: 29780, 1: 37569}, "dev": {0: 428, 1: 444}},
    "qnli": {"train": None, "dev": {0: 2702, 1: 2761}},
    "qqp": {"train": None, "dev": {0: 25545, 1: 14885}},
    "mnli": {
        "train": None,
        "mnli": {0: 3479, 1: 3123, 2: 3213},
        "mnli-mm": {0: 3463, 1: 3129, 2: 3240},
    },
}


@needs_data
@pytest.mark.parametrize("name", COUNTS)
def test_official_files_give_the_official_label_counts(name: str) -> None:
    task = tasks.find(name)
    ref = sources.locate(task, Path(str(DATA)))
    assert ref.source == "folder" and ref.revision.startswith("sha256:")
    for set_name, counts in COUNTS[name].items():
        rows = sources.read(task, set_name, ref)
        assert all(len(column) == len(rows) for column in rows.texts)
        assert counts is None or Counter(rows.labels) == counts
        assert set(rows.labels) == set(range(task.outputs))


@needs_data
def test_stsb_scores_have_the_official_means() -> None:
    task = tasks.find("stsb")
    ref = sources.locate(task, Path(str(DATA)))
    train, dev = (sources.read(task, name, ref) for name in ("train", "dev"))
    assert (len(train), len(dev)) == (5749, 1500)
    assert sum(train.labels) / len(train) == pytest.approx(2.701, abs=5e-4)
    assert sum(dev.labels) / len(dev) == pytest.approx(2.364, abs=5e-4)


@needs_data
@pytest.mark.parametrize(
    ("name", "row", "first", "label"),
    [
        ("cola", 0, "Our friends won't buy this analysis, let alone the next one we propose.", 1),
        ("rte", 0, "No Weapons of Mass Destruction Found in Iraq Yet.", 1),
        ("sst2", 0, "hide new secretions from the parental units ", 0),
        ("stsb", 0, "A plane is taking off.", 5.0),
    ],
)
def test_first_training_row_is_the_official_one(name: str, row: int, first: str, label: float) -> None:
    task = tasks.find(name)
    rows = sources.read(task, "train", sources.locate(task, Path(str(DATA))))
    assert (rows.texts[0][row], rows.labels[row]) == (first, label)


def test_label_order_is_that_of_the_hub() -> None:
    assert tasks.find("rte").labels == tasks.find("qnli").labels == ("entailment", "not_entailment")
    assert tasks.find("mnli").labels == ("entailment", "neutral", "contradiction")
    assert tasks.find("cola").labels == ("unacceptable", "acceptable")
    assert tasks.find("mrpc").labels == ("not_equivalent", "equivalent")
    assert tasks.find("stsb").regression and tasks.find("stsb").outputs == 1


def test_reported_metrics_are_those_of_the_papers() -> None:
    metrics = {task.name: task.metric for task in tasks.expand(["glue"])}
    assert metrics == {
        "cola": "matthews",
        "mrpc": "f1",
        "rte": "accuracy",
        "stsb": "spearman",
        "sst2": "accuracy",
        "qnli": "accuracy",
        "qqp": "f1",
        "mnli": "accuracy",
    }


def test_the_matched_set_of_mnli_is_reported_first() -> None:
    assert [rows.name for rows in tasks.find("mnli").evaluation] == ["mnli", "mnli-mm"]


def test_cola_is_read_by_position(tmp_path: Path) -> None:
    task = tasks.find("cola")
    ref = sources.locate(task, layouts.cola(tmp_path))
    rows = sources.read(task, "train", ref)
    assert rows.texts == (["The dog sleeps.", "The dog sleep the.", "We ran."],)
    assert rows.labels == [1, 0, 1]
    assert sources.read(task, "dev", ref).texts == (["Ran we did not it.", "It rains."],)


def test_mnli_leaves_out_rows_without_gold_label(tmp_path: Path) -> None:
    task = tasks.find("mnli")
    ref = sources.locate(task, layouts.mnli(tmp_path))
    assert sources.read(task, "train", ref) == sources.Rows((["A"], ["B"]), [1])
    assert sources.read(task, "mnli", ref) == sources.Rows((["A"], ["B"]), [2])
    assert sources.read(task, "mnli-mm", ref) == sources.Rows((["E"], ["F"]), [0])


def test_qqp_leaves_out_the_rows_that_newlines_broke(tmp_path: Path) -> None:
    task = tasks.find("qqp")
    good = "1\t2\t3\tWhy?\tHow?\t1"
    head = "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate"
    layouts.write(tmp_path / "QQP/train.tsv", head, good, '4\t5\t6\t"Why', '\tHow?"\t0', good)
    layouts.write(tmp_path / "QQP/dev.tsv", head, good)
    rows = sources.read(task, "train", sources.locate(task, tmp_path))
    assert rows.texts == (["Why?", "Why?"], ["How?", "How?"])
