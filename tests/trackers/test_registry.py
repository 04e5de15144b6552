"""Trackers are found by name, alias and file, and say what they lack."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from ftbench import trackers
from ftbench.errors import UnknownName
from tests.trackers.written import write_tracker


def test_names_aliases_and_files(tmp_path: Path) -> None:
    assert trackers.names() == ("mlflow", "tensorboard", "trackio", "wandb")
    assert trackers.find("TB") is trackers.find("tensorboard")
    assert trackers.find(str(write_tracker(tmp_path))).name() == "written"
    with pytest.raises(UnknownName, match="unknown tracker 'wandbb'; did you mean 'wandb'"):
        trackers.find("wandbb")


def test_a_package_that_is_missing_is_named_with_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    told = "the package {} is not installed here: pip install 'ftbench[{}]'"
    for name in trackers.names():
        assert trackers.find(name).lacking() == told.format(trackers.find(name).package, name)


def test_nothing_is_loaded_before_a_run_is_opened() -> None:
    code = (
        "import sys; from ftbench import trackers; [trackers.find(n)().place() for n in trackers.names()];"
        "heavy = {'mlflow', 'tensorboard', 'trackio', 'wandb', 'torch', 'numpy'};"
        "sys.exit(bool(heavy & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0
