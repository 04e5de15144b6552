"""Where methods are found, and what happens where one cannot be used."""

from __future__ import annotations

import importlib.metadata
import sys
from pathlib import Path

import pytest

from ftbench.errors import PluginError, UnknownName
from ftbench.methods import ALIASES, Method, _registry, available, find
from tests.tasks.layouts import write

MINE = "from ftbench.methods import Method\n\nclass Mine(Method):\n    title = '{title}'\n"


def mine(folder: Path, title: str = "Mine", name: str = "mine.py") -> str:
    return str(write(folder / name, MINE.format(title=title)))


def test_every_file_of_the_folder_is_a_method() -> None:
    entries = {entry.name: entry for entry in available()}
    assert {"vanilla", "rdrop", "bidrop"} <= entries.keys()
    assert "base" not in entries
    for name, entry in entries.items():
        assert entry.error is None and entry.cls is not None
        assert entry.cls.name() == name
        assert entry.cls.title and entry.cls.paper


def test_aliases_lead_to_methods_that_exist() -> None:
    assert {find(alias).name() for alias in ALIASES} == {find(name).name() for name in ALIASES.values()}
    assert find("Bi-Drop") is find("bidrop")


def test_an_unknown_name_gets_the_nearest() -> None:
    with pytest.raises(UnknownName, match="unknown method 'bidrp'; did you mean 'bidrop'"):
        find("bidrp")


def test_a_file_is_named_by_its_path_or_by_its_stem_among_the_plugins(tmp_path: Path) -> None:
    path = mine(tmp_path)
    assert find(path) is find("mine", [path])
    assert find(path).name() == "mine"
    with pytest.raises(UnknownName):
        find("mine")


def test_an_edited_file_is_loaded_anew(tmp_path: Path) -> None:
    assert find(mine(tmp_path, "Before")).title == "Before"
    assert find(mine(tmp_path, "After")).title == "After"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("\n1 / 0\n", ":2: ZeroDivisionError: division by zero"),
        ("\n\nx = (\n", ":3: SyntaxError"),
        ("raise ValueError('two\\nlines')\n", ":1: ValueError: two lines"),
        ("import sys\nsys.exit('no')\n", ":2: SystemExit: no"),
        ("x = 1\n", "holds 0 subclasses of Method (none), and must hold one"),
        (
            MINE.format(title="A") + "class Other(Method):\n    pass\n",
            "holds 2 subclasses of Method (Mine, Other)",
        ),
    ],
)
def test_a_broken_file_is_listed_with_its_error_and_fatal_only_when_named(
    tmp_path: Path, body: str, text: str
) -> None:
    path = str(write(tmp_path / "mine.py", body))
    (entry,) = [entry for entry in available([path]) if entry.name == "mine"]
    assert entry.cls is None and entry.error is not None and "\n" not in entry.error
    assert path in entry.error and text in entry.error
    with pytest.raises(PluginError) as error:
        find(path)
    assert str(error.value) == entry.error
    assert find("bidrop", [path]).name() == "bidrop"


def test_helpers_with_an_underscore_are_not_methods(tmp_path: Path) -> None:
    path = write(tmp_path / "mine.py", MINE.format(title="A"), "class _Base(Method):", "    pass")
    assert find(str(path)).title == "A"


def test_two_methods_of_one_name_are_an_error(tmp_path: Path) -> None:
    clash = mine(tmp_path, name="bidrop.py")
    with pytest.raises(
        PluginError, match=f"two methods are called 'bidrop': built-in and {clash}; rename one"
    ):
        find("bidrop", [clash])
    first, second = mine(tmp_path / "a"), mine(tmp_path / "b")
    with pytest.raises(PluginError, match="two methods are called 'mine'"):
        find("mine", [first, second])
    assert find("mine", [first, first]).title == "Mine"


def entry_points(monkeypatch: pytest.MonkeyPatch, **points: str) -> None:
    found = [importlib.metadata.EntryPoint(name, value, _registry.GROUP) for name, value in points.items()]
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: found)


def test_entry_points_bring_methods(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine(tmp_path, name="package_of_one.py")
    monkeypatch.syspath_prepend(tmp_path)
    entry_points(monkeypatch, package_of_one="package_of_one:Mine")
    assert find("package_of_one").title == "Mine"
    entry_points(monkeypatch, package_of_one="package_of_one")
    assert issubclass(find("package_of_one"), Method)
    sys.modules.pop("package_of_one")


def test_broken_entry_points_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    entry_points(
        monkeypatch, gone="nowhere_at_all:Mine", odd="json:JSONDecoder", base2="ftbench.methods.base:Method"
    )
    errors = {entry.name: entry.error or "" for entry in available() if entry.error}
    assert "entry point nowhere_at_all:Mine: ModuleNotFoundError" in errors["gone"]
    assert "is not a subclass of ftbench.methods.Method" in errors["odd"]
    assert "is called 'base2' but stands in a module called 'base'" in errors["base2"]
    with pytest.raises(PluginError, match="nowhere_at_all"):
        find("gone")
