"""Where commands are run: no home, bad variables, a folder that is gone, plain and narrow terminals."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import Ftbench
from tests.forked import COLD, Programs


@pytest.mark.parametrize(
    "words",
    [
        ("queue", "--tasks", "cola", "--models", "tiny", "--data-dir", "~nosuchuser/x"),
        ("queue", "--tasks", "cola", "--models", "~nosuchuser/x"),
        ("queue", "--tasks", "cola", "--methods", "~nosuchuser/x.py"),
        ("queue", "--tasks", "cola", "--perturb", "~nosuchuser/x.py:mine=1"),
        ("queue", "--tasks", "toy-accept", "--db", "~nosuchuser/x.db"),
        ("methods", "~nosuchuser/x.py"),
        ("check", "~nosuchuser/x.py"),
        ("status", "--db", "~nosuchuser/x.db"),
    ],
)
def test_the_home_of_nobody_is_one_line(ftbench: Ftbench, words: tuple[str, ...]) -> None:
    ended = ftbench(*words)
    assert ended.code == 2 and len(ended.err.splitlines()) == 1
    assert "there is no home folder '~nosuchuser' here" in ended.err


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("FTBENCH_CHECKPOINT_SECONDS", "soon", "give a number of seconds, 0 or more"),
        ("FTBENCH_WORKER", "a\nb", "give 1 to 100 characters that can be printed"),
        ("FTBENCH_WORKER", "a" * 101, "give 1 to 100 characters that can be printed"),
        ("FTBENCH_WORK", "ftbench.db", "give a folder"),
        ("FTBENCH_DB", ".", "give the path of a SQLite file"),
    ],
)
def test_a_worker_refuses_a_bad_variable_before_it_takes_a_job(
    filled: Ftbench, monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str
) -> None:
    monkeypatch.setenv(name, value)
    ended = filled("worker", "--drain")
    assert ended.code == 2 and name in ended.err and told in ended.err
    assert len(ended.err.splitlines()) == 1


def test_a_data_variable_that_is_no_folder_is_refused_where_data_are_read(
    ftbench: Ftbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FTBENCH_DATA", "/nowhere")
    ended = ftbench("queue", "--tasks", "cola", "--models", "tiny")
    assert ended.code == 2 and "/nowhere does not exist: --data-dir or FTBENCH_DATA" in ended.err
    assert ftbench("queue", "--tasks", "toy-accept", "--dry-run").code == 0


def test_a_current_folder_that_is_gone_is_one_line(ftbench: Ftbench, tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    os.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    ended = ftbench("queue", "--tasks", "toy-accept")
    assert ended.code == 1 and len(ended.err.splitlines()) == 1
    assert "the current folder does not exist any more" in ended.err
    assert ftbench("tasks").code == 0


def test_an_argument_that_is_no_text_is_refused(ftbench: Ftbench) -> None:
    ended = ftbench("queue", "--tasks", "cola", "--models", os.fsdecode(b"./m\xff"))
    assert ended.code == 2 and r"'./m\udcff' is no text in utf-8" in ended.err


@pytest.mark.parametrize(
    "env",
    [
        {"COLUMNS": "20"},
        {"COLUMNS": "1"},
        {"COLUMNS": "wide"},
        {"TERM": "dumb", "NO_COLOR": "1"},
        {"LC_ALL": "C"},
        {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"TMPDIR": "/nowhere"},
    ],
)
@pytest.mark.usefixtures("filled")
def test_reports_are_printed_on_any_terminal(env: dict[str, str], forked: Programs) -> None:
    programs = COLD if "LC_ALL" in env else forked  # which the interpreter reads at its start
    for words in (("report",), ("status",), ("methods",)):
        command = [*programs.ftbench, *words]
        done = subprocess.run(command, env={**os.environ, **env}, capture_output=True, timeout=120)
        assert (done.returncode, done.stderr) == (0, b""), words
        assert done.stdout
