"""Other databases are read and checked before the first row is written."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from ftbench.db import create_database, open_database
from ftbench.errors import FtbenchError
from ftbench.services.exchange.merging import merge_all
from tests.db.samples import RESULT, claim, entry, execute


def filled(path: Path, seeds: range) -> Path:
    with create_database(str(path)) as database:
        database.jobs.add([entry(seed) for seed in seeds])
        database.jobs.finish(claim(database), RESULT)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(
            "UPDATE predictions SET rows = 1, outputs = 1, logits = x'789c63606060000000040001'"
        )
        connection.commit()
        assert connection.execute("PRAGMA journal_mode = DELETE").fetchone() == ("delete",)
    return path


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def foreign(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE cats (name TEXT)")


def text(path: Path) -> None:
    path.write_text("no database at all, a text, that is longer than a header of SQLite would be " * 5)


def pipe(path: Path) -> None:
    path.unlink()
    import os

    os.mkfifo(path)


def sql(statement: str) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        with sqlite3.connect(path) as connection:
            connection.execute(statement)

    return change


WRONG = {
    "truncated": (truncated, "is damaged"),
    "foreign": (foreign, "not a database of ftbench"),
    "text": (text, "not a database"),
    "pipe": (pipe, "is a pipe"),
    "gone": (Path.unlink, "no database at"),
    "older": (sql("UPDATE alembic_version SET version_num = '0002'"), "ftbench db upgrade"),
    "newer": (sql("UPDATE alembic_version SET version_num = '9999'"), "newer version"),
    "another spec": (
        sql("UPDATE jobs SET spec = replace(spec, 'tiny', 'huge')"),
        "does not hash to its digest",
    ),
    "a path": (sql("UPDATE jobs SET digest = '../../etc' WHERE seed = 11"), "64 hexadecimal"),
    "a score": (sql("UPDATE scores SET value = 1e8"), "accuracy on dev is 1e\\+08"),
    "a state": (sql("UPDATE jobs SET state = 'x' WHERE seed = 11"), "unreadable in jobs"),
    "a trigger": (
        sql("CREATE TRIGGER t AFTER INSERT ON jobs BEGIN DELETE FROM scores; END"),
        "view or trigger",
    ),
    "a view": (sql("CREATE VIEW v AS SELECT 1"), "view or trigger"),
    "no table": (sql("DROP TABLE curves"), "other form in curves"),
}


@pytest.mark.parametrize("name", sorted(WRONG))
def test_what_is_wrong_is_refused_in_a_line_and_nothing_of_any_is_taken(tmp_path: Path, name: str) -> None:
    here, good = filled(tmp_path / "here.db", range(2)), filled(tmp_path / "good.db", range(5, 8))
    bad = filled(tmp_path / "bad.db", range(10, 12))
    change, said = WRONG[name]
    change(bad)
    before = here.read_bytes()
    with pytest.raises(FtbenchError, match=said) as refused:
        list(merge_all(str(here), [str(good), str(bad)]))
    assert "\n" not in str(refused.value)
    assert here.read_bytes() == before


def test_several_are_taken_into_a_new_one(tmp_path: Path) -> None:
    parts = [filled(tmp_path / f"{at}.db", range(at, at + 3)) for at in (0, 2, 7)]
    found = list(merge_all(str(tmp_path / "all.db"), [str(part) for part in parts]))
    assert [(merged.added, merged.known, merged.completed) for _, merged in found] == [
        (3, 0, 0),
        (2, 0, 1),
        (3, 0, 0),
    ]
    with open_database(str(tmp_path / "all.db")) as database:
        assert sorted(row.seed for row in database.jobs.list()) == [0, 1, 2, 3, 4, 7, 8, 9]
        assert database.health.troubles() == []


def test_a_refused_one_leaves_no_new_database(tmp_path: Path) -> None:
    with pytest.raises(FtbenchError):
        list(merge_all(str(tmp_path / "all.db"), [str(tmp_path / "gone.db")]))
    assert not (tmp_path / "all.db").exists()


def test_a_database_is_not_merged_into_itself_by_any_name(tmp_path: Path) -> None:
    here = filled(tmp_path / "here.db", range(2))
    (tmp_path / "link.db").symlink_to(here)
    for name in (here, tmp_path / "link.db"):
        with pytest.raises(FtbenchError, match="is the database that is merged into"):
            list(merge_all(str(here), [str(name)]))


def test_texts_that_are_no_utf8_are_taken_with_a_sign_in_their_place(tmp_path: Path) -> None:
    other = filled(tmp_path / "other.db", range(2))
    with open_database(str(other)) as database:
        execute(database, "UPDATE attempts SET message = CAST(x'ff41' AS TEXT)")
    ((_, merged),) = merge_all(str(tmp_path / "all.db"), [str(other)])
    assert merged.added == 2
