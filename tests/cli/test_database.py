"""``ftbench db`` on the command line."""

from __future__ import annotations

import sqlite3

from tests.cli.conftest import Ftbench


def test_a_check_says_what_is_wrong_and_what_to_do(filled: Ftbench) -> None:
    assert filled("db", "check").out == "ftbench.db is whole\n"
    with sqlite3.connect("ftbench.db") as connection:
        connection.execute("UPDATE scores SET value = 7 WHERE value = 0.6")
    ended = filled("db", "check")
    assert ended.code == 1
    assert "score            scores" in ended.out and "accuracy on dev is 7" in ended.out
    assert "\nscore: delete it with `sqlite3`" in ended.out and "\nchanged by hand: " in ended.out
    troubles = filled("db", "check", "--json").json["troubles"]
    found = [(trouble["kind"], trouble["table"], trouble["rows"]) for trouble in troubles]
    assert found == [("score", "scores", 2), ("changed by hand", "jobs", 2)]


def test_a_check_holds_the_database_against_a_file_of_claims(filled: Ftbench) -> None:
    filled("claim", "bidrop > rdrop")
    filled("claim", "--export", "claims.json")
    assert filled("db", "check", "--claims", "claims.json").out == "ftbench.db is whole\n"
    filled("db", "init", "--db", "other.db")
    ended = filled("db", "check", "--claims", "claims.json", "--db", "other.db")
    assert ended.code == 1 and "claims file" in ended.out
    assert filled("db", "check", "--claims", "no.json").err.startswith(
        "ftbench: error: no.json cannot be read"
    )
    for text in ("x", "[" * 100000, "[]", '{"schema": "ftbench.declared/1", "claims": 5}'):
        with open("no.json", "w") as file:
            file.write(text)
        ended = filled("db", "check", "--claims", "no.json")
        assert ended.code == 1 and len(ended.err.splitlines()) == 1 and "claim --export" in ended.err


def test_a_check_changes_nothing(filled: Ftbench) -> None:
    before = open("ftbench.db", "rb").read()
    assert filled("db", "check").code == 0
    assert open("ftbench.db", "rb").read() == before


def test_an_upgrade_tells_of_its_copy(filled: Ftbench) -> None:
    assert filled("db", "upgrade").out == "ftbench.db is of this version already\n"
    with sqlite3.connect("ftbench.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0003'")
    ended = filled("db", "upgrade")
    assert ended.out == "ftbench.db was upgraded; as it was, it is ftbench.db.0003.backup\n"
    assert filled("db", "check").code == 0


def test_a_copy_says_where_the_work_goes_on(filled: Ftbench) -> None:
    with sqlite3.connect("ftbench.db") as connection:
        connection.execute(
            "UPDATE jobs SET state = 'running', owner = 'w', token = 't', expires = 1 WHERE sequence = 1"
        )
    said = filled("db", "copy", "ftbench.db", "new.db").out.splitlines()
    assert said[0].startswith("ftbench.db was copied to new.db: ") and said[0].endswith("each compared")
    assert said[1] == (
        "1 job was running there, queued here: end the workers there; what they still finish comes over with "
        "`ftbench merge ftbench.db --db new.db`"
    )
    assert said[2] == "ftbench.db stays as it is: from now on give --db new.db, or set FTBENCH_DB to it"
    ended = filled("db", "copy", "ftbench.db", "new.db")
    assert ended.code == 1 and "not empty" in ended.err
