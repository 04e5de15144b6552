"""Commands that the program suggests run as they are printed: they name the file, and the database."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from ftbench.db import open_database
from ftbench.domain.result import JobResult, Score
from tests.cli.conftest import Ended, Ftbench

MINE = """import ftbench
from dataclasses import dataclass


class Mine(ftbench.Method):
    title = "Mine"

    @dataclass(frozen=True)
    class HParams:
        k: int = ftbench.hparam(1, range=(1, 9))
"""
GRID = ("--tasks", "cola", "--models", "../model", "--db", "my own.db")


def printed(text: str) -> list[list[str]]:
    """The words of each `ftbench queue …` in a text that may be wrapped."""
    joined = re.sub(r"\s+", " ", text)
    found = re.findall(r"with: (ftbench .*?)(?=$|, and|; then| ftbench:|\.? [A-Z(])", joined)
    return [shlex.split(one)[1:] for one in found]


def runs(ftbench: Ftbench, ended: Ended, *more: str) -> list[str]:
    """Run what a command suggested, dry where it queues; the commands."""
    commands = printed(ended.out + ended.err)
    assert commands, ended
    for words in commands:
        dry = ["--dry-run"] if words[0] == "queue" else []
        again = ftbench(*words, *dry, *more)
        assert again.code == 0, (words, again)
    return [" ".join(words) for words in commands]


@pytest.fixture
def mine(ftbench: Ftbench) -> Ftbench:
    """A job of a user's own method, with settings, done in a database whose name has a space."""
    Path("mine.py").write_text(MINE)
    assert ftbench("queue", "--methods", "./mine.py[k=2]", *GRID, "--seeds", "1").code == 0
    with open_database("my own.db") as database:
        while (claim := database.jobs.claim("worker", 60.0)) is not None:
            database.jobs.finish(claim, JobResult((Score("dev", "matthews", 0.5),)))
    return ftbench


def test_a_table_without_jobs_names_the_file_of_the_method(mine: Ftbench) -> None:
    ended = mine("report", "--table", "robustness", "--db", "my own.db", "--models", "../model")
    commands = runs(mine, ended)
    assert all("./mine.py[k=2]" in command and "--db my own.db" in command for command in commands)


def test_a_method_that_has_no_runs_in_a_table_is_named_by_its_file(mine: Ftbench) -> None:
    ended = mine("report", "--methods", "mine[k=3]", "--db", "my own.db", "--models", "../model")
    assert any("./mine.py[k=3]" in command for command in runs(mine, ended))


def test_a_claim_names_the_file_that_it_was_declared_with(ftbench: Ftbench) -> None:
    Path("mine.py").write_text(MINE)
    db = ("--db", "my own.db")
    assert ftbench("claim", "./mine.py[k=2] > vanilla @ tasks=cola, models=../model", *db).code == 0
    Path("methods").mkdir()
    Path("mine.py").rename("methods/mine.py")
    again = ftbench("claim", "./methods/mine.py[k=2] > vanilla @ tasks=cola, models=../model", *db)
    assert again.out.startswith("was declared before")
    note = next(n for n in ftbench("claim", "--json", *db).json["sheets"][0]["notes"] if "fill it" in n)
    assert "./methods/mine.py[k=2]" in note


def test_a_claim_takes_the_names_that_a_report_takes(mine: Ftbench) -> None:
    for text in ("mine[k=2] > vanilla", "./mine.py[k=2] > Vanilla @ tasks=CoLA"):
        assert mine("claim", text, "--db", "my own.db").code == 0, text
    Path("mine.py").unlink()
    ended = mine("claim", "mine[k=2] > vanilla @ noise=0.1", "--db", "my own.db")
    assert ended.out.startswith("declared: mine[k=2] > vanilla"), "its jobs are there, its file is not"
    ended = mine("claim", "mien > vanilla", "--db", "my own.db")
    assert ended.code == 2 and "mine" in ended.err


