"""What a type checker knows of a method's hyper-parameters: mypy is run once on a file made for it."""

from __future__ import annotations

import dataclasses
import inspect
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import ftbench
from ftbench import methods

pytest.importorskip("mypy")

#: torch is not what is looked at, and takes a minute.
CONFIG = f"""
[mypy]
strict = True
mypy_path = {Path(ftbench.__file__).parents[1]}
[mypy-torch.*,numpy.*,transformers.*,peft.*,ftbench.nn.*,ftbench.training.*,ftbench.run.*]
follow_imports = skip
"""
MINE = """
from dataclasses import dataclass
from typing import assert_type
from ftbench.methods import Method

class Mine(Method):
    @dataclass(frozen=True)
    class HParams:
        size: float = 0.5

    def __init__(self, hparams: HParams | None = None) -> None:
        super().__init__(hparams)
        assert_type(self.hparams.size, float)

class Ours(Mine):
    @dataclass(frozen=True)
    class HParams(Mine.HParams):
        words: tuple[str, ...] = ()

    def note(self) -> None:
        assert_type(self.hparams.size, float)
        assert_type(self.hparams.words, tuple[str, ...])
        print(self.hparams.wrods)

def plain(method: Method) -> None:
    assert_type(method.hparams, Method.HParams)
"""


def built_in() -> dict[str, type[methods.Method]]:
    return {e.name: e.cls for e in methods.available() if e.source == "built-in" and e.cls is not None}


def annotations(cls: type[methods.Method]) -> dict[str, str]:
    """The hyper-parameters as they are annotated in the file."""
    return {field.name: str(field.type) for field in dataclasses.fields(cls.HParams)}  # type: ignore[arg-type]


def says(name: str, cls: type[methods.Method]) -> list[str]:
    """A function that says of every hyper-parameter of a method what its annotation says."""
    found = annotations(cls).items()
    body = [f"    assert_type(method.hparams.{one}, {declared})" for one, declared in found]
    return [f"def {name}(method: {cls.__module__}.{cls.__name__}) -> None:", *(body or ["    pass"])]


def checked(folder: Path, text: str) -> list[str]:
    """What mypy finds in a file, each finding with its line of the file."""
    (folder / "mypy.ini").write_text(CONFIG)
    (folder / "mine.py").write_text(text)
    command = [sys.executable, "-m", "mypy", "--config-file", "mypy.ini", "mine.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    lines = text.splitlines()
    return [
        f"{lines[int(number) - 1].strip()}: {told}"
        for number, told in re.findall(r"^mine\.py:(\d+): error: (.*)$", done.stdout, re.MULTILINE)
    ]


@cache
def all_methods() -> str:
    found = built_in()
    assert len(found) >= 28
    modules = sorted({f"import {cls.__module__}" for cls in found.values()})
    head = ["from typing import assert_type", *modules]
    return "\n".join([*head, *(line for name, cls in found.items() for line in says(name, cls)), ""])


def test_every_hyper_parameter_has_the_type_that_its_annotation_says(tmp_path: Path) -> None:
    wrong = "def f(one: ftbench.methods.bidrop.BiDrop) -> None:\n    assert_type(one.hparams.k, str)\n"
    (told,) = checked(tmp_path, all_methods() + wrong)
    assert told.startswith("assert_type(one.hparams.k, str): ") and '"int", not "str"' in told


def test_a_method_of_ones_own_declares_nothing_twice(tmp_path: Path) -> None:
    (told,) = checked(tmp_path, MINE)
    assert told.startswith("print(self.hparams.wrods): ") and 'no attribute "wrods"' in told


def test_no_method_says_the_type_of_a_hyper_parameter_again() -> None:
    again = re.compile(r"hparams: Any|cast\(|\w+: \w+ = self\.hparams\.\w+$", re.MULTILINE)
    files = Path(inspect.getfile(methods)).parent.glob("*.py")
    assert not [told for file in files for told in again.findall(file.read_text()) if file.stem[0] != "_"]
