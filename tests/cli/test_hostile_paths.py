"""Paths with commas, blanks, quotes and brackets are taken, and the commands that are printed run."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from ftbench.domain import lists
from tests.cli.conftest import Ftbench
from tests.hostile import typed
from tests.perturbations.mine import MINE
from tests.places import data_folder, model_folder

NAMES = [
    "lr=1e-4,bs=16", "two  blanks ", "~x", "line\nbreak", "ünï-日本", "[1]*?", "x[k=2]", "a|b", "it's \"q\"",
    "back\\slash", "a\\,b", "-dash", "$HOME`x`", "a@b:c;d#e!f&g",
]  # fmt: skip
METHOD = "from ftbench.methods.vanilla import Vanilla\n\n\nclass Mine(Vanilla):\n    title = 'Mine'\n"


@pytest.fixture(params=NAMES)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder with such a name, and a model, data, a method and a perturbation in it."""
    made = tmp_path / request.param
    model_folder(made / "model")
    data_folder(made / "data")
    (made / "own.py").write_text(MINE)
    (made / "mine.py").write_text(METHOD)
    return made


def queue_words(folder: Path) -> list[str]:
    return [
        "queue", "--tasks", "cola", "--seeds", "1", "--no-baseline",
        "--models", lists.escaped(f"{folder}/model"), "--data-dir", str(folder / "data"),
        "--methods", lists.escaped(f"{folder}/mine.py", ",[]"),
        "--perturb", f"{lists.escaped(f'{folder}/own.py', '[]=')}:mine=0.2",
    ]  # fmt: skip


def test_show_prints_a_command_that_queues_the_job_again(ftbench: Ftbench, folder: Path) -> None:
    database = str(folder / "a.db")
    ended = ftbench(*queue_words(folder), "--db", database, "--json")
    assert ended.code == 0, ended.err
    (digest,) = ended.json["jobs"]
    *_, command = ftbench("show", digest, "--db", database).out.splitlines()
    os.chdir("/")  # it does not depend on where it is typed
    program, *words = typed(command.strip())
    assert program == "ftbench"
    again = ftbench(*words, "--dry-run", "--json")
    assert again.code == 0, again.err
    assert [job["digest"] for job in again.json] == [digest]


def test_the_worker_is_told_its_database_as_it_can_be_typed(ftbench: Ftbench, folder: Path) -> None:
    said = ftbench(*queue_words(folder), "--db", str(folder / "a.db")).out
    assert typed(said.partition("run them with: ")[2])[-1] == str(folder / "a.db")


def test_a_report_that_finds_nothing_prints_a_command_that_runs(ftbench: Ftbench, folder: Path) -> None:
    model = lists.escaped(f"{folder}/model")
    ended = ftbench("report", "--models", model, "--tasks", "cola", "--db", str(folder / "new.db"))
    _, *words = typed(re.search(r"ftbench queue .*", ended.err)[0])  # type: ignore[index]
    again = ftbench(*words, "--data-dir", str(folder / "data"), "--seeds", "1", "--dry-run", "--json")
    assert again.code == 0, again.err
    assert {job["model"]["id"] for job in again.json} == {"folder:model"}


def test_an_item_of_a_yaml_list_is_one_entry(ftbench: Ftbench, folder: Path) -> None:
    flags = {
        "models": [f"{folder}/model"], "methods": [f"{folder}/mine.py", "bidrop[k=2,keep_ratio=0.7]"],
        "tasks": ["cola"], "data-dir": f"{folder}/data", "seeds": [3],
        "perturb": [f"{lists.escaped(f'{folder}/own.py', '[]=')}:mine=0.2"],
    }  # fmt: skip
    Path("grid.yaml").write_text(json.dumps(flags))
    words = ("queue", "-C", "grid.yaml", "--no-baseline", "--dry-run", "--json")
    for kind in ("methods", "perturbations"):  # a file may be a stranger's: each is named once, as it says
        refused = ftbench(*words)
        assert refused.code == 2 and refused.out == ""
        _, command, name = typed(re.search(r"`(ftbench .*)`, or in", refused.err)[1])  # type: ignore[index]
        assert command == kind and ftbench(command, name).code == 0
    ended = ftbench(*words)
    assert ended.code == 0, ended.err
    assert [job["method"]["name"] for job in ended.json] == ["mine", "bidrop"]


def test_results_are_written_into_such_a_folder(filled: Ftbench, folder: Path) -> None:
    for words in (("report", "-o"), ("export", "--scores"), ("plot", "strip", "-o"), ("db", "backup")):
        file = folder / f"{'-'.join(words)}{'.svg' if 'plot' in words else '.csv'}"
        ended = filled(*words, str(file))
        assert ended.code == 0 and file.stat().st_size, ended.err


def test_a_path_that_a_comma_has_cut_says_how_commas_are_typed(
    ftbench: Ftbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    cut = ftbench("queue", "--methods", "./sub, dir/mine.py", "--tasks", "toy-entail")
    assert (cut.code, cut.err.count("\n")) == (1, 1)
    assert r"sub: cannot be read: No such file or directory; a comma in a path is typed \," in cut.err
    assert "a comma in" not in ftbench("queue", "--methods", "./mine.py", "--tasks", "toy-entail").err
