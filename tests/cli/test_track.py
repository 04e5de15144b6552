"""``--track``: what is refused at once, in a line, and what is sent from a database."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from ftbench.db import open_database
from tests.cli.conftest import GRID, Ftbench
from tests.trackers.written import lines, write_tracker


@pytest.mark.parametrize("command", ["worker", "export"])
@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("wandbb", "unknown tracker 'wandbb'; did you mean 'wandb'?"),
        ("", "--track: name one of mlflow, tensorboard, trackio, wandb, or a file of yours"),
        ("./none.py", "none.py: cannot be read"),
    ],
)
def test_what_is_no_tracker_is_refused_before_anything_is_done(
    ftbench: Ftbench, command: str, named: str, said: str
) -> None:
    ended = ftbench(command, "--track", named)
    assert ended.code in (1, 2) and said in ended.err and ended.err.count("\n") == 1
    assert not list(Path.cwd().iterdir())


def test_a_package_that_is_missing_is_said_at_the_start(
    ftbench: Ftbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    ftbench(*GRID)
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *p: None if name == "wandb" else real(name, *p)
    )
    for command in (("worker", "--drain"), ("export",)):
        ended = ftbench(*command, "--track", "wandb")
        assert ended.code == 2 and ended.err.count("\n") == 1
        assert (
            "--track wandb: the package wandb is not installed here: pip install 'ftbench[wandb]'"
            in ended.err
        )
    assert ftbench("status", "--json").json["counts"]["queued"] == 4


def test_done_jobs_are_sent_once(filled: Ftbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "written.jsonl"
    monkeypatch.setenv("WRITTEN", str(out))
    tracker = str(write_tracker(tmp_path))
    ended = filled("export", "--track", tracker, "--methods", "bidrop")
    with open_database("ftbench.db") as database:
        done = {row.digest for row in database.results.scores() if row.method == "bidrop"}
    assert ended.out == f"sent {len(done)} done jobs of ftbench.db to {tracker}, {out}\n" and ended.err == ""
    assert {line["digest"] for line in lines(out)} == done
    before = out.read_text()
    filled("export", "--track", tracker, "--methods", "bidrop")
    assert '"log"' not in out.read_text().removeprefix(before)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--track", "tensorboard", "--limit", "3"), "--limit is for --jobs"),
        (("--track", "tensorboard", "--rename", "bidrop=Ours"), "--rename is for --scores"),
        (("--track", "tensorboard", "--scores", "s.csv"), "one of them"),
        (("--track", "tensorboard", "--tasks", "colla"), "did you mean 'cola'"),
    ],
)
def test_what_does_not_go_together_is_refused(filled: Ftbench, words: tuple[str, ...], said: str) -> None:
    ended = filled("export", *words)
    assert ended.code == 2 and said in ended.err
