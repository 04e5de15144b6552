"""Bad input: one line that names what is wrong, the right exit code, and nothing half-written."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from ftbench.db import create_database
from tests.cli.conftest import GRID, Ended, Ftbench
from tests.places import data_folder, model_folder
from tests.tasks import clones
from tests.tasks.layouts import write


def refused(ended: Ended, code: int, text: str) -> None:
    assert ended.code == code, ended.err
    assert ended.out == ""
    assert ended.err.startswith("ftbench: error: ")
    assert ended.err.count("\n") == 1 and ended.err.endswith("\n")
    assert "Traceback" not in ended.err
    assert text in ended.err


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (("--methods", "bidrp"), 2, "unknown method 'bidrp'; did you mean 'bidrop'?"),
        (("--methods", "bidrop[kay=2]"), 2, "unknown hyper-parameter of bidrop 'kay'"),
        (("--methods", "bidrop[k=two]"), 2, "bidrop k: 'two' is not"),
        (("--methods", "bidrop[k=2"), 2, "the brackets do not match"),
        (("--tasks", "coal"), 2, "unknown task 'coal'; did you mean 'cola'?"),
        (("--models", "bert-bas"), 2, "unknown model 'bert-bas'; did you mean 'bert-base'?"),
        (("--suite", "bidrop/tabel5"), 2, "unknown suite 'bidrop/tabel5'; did you mean 'bidrop/table5'?"),
        (("--suite", "bidrop/table5", "--tasks", ""), 2, "--tasks '': give a value"),
        (("--suite", "bidrop/table5", "--tasks", "rte", "--noise", ","), 2, "--noise ',': give a value"),
        (("--suite", "dps/table2", "--tasks", "cola"), 2, "has no cells with --methods rdrop --tasks cola"),
        (("--evaluate", "sick:"), 2, "unknown evaluation set of sick ''"),
        (("--budget", "nan"), 2, "budget nan: give hours above 0"),
        (("--budget", "-1"), 2, "budget -1: give hours above 0"),
        (("--priority", "99999999999999999999"), 2, "priority 99999999999999999999: give a whole number"),
        (("--set", "learning_rate=1"), 2, "unknown recipe setting 'learning_rate'"),
        (("--set", "lr"), 2, "write it as name=value"),
        (("--set", "lr=1e-4|"), 2, "write it as name=value"),
        (
            ("--set", "lr=1e-4", "--set", "lr=5e-4"),
            2,
            "--set lr is given twice; for both write --set 'lr=1e-4|5e-4'",
        ),
        (("--set", "schedule=linear|cosin"), 2, "unknown value of schedule 'cosin'; did you mean 'cosine'?"),
        (("--noise", "1.0"), 2, "noise 1.0 is outside [0, 1)"),
        (("--reduction", "-0.5"), 2, "reduction -0.5 is outside [0, 1)"),
        (("--seeds", "many"), 2, "seeds 'many': 'many' is not a whole number"),
        (("--seeds", "3-5"), 2, "seeds '3-5'"),
        (("--train-size", "0"), 2, "train-size 0 is outside [1, 1e+12]"),
        (("--tasks", "stsb", "--noise", "0.1"), 2, "stsb with noise 0.1: STS-B is a regression task"),
        (("--data-dir", "nowhere"), 2, "here/nowhere does not exist"),
        (("--data-dir", "../model"), 1, "has no CoLA/train.tsv"),
        (("--models", "../nowhere"), 1, "model folder"),
        (("--models", "../data"), 1, "has no config.json"),
        (("--methods", "nowhere.py"), 1, "nowhere.py: cannot be read"),
        (("-C", "nowhere.yaml"), 2, "nowhere.yaml: cannot be read"),
        (("--metods", "rdrop"), 2, "no such option: --metods"),
        (("--priority", "high"), 2, "--priority"),
        (("--db", "/nowhere/jobs.db"), 1, "/nowhere"),
        (("--db", "mysql://server/jobs"), 2, "no database that is known"),
        (("--db", "postgresql:///jobs?host=/nowhere"), 1, "does not answer"),
    ],
)
def test_queue_refuses(ftbench: Ftbench, words: tuple[str, ...], code: int, text: str) -> None:
    refused(ftbench(*GRID, *words), code, text)
    assert list(Path.cwd().iterdir()) == []


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (("quue",), 2, "no such command 'quue'"),
        (("show",), 2, "missing argument 'JOB'"),
        (("status",), 1, "no database at ftbench.db"),
        (("report",), 1, "no database 'ftbench.db'"),
        (("db", "upgrade"), 1, "no database at ftbench.db"),
        (("worker", "--gpu", "99"), 2, "no GPU 99"),
        (("worker", "--slots", "0"), 2, "--slots 0: give a number of jobs, 1 or more, or auto"),
        (("worker", "--slots", "all"), 2, "--slots all: give a number of jobs, 1 or more, or auto"),
        (("methods", "bidrp"), 2, "did you mean 'bidrop'?"),
        (("tasks", "coal"), 2, "did you mean 'cola'?"),
        (("models", "bert-bas"), 2, "did you mean 'bert-base'?"),
        (("suites", "bidrop"), 2, "unknown suite 'bidrop'"),
        (("prepare",), 2, "give --models, --tasks or both"),
        (("prepare", "--models", "bert-base"), 1, "not in the Hugging Face cache"),
        (("prepare", "--tasks", "coal"), 2, "did you mean 'cola'?"),
    ],
)
def test_other_commands_refuse(ftbench: Ftbench, words: tuple[str, ...], code: int, text: str) -> None:
    ended = ftbench(*words)
    if words[0] == "prepare":
        ended = Ended(ended.code, "", ended.err)  # it says what it found before it fails
    refused(ended, code, text)
    assert list(Path.cwd().iterdir()) == []


def test_a_budget_of_no_hours_in_a_file_is_refused_and_not_passed_over(ftbench: Ftbench) -> None:
    Path("flags.yaml").write_text("budget: 0\n")
    refused(ftbench(*GRID, "-C", "flags.yaml"), 2, "budget 0: give hours above 0")


def test_a_broken_row_is_named_by_file_and_line(ftbench: Ftbench, tmp_path: Path) -> None:
    write(data_folder(tmp_path / "data") / "CoLA/train.tsv", "me\t1\t\tThe dog sleeps.", "me\t1")
    refused(ftbench(*GRID), 1, "CoLA/train.tsv")
    assert ":2:" in ftbench(*GRID).err or "line 2" in ftbench(*GRID).err
    assert list(Path.cwd().iterdir()) == []


@pytest.mark.parametrize("place", ["own/cola", "hub/hub/datasets--nyu-mll--glue/snapshots/0123456789ab/cola"])
@pytest.mark.parametrize(
    ("change", "names", "told"),
    [
        ({"label": [1.0, 0.5, 1.0]}, (), "row 1: label 0.5 is not one of 0 to 1"),
        ({"label": [1, None, 1]}, clones.NAMES, "row 1: no label"),
        ({}, ("neg", "pos"), "row 0: label 1 is called 'pos' there"),
        ({"sentence": ["A", "B", None]}, clones.NAMES, "row 2: column 'sentence' has None"),
    ],
)
def test_a_broken_row_of_typed_columns_is_named_before_anything_is_queued(
    ftbench: Ftbench,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    place: str,
    change: dict[str, list[object]],
    names: tuple[str, ...],
    told: str,
) -> None:
    clones.clone(tmp_path / place)
    file = tmp_path / place / "train-00000-of-00001.parquet"
    clones.parquet(file, {**clones.ROWS["train"], **change}, names)
    monkeypatch.delenv("FTBENCH_DATA")
    folder = ("--data-dir", str(tmp_path / "own")) if place.startswith("own") else ()
    refused(ftbench(*GRID, *folder), 1, f"{file}, {told}")
    assert list(Path.cwd().iterdir()) == []
    clones.clone(tmp_path / place)
    assert ftbench(*GRID, *folder).code == 0


def test_a_model_without_weights_is_named(ftbench: Ftbench, tmp_path: Path) -> None:
    (model_folder(tmp_path / "model") / "model.safetensors").unlink()
    refused(ftbench(*GRID), 1, "weights")
    assert list(Path.cwd().iterdir()) == []


@pytest.mark.parametrize(
    "body", ["raise RuntimeError('two\\nlines')", "import nowhere_at_all", "def (", "import sys; sys.exit(3)"]
)
def test_a_plug_in_that_fails_is_named_with_its_line(ftbench: Ftbench, body: str, tmp_path: Path) -> None:
    mine = write(tmp_path / "mine.py", "", body)
    refused(ftbench(*GRID, "--methods", str(mine)), 1, f"{mine}:2: ")
    listed = ftbench("methods", "--file", str(mine))
    assert listed.code == 0
    assert "bidrop" in listed.out
    assert listed.err.startswith("not usable: mine: ") and listed.err.count("\n") == 1


def test_a_plug_in_that_holds_no_method_or_the_name_of_another_is_refused(
    ftbench: Ftbench, tmp_path: Path
) -> None:
    refused(ftbench(*GRID, "--methods", str(write(tmp_path / "mine.py", "x = 1"))), 1, "must hold one")
    body = "from ftbench.methods import Method\nclass B(Method):\n    pass"
    clash = write(tmp_path / "bidrop.py", body)
    refused(ftbench(*GRID, "--methods", str(clash)), 1, "two methods are called 'bidrop'")


def test_a_file_that_is_no_database_of_ours_is_left_as_it_is(ftbench: Ftbench) -> None:
    write(Path("notes.txt"), "nothing of a database")
    with sqlite3.connect("other.db") as connection:
        connection.execute("CREATE TABLE jobs (name TEXT)")
    before = {p.name: p.read_bytes() for p in Path.cwd().iterdir()}
    for name in before:
        for words in (GRID, ("status",), ("worker", "--drain"), ("report",)):
            refused(ftbench(*words, "--db", name), 1, name)
    assert {p.name: p.read_bytes() for p in Path.cwd().iterdir()} == before


def test_a_database_of_a_newer_version_is_refused(ftbench: Ftbench) -> None:
    create_database("new.db").close()
    with sqlite3.connect("new.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'ffff'")
    for words in (GRID, ("status",), ("worker", "--drain")):
        refused(ftbench(*words, "--db", "new.db"), 1, "newer")


@pytest.mark.parametrize("flag", ["--threads", "--lease", "--timeout", "--max-jobs"])
def test_a_worker_refuses_what_is_not_above_0_and_makes_no_database(ftbench: Ftbench, flag: str) -> None:
    refused(ftbench("worker", "--drain", flag, "0"), 2, f"{flag} 0")
    assert list(Path.cwd().iterdir()) == []


def test_a_worker_does_not_make_a_database(ftbench: Ftbench) -> None:
    refused(ftbench("worker", "--drain", "--db", "mistyped.db"), 1, "no database at mistyped.db")
    assert not Path("mistyped.db").exists()


def test_a_locked_database_is_named(ftbench: Ftbench, monkeypatch: pytest.MonkeyPatch) -> None:
    create_database("busy.db").close()
    monkeypatch.setitem(create_database.__kwdefaults__, "timeout", 0.05)
    holder = sqlite3.connect("busy.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    refused(ftbench(*GRID, "--db", "busy.db"), 1, "busy.db")
    holder.rollback()
    holder.close()
    assert ftbench(*GRID, "--db", "busy.db").code == 0


def test_a_read_only_database_can_be_read_and_not_written(ftbench: Ftbench) -> None:
    ftbench(*GRID, "--db", "kept.db")
    path = Path("kept.db")
    path.chmod(0o444)
    try:
        with path.open("ab"):
            pytest.skip("this user may write everything")
    except PermissionError:
        pass
    refused(ftbench(*GRID, "--seeds", "9", "--db", "kept.db"), 1, "kept.db")
    assert ftbench("status", "--db", "kept.db").code == 0


def test_a_folder_that_may_not_be_written_is_named_before_the_work(
    filled: Ftbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.access
    folder = Path.cwd()
    monkeypatch.setattr(
        os, "access", lambda path, mode: (Path(path) != folder or mode != os.W_OK) and real(path, mode)
    )
    for words in (
        ("report", "-o", "x.md"),
        ("export", "--scores", "x.csv"),
        ("plot", "strip", "-o", "x.svg"),
    ):
        refused(filled(*words), 1, f"{words[-1]}: cannot be written: permission denied")
    refused(filled("db", "backup", "x.db"), 1, f"the folder {folder} is read-only")
    assert {path.name for path in folder.iterdir()} <= {"ftbench.db", "ftbench.db-wal", "ftbench.db-shm"}
