"""Files that cannot be a task: each is refused in one line with file and row, and nothing is written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ftbench.cli.app import run

GOOD = "".join(f"a fine day {n},{'good' if n % 2 else 'bad'}\n" for n in range(10))
CSV = f"text,label\n{GOOD}"
LINES = "".join(f'{{"text": "a day {n}", "label": "{"ab"[n % 2]}"}}\n' for n in range(10))
CONLL = "Anna\tB-PER\nsings\tO\n\nBob\tB-PER\nwaits\tO\n"
Files = Mapping[str, str | bytes]

#: What it is -> the files, what is typed, and what the line says.
MALFORMED: dict[str, tuple[Files, str, str]] = {
    "no such file": (
        {"reviews.csv": CSV},
        "./revews.csv",
        "revews.csv: does not exist; did you mean 'reviews",
    ),
    "empty": ({"a.csv": ""}, "./a.csv", "a.csv: is empty"),
    "blank": ({"a.csv": "\n\n \n"}, "./a.csv", "a.csv: is empty"),
    "a header alone": ({"a.csv": "text,label\n"}, "./a.csv", "a.csv: has a header and no rows"),
    "a blank header": ({"a.csv": f"\n{CSV}"}, "./a.csv", "a.csv, line 1: is blank"),
    "a column without name": ({"a.csv": "text,,label\nx,y,z\n"}, "./a.csv", "line 1: column 2 has no name"),
    "a name twice": (
        {"a.csv": "text,label,text\na,b,c\n"},
        "./a.csv",
        "line 1: two columns are called 'text'",
    ),
    "a short row": ({"a.csv": f"{CSV}short\n"}, "./a.csv", "a.csv, line 12: 1 cell where the header names 2"),
    "a long row": ({"a.csv": f"{CSV}a,b,c\n"}, "./a.csv", "a.csv, line 12: 3 cells where the header names 2"),
    "a ragged TSV": ({"a.tsv": "text\tlabel\na\tb\nc\n"}, "./a.tsv", "a.tsv, line 3: 1 cell where"),
    "an open quote": (
        {"a.csv": f'{CSV}"a,b\n{GOOD}'},
        "./a.csv",
        "a.csv, line 12: a quote opens here and never",
    ),
    "a quote inside": (
        {"a.csv": f'{CSV}"a" day,good\n'},
        "./a.csv",
        "a.csv, line 12: a quote inside a cell is",
    ),
    "a zero byte": ({"a.csv": f"{CSV}a\0b,good\n"}, "./a.csv", "a.csv, line 12: a zero byte"),
    "Latin 1": ({"a.csv": CSV.encode() + b"caf\xe9,good\n"}, "./a.csv", "a.csv, line 12: not UTF-8 text"),
    "UTF-16": ({"a.csv": CSV.encode("utf-16")}, "./a.csv", "a.csv: is UTF-16; save it as UTF-8"),
    "empty text": ({"a.csv": f"{CSV} ,good\n"}, "./a.csv", "a.csv, line 12: has no text ('text' is empty)"),
    "no label": ({"a.csv": f"{CSV}a day,\n"}, "./a.csv", "a.csv, line 12: has no label ('label' is empty)"),
    "no label column": (
        {"a.csv": "text,stars\na,b\n"},
        "./a.csv",
        "no column is called label; name it by --label",
    ),
    "no text column": (
        {"a.csv": "title,body,label\na,b,c\n"},
        "./a.csv",
        "name one or two by --text, of: title",
    ),
    "one class": ({"a.csv": "text,label\na,x\nb,x\n"}, "./a.csv", "a.csv: every row has label 'x'"),
    "one row of a class": (
        {"a.csv": f"{CSV}a day,rare\n"},
        "./a.csv",
        "a.csv, line 12: label 'rare' has 1 row; 2",
    ),
    "two spellings": (
        {"a.csv": f"{CSV}a day,Good\n"},
        "./a.csv",
        "line 3: labels 'Good' and 'good' differ in",
    ),
    "text for a number": (
        {"a.csv": "text,label\na,0.5\nb,1.5\nc,high\n"},
        "./a.csv",
        "a.csv, line 4: has label 'high', which is no number as the others are",
    ),
    "an infinite number": (
        {"a.csv": "text,label\na,0.5\nb,inf\n"},
        "./a.csv",
        "line 3: has label inf; give a finite",
    ),
    "as many labels as rows": (
        {"a.csv": "text,label\n" + "".join(f"day {n},{n}\n" for n in range(20))},
        "./a.csv",
        "column 'label' has 20 different labels in 20 rows",
    ),
    "an unknown label in one set": (
        {"d/train.csv": CSV, "d/test.csv": "text,label\na,goood\n"},
        "./d",
        "d/test.csv, line 2: has label 'goood', which no training row has; did you mean 'good'?",
    ),
    "a missing label in one set": (
        {"d/train.csv": CSV, "d/dev.csv": "text,label\na,good\nb,\n"},
        "./d",
        "d/dev.csv, line 3: has no label",
    ),
    "a missing column in one set": (
        {"d/train.csv": CSV, "d/dev.csv": "review,label\na,good\n"},
        "./d",
        "d/dev.csv: has no column 'text', as the training rows have",
    ),
    "no training file": ({"d/a.csv": CSV, "d/b.csv": CSV}, "./d", "d: none of a.csv, b.csv is called train"),
    "two training files": (
        {"d/train.csv": CSV, "d/train.jsonl": LINES},
        "./d",
        "train.csv has the rows of train, too",
    ),
    "an empty folder": ({"d/readme.md": "x"}, "./d", "d: has no data file"),
    "another kind of file": ({"a.xml": "<a/>"}, "./a.xml", "a.xml: is none of .csv, .tsv"),
    "no JSON": ({"a.jsonl": f"{LINES}{{text: 1}}\n"}, "./a.jsonl", "a.jsonl, line 11: is not JSON"),
    "no object": ({"a.jsonl": f"{LINES}[1, 2]\n"}, "./a.jsonl", "a.jsonl, line 11: [1, 2] where an object"),
    "a key missing": (
        {"a.jsonl": f'{LINES}{{"label": "a"}}\n'},
        "./a.jsonl",
        "a.jsonl, line 11: has no text",
    ),
    "a number for text": (
        {"a.jsonl": f'{LINES}{{"text": 5, "label": "a"}}\n'},
        "./a.jsonl",
        "a.jsonl, line 11: has 5 in 'text' where text should be",
    ),
    "a list among labels": (
        {"a.jsonl": f'{{"text": "x", "label": ["a"]}}\n{LINES}'},
        "./a.jsonl",
        "a.jsonl, line 2: has 'a' where a list of labels should be",
    ),
    "a label twice in a list": (
        {"a.jsonl": '{"text": "x", "label": ["a", "a"]}\n{"text": "y", "label": ["b"]}\n'},
        "./a.jsonl",
        "a.jsonl, line 1: has a label twice",
    ),
    "a token without tag": (
        {"a.conll": f"{CONLL}alone\n"},
        "./a.conll",
        "a.conll, line 6: 'alone' has no tag",
    ),
    "fewer tags than tokens": (
        {"a.jsonl": '{"tokens": ["a", "b"], "tags": ["O", "O"]}\n{"tokens": ["a", "b"], "tags": ["O"]}\n'},
        "./a.jsonl",
        "a.jsonl, line 2: has 2 tokens and 1 tags",
    ),
    "a blank in a token": (
        {"a.jsonl": '{"tokens": ["New York"], "tags": ["B-LOC"]}\n'},
        "./a.jsonl",
        "a.jsonl, line 1: has 'New York' among its tokens",
    ),
    "no Parquet": ({"a.parquet": "PAR1 and no more"}, "./a.parquet", "a.parquet: cannot be read"),
    "an unknown key": (
        {"d/train.csv": CSV, "d/task.yaml": "titel: A\n"},
        "./d",
        "task.yaml: unknown key 'titel'; did",
    ),
    "no YAML": (
        {"d/train.csv": CSV, "d/task.yaml": "a: [b\n"},
        "./d",
        "d/task.yaml:2: not a YAML file of a task",
    ),
    "a metric of another kind": (
        {"d/train.csv": CSV, "d/task.yaml": "metric: pearson\n"},
        "./d",
        "d/task.yaml: metric 'pearson' is not computed for 2 classes",
    ),
    "a file that is not there": (
        {"d/train.csv": CSV, "d/task.yaml": "evaluation: {dev: gone.csv}\n"},
        "./d",
        "d/task.yaml: d/gone.csv does not exist",
    ),
    "a way out of the folder": (
        {"d/train.csv": CSV, "d/task.yaml": "train: ../a.csv\n"},
        "./d",
        "d/task.yaml: '../a.csv' is not below the folder",
    ),
    "a name that is taken": (
        {"cola.csv": CSV},
        "./cola.csv",
        "is called 'cola' as a task of ftbench's own is",
    ),
    "no hub id": ({}, "owner/name[x", "task 'owner/name[x': no such file, and no id of the hub"),
}


@pytest.mark.parametrize("what", MALFORMED)
def test_a_malformed_file_is_refused_in_one_line(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    files, typed, said = MALFORMED[what]
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    for words in (["queue", "--methods", "vanilla", "--models", "tiny", "--tasks"], ["tasks"]):
        assert run([*words, typed]) == 2
        told = capsys.readouterr()
        assert told.out == ""
        assert said in told.err
        assert told.err.count("\n") == 1
    assert sorted(tmp_path.rglob("*")) == before


def test_forty_kinds_are_tried() -> None:
    assert len(MALFORMED) >= 40


def test_a_wrong_column_is_answered_with_the_nearest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.csv").write_text("title,body,stars\na,b,c\n")
    monkeypatch.chdir(tmp_path)
    for flags, said in (
        (["--label", "star"], "a.csv: no column 'star'; did you mean 'stars'?"),
        (["--text", "body,title,stars", "--label", "stars"], "give a column, or two"),
        (["--text", "body,stars", "--label", "stars"], "a.csv: column 'stars' is named twice"),
    ):
        assert run(["tasks", "./a.csv", *flags]) == 2
        assert said in capsys.readouterr().err


def test_a_cut_parquet_file_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pq.write_table(pa.table({"text": ["a"] * 9, "label": [0, 1, 0] * 3}), tmp_path / "a.parquet")
    whole = (tmp_path / "a.parquet").read_bytes()
    (tmp_path / "a.parquet").write_bytes(whole[: len(whole) // 2])
    monkeypatch.chdir(tmp_path)
    assert run(["tasks", "./a.parquet"]) == 2
    assert "a.parquet: cannot be read" in capsys.readouterr().err
