"""``ftbench publish`` as it is typed."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from ftbench.db import open_database
from ftbench.services.planning.fewer import fewer_commands
from ftbench.services.publishing import publish
from ftbench.services.reporting import why
from tests.cli.conftest import Ftbench


def test_it_says_what_it_wrote_and_where_to_begin(filled: Ftbench) -> None:
    done = filled("publish", "site", "--title", "Ours & theirs")
    assert done.code == 0 and done.err == ""
    assert done.out.startswith("ftbench.db is published in site: ") and "17 jobs" in done.out
    assert "open site/index.html" in done.out and "Ours &amp; theirs" in Path("site/index.html").read_text()


def test_it_says_so_as_json(filled: Ftbench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publish, "publish", lambda *given: publish.PublishedCount(9, 12, 17))
    assert filled("publish", "site", "--json").json == {"folder": "site", "pages": 9, "files": 12, "jobs": 17}


def test_wrong_use_is_told_in_a_line(filled: Ftbench) -> None:
    for words, told in (
        (("publish", "."), "name a folder"),
        (("publish", "site", "--to", "owner/name"), "write hf://OWNER/NAME"),
        (("publish", "site", "--baseline", "vanila"), "did you mean 'vanilla'?"),
    ):
        done = filled(*words)
        assert done.code == 2 and told in done.err and done.err.count("\n") == 1, words


def test_what_cannot_be_done_is_told_in_a_line(filled: Ftbench) -> None:
    Path("mine").mkdir()
    Path("mine/notes.txt").write_text("x")
    for words, told in (
        (("publish", "mine"), "mine holds notes.txt, which was not published"),
        (("publish", "site", "--db", "none.db"), "no database at none.db"),
        (("publish", "no/site"), "there is no folder no"),
        (("publish", "site", "--to", "hf://owner/name"), "hf://datasets/owner/name: "),
    ):
        done = filled(*words)
        assert done.code == 1 and told in done.err and done.err.count("\n") == 1, words
    assert not Path("site").exists() and Path("mine/notes.txt").read_text() == "x"


def test_as_few_commands_queue_the_same_jobs_again(ftbench: Ftbench) -> None:
    grid = ("--tasks", "toy-accept,toy-sim", "--models", "tiny", "--seeds", "2")
    queued = (
        ("--methods", "bidrop[k=2|3],rdrop", *grid),
        (
            "--methods",
            "rdrop",
            "--tasks",
            "toy-accept",
            "--models",
            "tiny",
            "--seeds",
            "2",
            "--noise",
            "0.1,0.2",
        ),
        ("--methods", "sam", "--tasks", "toy-para", "--models", "tiny", "--seeds", "7,", "--set", "lr=1e-3"),
    )
    for words in queued:
        assert ftbench("queue", *words).code == 0
    with open_database("ftbench.db", write=False) as database:
        rows = database.jobs.list()
    commands = fewer_commands(why.commands(rows))
    assert len(commands) < len({(row.method, row.label, row.task) for row in rows})
    for command in commands:
        assert ftbench(*shlex.split(command)[1:], "--db", "again.db").code == 0
    with open_database("again.db", write=False) as database:
        assert {row.digest for row in database.jobs.list()} == {row.digest for row in rows}