def test_a_job_is_queued_again_by_its_file(mine: Ftbench) -> None:
    job = next(
        row["job"]
        for row in mine("status", "--state", "done", "--db", "my own.db", "--json").json
        if row["method"] == "mine[k=2]"
    )
    command = mine("show", job, "--db", "my own.db").out.splitlines()[-1].strip()
    assert "'./mine.py[k=2]'" in command
    ended = mine(*shlex.split(command)[1:], "--db", "my own.db")
    assert ended.out.startswith("nothing new"), "the very same job"


@pytest.mark.parametrize("command", [("status",), ("compare", "bidrop", "vanilla"), ("report",)])
def test_where_nothing_is_queued_the_command_fills_the_database(
    ftbench: Ftbench, command: tuple[str, ...]
) -> None:
    if command == ("status",):
        ftbench("db", "init", "--db", "my own.db")
    ended = ftbench(*command, "--db", "my own.db")
    (words,) = printed(ended.out + ended.err)
    assert words[:2] == ["queue", "--methods"] and words[-2:] == ["--db", "my own.db"]


def test_a_missing_database_names_the_command_that_makes_it(ftbench: Ftbench) -> None:
    ended = ftbench("status", "--db", "my own.db")
    command = ended.err.split("`")[1]
    assert ftbench(*shlex.split(command)[1:]).code == 0 and Path("my own.db").exists()


def test_workers_are_named_with_their_database(mine: Ftbench) -> None:
    mine("queue", "--methods", "rdrop", *GRID, "--seeds", "1")
    ended = mine("queue", "--methods", "./mine.py[k=3]", *GRID, "--seeds", "1")
    assert ["worker", "--db", "my own.db"] in printed(ended.out)


ROWS = "".join(f"a {'fine' if n % 2 else 'sad'} day {n},{'good' if n % 2 else 'bad'}\n" for n in range(40))
HALF = "".join(ROWS.splitlines(keepends=True)[:20])
#: What is typed for a task of one's own -> the files that are there, below the folder.
OWN = {
    "./reviews.csv": {"reviews.csv": ROWS},
    "./mine": {"mine/data.csv": ROWS},
    "./mine/data.csv": {"mine/data.csv": ROWS},
    "./both": {"both/train.csv": ROWS, "both/test.csv": HALF},
    "./both/train.csv": {"both/train.csv": ROWS, "both/test.csv": HALF},
    "./said/data.csv": {
        "said/data.csv": ROWS,
        "said/new.csv": ROWS,
        "said/task.yaml": "evaluation: {dev: new.csv}",
    },
    "./named": {"named/data.csv": ROWS, "named/task.yaml": "name: other"},
}


@pytest.mark.parametrize("typed", OWN)
def test_a_job_of_a_users_own_file_is_queued_again_as_it_is_printed(ftbench: Ftbench, typed: str) -> None:
    for name, rows in OWN[typed].items():
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(rows if name.endswith(".yaml") else f"text,label\n{rows}")
    own = ("--tasks", typed, "--models", "tiny", "--seeds", "1", "--methods", "prompt")
    assert ftbench("queue", *own, "--no-baseline").code == 0
    (job,) = (row["job"] for row in ftbench("status", "--state", "queued", "--json").json)
    command = ftbench("show", job).out.splitlines()[-1].strip()
    assert "--set" not in command, "tiny has 64 positions, and queue knows it"
    assert ftbench(*shlex.split(command)[1:]).out.startswith("nothing new"), command
    assert ftbench("queue", *own, "--no-baseline", "--set", "max_length=40").code == 0
    (other,) = (r["job"] for r in ftbench("status", "--state", "queued", "--json").json if r["job"] != job)
    command = ftbench("show", other).out.splitlines()[-1].strip()
    assert "--set max_length=40" in command
    assert ftbench(*shlex.split(command)[1:]).out.startswith("nothing new"), command
