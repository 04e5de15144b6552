"""Completion in a shell: names of what there is, in lists too."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import typer

from ftbench import methods, tasks
from ftbench.cli import _completion
from ftbench.cli.app import app


@pytest.fixture
def completions(monkeypatch: pytest.MonkeyPatch):
    """What a shell would offer for the last word of a line."""
    monkeypatch.setenv(_completion.ASKED, "complete_bash")
    tree = _completion.completed(typer.main.get_command(app))

    def offered(line: str) -> list[str]:
        from typer._completion_classes import BashComplete

        words = line.split(" ")
        monkeypatch.setenv("COMP_WORDS", line)
        monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
        return BashComplete(tree, {}, "ftbench", _completion.ASKED).complete().split()

    return offered


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("ftbench qu", ["queue", "query"]),
        ("ftbench queue --methods bidrop,dps", ["bidrop,dps_dense", "bidrop,dps_mix"]),
        ("ftbench queue --methods dps_mix,dps", ["dps_mix,dps_dense"]),
        ("ftbench worker --methods vani", ["vanilla"]),
        ("ftbench launch slurm --methods vani", ["vanilla"]),
        ("ftbench queue --tasks toy-acc", ["toy-accept"]),
        ("ftbench queue --tasks glue-s", ["glue-small"]),
        ("ftbench queue --models min", ["minilm"]),
        ("ftbench queue --set warmup", ["warmup_ratio=", "warmup_steps="]),
        ("ftbench queue --perturb du", ["duplicates="]),
        ("ftbench report --table rob", ["robustness"]),
        ("ftbench report --table tun", ["tuning"]),
        ("ftbench report --suite bidrop/table5", ["bidrop/table5"]),
        ("ftbench report --format mark", ["markdown"]),
        ("ftbench report --estimand pro", ["probability"]),
        ("ftbench status --state fa", ["failed"]),
        ("ftbench tune --unit p", ["passes"]),
        ("ftbench plot lear", ["learning"]),
        ("ftbench check mixo", ["mixout"]),
        ("ftbench queue --methods peft:dor", ["peft:dora"]),
        ("ftbench queue --methods bidrop,peft:ia", ["bidrop,peft:ia3"]),
        ("ftbench report --metric macro", ["macro_f1"]),
        ("ftbench metrics bri", ["brier"]),
        ("ftbench methods nothing-like-it", []),
    ],
)
def test_names_are_offered(completions, line: str, offered: list[str]):
    assert sorted(completions(line)) == sorted(offered)


def test_all_names_are_offered_where_nothing_is_typed(completions, tmp_path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    built_in = [entry.name for entry in methods.available()]
    assert completions("ftbench methods ") == [*built_in, *methods.tuners()]
    assert completions("ftbench tasks ") == [*tasks.names(), *tasks.groups()]


def test_a_list_that_cannot_be_made_offers_nothing(completions, monkeypatch: pytest.MonkeyPatch):
    def broken() -> None:
        raise RuntimeError("a plug-in")

    monkeypatch.setattr(methods, "available", broken)
    assert completions("ftbench methods ") == []


def test_nothing_is_prepared_where_no_shell_asks(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(_completion.ASKED, raising=False)
    tree = _completion.completed(typer.main.get_command(app))
    assert all("shell_complete" not in vars(one) for one in tree.commands["queue"].params)


def test_a_shell_is_answered_by_the_program():
    asked = {_completion.ASKED: "complete_bash", "COMP_WORDS": "ftbench suites bidrop/t", "COMP_CWORD": "2"}
    command = [sys.executable, "-m", "ftbench"]
    done = subprocess.run(command, env={**os.environ, **asked}, capture_output=True, text=True, timeout=120)
    assert done.stderr == "" and "bidrop/table5" in done.stdout.split()


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("ftbench queue --tasks .", ["./"]),
        ("ftbench queue --tasks ./", ["./deep/", "./reviews.csv", "./stars.parquet"]),
        ("ftbench queue --tasks cola,./re", ["cola,./reviews.csv"]),
        ("ftbench tasks ./deep/", ["./deep/names.conll"]),
        ("ftbench tasks ./no/such/", []),
        ("ftbench queue --methods ./", ["./deep/", "./mine.py"]),
        ("ftbench report --metric ./mi", ["./mine.py"]),
        ("ftbench queue --models ./", ["./deep/"]),
        ("ftbench report --format ./", []),
        ("ftbench check min", []),
    ],
)
def test_files_of_ones_own_are_offered(
    completions, tmp_path, monkeypatch: pytest.MonkeyPatch, line: str, offered: list[str]
):
    for name in ("reviews.csv", "stars.parquet", "mine.py", "notes.txt", "odd name.csv", ".hidden.csv"):
        (tmp_path / name).touch()
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "names.conll").touch()
    monkeypatch.chdir(tmp_path)
    assert completions(line) == offered
    assert f"{tmp_path}/mine.py" in completions(f"ftbench check {tmp_path}/")
    assert {"./reviews.csv", "cola"} <= set(completions("ftbench tasks "))
