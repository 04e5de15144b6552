"""What a user's own file is said to be."""

from __future__ import annotations

import json
from pathlib import Path

from ftbench.domain.task import OwnColumns
from ftbench.services.describing import describe_own

BY_NAME = OwnColumns()


def test_a_file_of_classes(tmp_path: Path) -> None:
    rows = [f"a day {'long ' * (n % 3)}number {n},{('good', 'bad', 'good')[n % 3]}" for n in range(30)]
    (tmp_path / "a.csv").write_text("\n".join(["text,label", *rows, "A day number 0!,good"]) + "\n")
    found = describe_own(str(tmp_path / "a.csv"), BY_NAME, ["tiny", "bert-large"])
    assert (found["predicts"], found["text"], found["label"]) == ("2 classes", ["text"], "label")
    assert [(one["set"], one["rows"]) for one in found["sets"]] == [("train", 25), ("dev", 6)]
    assert sum(one["train"] + one["dev"] for one in found["labels"]) == 31
    assert found["sets"][0]["longest"] == 6 and found["sets"][0]["words (median)"] == 5
    assert sum(one["rows"] for one in found["twins"]) == 1
    assert found["majority"] == "on dev: 66.67 accuracy by 'good' throughout"
    mine = [one for one in found["tokens"] if one["model"] == "tiny"]
    assert [(one["set"], one["max_length"], one["cut"]) for one in mine] == [
        ("train", 64, "0.0 %"),
        ("dev", 64, "0.0 %"),
    ]
    assert found["tokens"][-1] == {"model": "bert-large", "why not": "it is not on this machine"}


def test_rows_that_a_model_cuts_are_counted(tmp_path: Path) -> None:
    rows = [f"{'a day ' * (60 if n % 4 == 0 else 1)}{n},{'xy'[n % 2]}" for n in range(40)]
    (tmp_path / "a.csv").write_text("\n".join(["text,label", *rows]) + "\n")
    found = describe_own(str(tmp_path / "a.csv"), BY_NAME, ["tiny"])
    cut = {one["set"]: float(one["cut"].split()[0]) * one["longest"] for one in found["tokens"]}
    assert all(cut.values())


def test_numbers_lists_and_tags(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,label\n" + "".join(f"row {n},{n / 4}\n" for n in range(20)))
    found = describe_own(str(tmp_path / "a.csv"), BY_NAME)
    assert found["predicts"] == "a number" and found["majority"].startswith("on dev: mse ")
    assert min(one["smallest"] for one in found["labels"]) == 0
    lists = [{"text": f"row {n}", "label": [["x"], ["x", "y"], []][n % 3]} for n in range(12)]
    (tmp_path / "b.jsonl").write_text("\n".join(map(json.dumps, lists)))
    found = describe_own(str(tmp_path / "b.jsonl"), BY_NAME)
    assert found["predicts"] == "2 labels"
    counts = {one["label"]: one["train"] + one["dev"] for one in found["labels"]}
    assert counts == {"x": 8, "y": 4}
    (tmp_path / "c.conll").write_text("Anna B-PER\nsings O\n\nBob B-PER\nwaits O\n\n" * 5)
    found = describe_own(str(tmp_path / "c.conll"), BY_NAME)
    assert found["predicts"] == "2 tags of words"
    assert found["majority"] == "on dev: 50.00 of the words by 'O' throughout"
