"""Two folders, or files, of one last name: told apart wherever they are shown, and found one by one."""

from __future__ import annotations

import csv
import io
import sqlite3
from pathlib import Path

import pytest

from tests.cli.conftest import Ftbench
from tests.places import model_folder

NAMES = ["folder:run1/checkpoint-500", "folder:run2/checkpoint-500"]
METHOD = "from ftbench.methods.vanilla import Vanilla\n\n\nclass Mine(Vanilla):\n    title = '{title}'\n"


@pytest.fixture
def two(ftbench: Ftbench) -> Ftbench:
    """Run a command beside finished jobs of two checkpoints, as Trainer names them: the second is better."""
    for at, run in enumerate(("run1", "run2")):
        model = model_folder(Path(run) / "checkpoint-500", weights=run)
        assert (
            ftbench(
                "queue", "--tasks", "cola", "--methods", "rdrop", "--models", f"./{model}", "--seeds", "2"
            ).code
            == 0
        )
        with sqlite3.connect("ftbench.db") as database:
            for (digest,) in database.execute("select digest from jobs where state = 'queued'").fetchall():
                score = (digest, 0.5 + 0.1 * at)
                database.execute("insert into scores values (?, 'dev', 'matthews', ?)", score)
                database.execute("update jobs set state = 'done' where digest = ?", (digest,))
        database.close()
    return ftbench


@pytest.mark.parametrize("at", [0, 1])
@pytest.mark.parametrize(
    "asked", ["./run{}/checkpoint-500", "run{}/checkpoint-500/", "folder:run{}/checkpoint-500"]
)
def test_a_folder_means_itself_alone(two: Ftbench, asked: str, at: int) -> None:
    model = asked.format(at + 1)
    tables = two("report", "--models", model, "--json").json["sections"]
    assert [table["model"] for table in tables] == [NAMES[at]]
    assert two("status", "--models", model, "--json").json["counts"]["done"] == 4
    (cell, *_) = two("status", "--models", model, "--json").json["cells"]
    assert cell["model"] == NAMES[at]
    assert {row["model"] for row in two("status", "--models", model, "--state", "done", "--json").json} == {
        NAMES[at]
    }
    exported = two("export", "--scores", "s.csv", "--models", model)
    assert exported.code == 0, exported.err
    rows = list(csv.DictReader(io.StringIO(Path("s.csv").read_text())))
    assert {row["model"] for row in rows} == {NAMES[at]} and {row["value"] for row in rows} == {
        f"{0.5 + 0.1 * at}"
    }


def test_every_table_says_which_is_which(two: Ftbench) -> None:
    said = two("report").out
    assert all(f"Main results: {name} · all training rows" in said for name in NAMES)
    rows = csv.DictReader(io.StringIO(two("report", "--format", "csv").out))
    assert {row["model"] for row in rows} == set(NAMES)
    for command in (("compare", "rdrop", "vanilla"), ("why", "rdrop", "cola")):
        shown = two(*command, "--models", "./run2/checkpoint-500").out
        assert NAMES[0] not in shown and NAMES[1] in shown, command
    both = two("report", "--models", "folder:checkpoint-500", "--json").json["sections"]
    assert [table["model"] for table in both] == NAMES


@pytest.mark.parametrize("asked", ["./run2/checkpoint-500", "folder:run2/checkpoint-500"])
def test_one_of_two_is_cancelled_and_queued_again(two: Ftbench, asked: str) -> None:
    with sqlite3.connect("ftbench.db") as database:
        database.execute("update jobs set state = 'queued'")
    database.close()
    assert two("export", "--jobs", "j.jsonl", "--models", asked).out.startswith("wrote 4 queued jobs")
    assert two("cancel", "--models", asked).out == "4 jobs cancelled\n"
    left = two("status", "--json").json["cells"]
    assert {(cell["model"], cell["cancelled"]) for cell in left} == {(NAMES[0], 0), (NAMES[1], 2)}
    assert two("retry", "--models", asked).out == "4 jobs queued again\n"


def test_one_folder_of_a_name_keeps_the_short_one(ftbench: Ftbench) -> None:
    assert ftbench("queue", "--tasks", "cola", "--models", "../model", "--seeds", "1").code == 0
    for asked in ("../model", "folder:model"):
        (cell,) = ftbench("status", "--models", asked, "--json").json["cells"]
        assert cell["model"] == "folder:model"


def test_a_folder_with_new_content_is_told_by_its_digest(ftbench: Ftbench, tmp_path: Path) -> None:
    for weights in ("old", "new"):
        model_folder(tmp_path / "model", weights=weights)
        assert ftbench("queue", "--tasks", "cola", "--models", "../model", "--seeds", "1").code == 0
    old, new = (cell["model"] for cell in ftbench("status", "--json").json["cells"])
    assert (
        old != new
        and old.startswith("folder:model@sha256:")
        and len(old) == len("folder:model@sha256:12345678")
    )
    assert [c["model"] for c in ftbench("status", "--models", "../model", "--json").json["cells"]] == [new]


def test_a_model_is_found_by_any_of_its_names(filled: Ftbench) -> None:
    for asked in ("bert-base", "google-bert/bert-base-uncased", "BERT-base"):
        assert filled("status", "--models", asked, "--json").json["counts"]["done"] == 17


def test_a_method_is_found_by_its_file(ftbench: Ftbench) -> None:
    Path("mine.py").write_text(METHOD.format(title="Mine"))
    queue = ("queue", "--tasks", "cola", "--models", "../model", "--seeds", "1", "--no-baseline")
    assert ftbench(*queue, "--methods", "./mine.py").code == 0
    assert ftbench("cancel", "--methods", "./mine.py").out == "1 job cancelled\n"


def test_two_files_of_one_method_are_not_taken_for_one(ftbench: Ftbench) -> None:
    for folder in ("a", "b"):
        Path(folder).mkdir()
        Path(folder, "mine.py").write_text(METHOD.format(title=folder))
    queue = ("queue", "--tasks", "cola", "--models", "../model", "--seeds", "1", "--no-baseline", "--methods")
    assert "two methods are called 'mine': " in ftbench(*queue, "./a/mine.py,./b/mine.py").err
    assert ftbench(*queue, "./a/mine.py").code == 0
    ended = ftbench(*queue, "./b/mine.py")
    assert ended.code == 2 and "another method is called 'mine' in ftbench.db: " in ended.err
    assert f"a/mine.py; rename {Path('b/mine.py').resolve()}" in ended.err
    Path("a/mine.py").rename("mine.py")  # moved: the same one
    assert ftbench(*queue, "./mine.py").code == 0
    assert ftbench(*queue, "./b/mine.py").code == 2


def test_a_claim_about_a_folder_is_about_no_other(two: Ftbench) -> None:
    assert two("claim", "rdrop > vanilla @ models=./run2/checkpoint-500").code == 0
    rows = two("claim", "--json").json["sheets"][0]["rows"]
    assert len(rows) == 1 and rows[0]["claim"].endswith(f"models={NAMES[1]}")
    assert NAMES[1] in rows[0]["setting"]
