"""A command opens its database once, whatever it asks of it."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from ftbench.db import Database
from tests.cli.conftest import Ftbench

READ = [
    "report",
    "report -o main.html",
    "report --table robustness -o robustness.html",
    "report --suite dps/table2",
    "report --suite dps/table2 -o suite.html",
    "compare bidrop vanilla",
    "compare bidrop vanilla --examples",
    "power bidrop vanilla",
    "topup",
    "topup bidrop --dry-run",
    "claim",
    "why bidrop difference",
    "export --scores scores.csv",
    "export --jobs jobs.jsonl",
    "status",
    "status --state done",
    "queue",
    "query 'SELECT 1'",
    "suites dps/table2",
    *(f"plot {kind} -o {kind}.svg" for kind in ("strip", "robustness", "ranks", "cost", "learning")),
    "plot reproduction --suite dps/table2 -o reproduction.svg",
]
WRITE = [
    "topup bidrop",
    "claim 'bidrop > vanilla @ tasks=cola'",
    "claim 'bidrop > vanilla @ tasks=cola' --withdraw",
    "retry --all",
    "cancel --all",
]


@pytest.fixture
def opened(filled: Ftbench, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each database that is opened from now on may be written."""
    found: list[bool] = []
    made = Database.__init__

    def noted(self: Database, address: str, store: object) -> None:
        found.append(store.writable)
        made(self, address, store)

    monkeypatch.setattr(Database, "__init__", noted)
    return found


@pytest.mark.parametrize("command", READ)
def test_a_command_that_reads_opens_the_database_once_and_cannot_write(filled, opened, command):
    before = Path("ftbench.db").read_bytes()
    ended = filled(*shlex.split(command))
    assert ended.code in (0, 1) and "no database" not in ended.err, ended.err
    assert opened == [False]
    assert Path("ftbench.db").read_bytes() == before


@pytest.mark.parametrize("command", WRITE)
def test_a_command_that_writes_opens_the_database_once(filled, opened, command):
    if command.endswith("--withdraw"):
        filled(*shlex.split(command.removesuffix(" --withdraw")))
        opened.clear()
    ended = filled(*shlex.split(command))
    assert (ended.code, opened) == (0, [True]), ended.err
