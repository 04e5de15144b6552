"""Where perturbations are found, and in which order they are applied."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

import pytest

from ftbench.domain.perturbation import Perturbation
from ftbench.errors import PluginError, UnknownName
from ftbench.perturbations import available, by_place, find
from tests.tasks.layouts import write

MINE = "from ftbench.perturbations import Perturber\n\nclass Mine(Perturber):\n    name = 'mine'\n"
SECOND = "class Second(Perturber):\n    name = 'second'\n    order = 15\n"


def test_every_file_of_the_folder_is_a_perturbation() -> None:
    entries = {entry.name: entry for entry in available()}
    assert entries.keys() == {"duplicates", "noise", "reduction", "train_size", "typos"}
    for name, entry in entries.items():
        assert entry.error is None and entry.cls is not None
        assert entry.cls.name == name and entry.cls.title and entry.cls.caption and entry.cls.value().help


def test_a_value_is_neutral_by_default() -> None:
    assert all(entry.cls is None or not entry.cls.value().default for entry in available())


def test_changes_are_applied_in_the_order_that_they_declare() -> None:
    spec = {"duplicates": 0.1, "noise": 0.1, "reduction": 0.1, "train_size": 5, "typos": 0.1}
    found = by_place(Perturbation.of(spec))
    assert [one.name for one in found] == ["train_size", "reduction", "noise", "typos", "duplicates"]


def test_an_unknown_name_gets_the_nearest() -> None:
    with pytest.raises(UnknownName, match="unknown perturbation 'nois'; did you mean 'noise'"):
        find("nois")


def test_a_file_may_hold_several(tmp_path: Path) -> None:
    path = write(tmp_path / "own.py", MINE, SECOND)
    assert find(f"{path}:mine").name == "mine" and find("second", {"second": str(path)}).order == 15
    with pytest.raises(PluginError, match="must hold one perturbation called 'other', and holds mine"):
        find(f"{path}:other")
    with pytest.raises(PluginError, match=r"nowhere.py: cannot be read: No such file"):
        find(f"{tmp_path}/nowhere.py:mine")


def test_two_perturbations_of_one_name_are_an_error(tmp_path: Path) -> None:
    path = write(tmp_path / "own.py", MINE.replace("'mine'", "'typos'"))
    with pytest.raises(PluginError, match=f"two perturbations are called 'typos': built-in and {path}"):
        find(f"{path}:typos")


def test_a_broken_file_is_listed_with_its_error(tmp_path: Path) -> None:
    path = write(tmp_path / "own.py", "1 / 0")
    (entry,) = [entry for entry in available({"mine": str(path)}) if entry.name == "mine"]
    assert entry.cls is None and entry.error == f"{path}:1: ZeroDivisionError: division by zero"
    assert find("noise", {"mine": str(path)}).name == "noise"


def test_entry_points_bring_perturbations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "package_with_two.py", MINE, SECOND)
    monkeypatch.syspath_prepend(tmp_path)
    points = {"mine": "package_with_two:Mine", "second": "package_with_two", "gone": "nowhere_at_all:Mine"}
    group = "ftbench.perturbations"
    found = [importlib.metadata.EntryPoint(name, value, group) for name, value in points.items()]
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: found)
    assert find("mine").name == "mine" and find("second").name == "second"
    assert "ModuleNotFoundError" in {entry.name: entry.error or "" for entry in available()}["gone"]
