"""``ftbench merge`` on the command line."""

from __future__ import annotations

import sqlite3

from ftbench.db import open_database
from ftbench.domain.result import JobResult, Score
from tests.cli.conftest import Ftbench
from tests.cli.filled import fill


def test_what_was_taken_and_what_differs_is_told(filled: Ftbench) -> None:
    fill("other.db")
    assert filled("merge", "other.db").out == "other.db: 0 jobs added, 17 already here\n"
    with open_database("other.db") as other:
        (row,) = (row for row in other.results.values() if row.value == 0.735)
        other.jobs.restart({row.digest: {}})
        again = other.jobs.claim("worker", 60.0)
        assert again and other.jobs.finish(again, JobResult((Score(row.evaluation, row.metric, 0.5),)))
    ended = filled("merge", "other.db")
    assert ended.code == 0
    assert "1 number came out otherwise; the one that is here counts, both are kept:" in ended.out
    assert "0.735    0.5" in ended.out and "bidrop" in ended.out
    report = filled("report", "--json").out
    (merged,) = filled("merge", "other.db", "--json").json
    assert [(one["here"], one["there"]) for one in merged["conflicts"]] == [(0.735, 0.5)]
    assert filled("report", "--json").out == report
    assert filled("db", "check").code == 0


def test_what_was_changed_by_hand_is_not_taken(filled: Ftbench) -> None:
    fill("other.db")
    with sqlite3.connect("other.db") as connection:
        connection.execute("UPDATE scores SET value = 0.5 WHERE value = 0.735")
    ended = filled("merge", "other.db")
    assert ended.code == 1 and "its scores were changed by hand" in ended.err and ended.err.count("\n") == 1


def test_parts_make_a_new_database_and_a_wrong_one_is_a_line(ftbench: Ftbench) -> None:
    fill("part.db")
    assert ftbench("merge", "part.db", "--db", "all.db").out == "part.db: 17 jobs added\n"
    with open("wrong.db", "w") as file:
        file.write("nothing")
    ended = ftbench("merge", "part.db", "wrong.db", "--db", "new.db")
    assert ended.code == 1 and ended.err.count("\n") == 1 and "wrong.db" in ended.err
