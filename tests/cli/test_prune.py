"""``ftbench prune`` on the command line."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Ftbench


def test_a_dry_run_says_what_would_go_and_yes_deletes_it(filled: Ftbench) -> None:
    digest = filled("status", "--state", "done", "--json").json[0]["job"]
    whole = filled("show", digest, "--json").json["job"]
    log = Path("ftbench.db.work") / "logs" / f"{whole}.log"
    log.parent.mkdir(parents=True)
    log.write_text("a line\n")
    ended = filled("prune", "--dry-run")
    assert ended.code == 0 and "logs" in ended.out and "in all: 1 thing, 7 bytes" in ended.out
    assert filled("prune", "--dry-run", "--json").json == [
        {"what": "logs", "job": whole, "bytes": 7, "path": str(log.absolute()), "attempt": None}
    ]
    assert filled("prune", "--older-than", "1d", "--yes").out == "nothing to delete\n"
    assert filled("prune", "checkpoints", "--yes").out == "nothing to delete\n"
    assert log.exists()
    assert "deleted 1 thing, 7 bytes" in filled("prune", "logs", "--yes").out
    assert not log.exists()


def test_wrong_flags_are_a_line(filled: Ftbench) -> None:
    for words in (["log"], ["--older-than", "soon"], ["--larger-than", "x"], ["--where", "sed=1"]):
        ended = filled("prune", *words)
        assert (ended.code, ended.err.count("\n")) == (2, 1)
