"""The command line on a server's database: it says and does what it does with a file."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from ftbench.secrets import masked
from tests.cli.conftest import GRID, Ftbench
from tests.cli.filled import run
from tests.server import Server

FILE = "file.db"


@pytest.fixture
def address(server: Server) -> Iterator[str]:
    """An address with a password, which the server does not ask for."""
    with server.database() as made:
        yield made.replace("ftbench@", "ftbench:geheim@")


#: Beside each database; {out} is a file of its own.
COMMANDS = """
status
status --json --state done
status --where 'method=bidrop and noise>0 or seed in (1, 2)'
status --where 'not (train_size=none and lr<1)'
status --models bert-base --tasks rte --json
report
report --json
report --table robustness
report --format latex --where noise=0
report --methods bidrop --output {out}
compare bidrop vanilla
compare bidrop vanilla --json
claim
power bidrop vanilla
why bidrop rte
topup bidrop --alpha 0.05
query 'SELECT label, task, count(*) AS n, avg(attempts) AS tries FROM jobs GROUP BY label, task ORDER BY 1, 2'
query 'SELECT label, value FROM scores JOIN jobs ON jobs.digest = scores.digest ORDER BY jobs.digest' --csv
query 'SELECT * FROM attempts ORDER BY digest' --json
show {job}
export --scores {out}
prune attempts --dry-run
db check
methods
report --suite bidrop/table5
status --where 'nothing=1'
query 'DELETE FROM jobs'
show nosuchjob
cancel --state queued --yes
retry --state cancelled --yes
""".strip().splitlines()


def test_every_command_says_on_both_the_same(filled: Ftbench, address: str, tmp_path: Path) -> None:
    assert filled("claim", "bidrop > vanilla").code == 0
    run({("freelb", "rte"): [0.5]})
    assert filled(*GRID).code == 0
    Path("ftbench.db").rename(FILE)
    assert filled("merge", FILE, "--db", address).code == 0
    job = filled(
        "query", "SELECT digest FROM jobs ORDER BY sequence LIMIT 1", "--csv", "--db", FILE
    ).out.split()[1]
    shown, quoted = masked(address), shlex.quote(masked(address))
    for line in COMMANDS:
        said = []
        for database in (FILE, address):
            out = tmp_path / "out.csv"
            words = shlex.split(line.replace("{job}", job).replace("{out}", str(out)))
            ended = filled(*words, "--db", database)
            text = ended.out + "\n".join(one for one in ended.err.splitlines() if "~/.pgpass" not in one)
            written = out.read_text() if "{out}" in line else ""
            assert "geheim" not in text + written
            told = "".join((text + written).split())  # lines end where the address lets them
            said.append((ended.code, told.replace(quoted, FILE).replace(shown, FILE)))
        if "DELETE" in line or "methods" == line:  # each system in its own words
            assert [code for code, _ in said] == [said[0][0]] * 2
            continue
        assert said[0] == said[1], line


def test_a_password_on_the_command_line_is_warned_of_and_shown_nowhere(
    ftbench: Ftbench, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = ftbench("db", "init", "--db", address)
    assert made.code == 0 and "put the address into FTBENCH_DB, or the password into ~/.pgpass" in made.err
    monkeypatch.setenv("FTBENCH_DB", address)
    queued = ftbench(*GRID)
    assert queued.err == "" and "geheim" not in queued.out
    (command,) = (line for line in queued.out.splitlines() if "ftbench worker" in line)
    named = shlex.split(command)[-1]
    assert named == masked(address) and ":***@" in named
    assert ftbench("status", "--db", named).out == ftbench("status").out


def test_a_database_that_is_not_there_is_told_with_what_makes_it(
    ftbench: Ftbench, server: Server, address: str
) -> None:
    for words in (("status",), ("worker", "--drain"), ("query", "SELECT 1"), ("db", "upgrade")):
        ended = ftbench(*words, "--db", address)
        assert ended.code == 1 and "`ftbench db init --db " in ended.err and "geheim" not in ended.err
    assert "make and fill it with: ftbench queue" in ftbench("report", "--db", address).err
    ended = ftbench("db", "init", "--db", server.address("nowhere"))
    assert ended.code == 1 and "`createdb nowhere` on the server makes it" in ended.err


def test_a_worker_waits_for_a_server_that_is_not_there_yet_and_says_so_once(
    ftbench: Ftbench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    nowhere = f"postgresql://ann@/runs?host={tmp_path}"
    assert "check the address" in ftbench("status", "--db", nowhere).err
    monkeypatch.setattr("ftbench.services.worker.insisting.LONGEST", 0.5)
    ended = ftbench("worker", "--drain", "--db", nowhere)
    assert ended.code == 1 and ended.out.count("does not answer") == 1
    assert "trying again until it can be used" in ended.out
    assert "check the address, and that the server runs" in ended.err


def test_two_servers_databases_share_no_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    from ftbench.settings import work_dir

    monkeypatch.delenv("FTBENCH_WORK", raising=False)
    one = work_dir("postgresql://ann:geheim@h/runs")
    assert one == work_dir("postgres://ann@h/runs") == work_dir("postgresql+psycopg://ann:***@h/runs")
    assert one != work_dir("postgresql://ann@h/other") != work_dir("postgresql://ann@g/runs")
    monkeypatch.setenv("FTBENCH_WORK", "/work")
    assert work_dir("postgresql://ann:a@h/runs") == work_dir("postgresql://ann:b@h/runs")


def test_without_the_driver_the_extra_is_named(ftbench: Ftbench, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    for name in [name for name in sys.modules if name.startswith(("psycopg", "ftbench.db.backends.postg"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    ended = ftbench("status", "--db", "postgresql://ann@h/runs")
    assert ended.code == 1 and "run `pip install 'ftbench[postgres]'`" in ended.err
