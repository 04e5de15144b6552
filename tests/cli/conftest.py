"""The command line in process, in an empty folder, with small places to work on."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ftbench.cli.app import run
from tests.cli.filled import fill
from tests.places import data_folder, model_folder

GRID = ("queue", "--methods", "rdrop", "--tasks", "cola", "--models", "../model", "--seeds", "2")


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Ftbench = Callable[..., Ended]


@pytest.fixture
def ftbench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Ftbench:
    """Run a command in an empty folder, beside a folder of data and one of a model."""
    data_folder(tmp_path / "data")
    model_folder(tmp_path / "model")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    for name in ("FTBENCH_DB", "FTBENCH_WORK"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("FTBENCH_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))

    def command(*words: str) -> Ended:
        capfd.readouterr()
        code = run(list(words))
        return Ended(code, *capfd.readouterr())

    return command


@pytest.fixture
def filled(ftbench: Ftbench) -> Ftbench:
    """Run a command beside a database that holds scores; see ``fill``."""
    fill("ftbench.db")
    return ftbench
