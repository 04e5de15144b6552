"""The digest of a method's code: what changes it, and what does not."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from ftbench.methods import _source, find, source_digest

SOURCE = '''\
"""A method."""

from dataclasses import dataclass

from ftbench.domain.hparams import hparam
from ftbench.methods import Method


def half(x):
    """Half of x."""
    return x / 2  # a comment


class Mine(Method):
    """What it does."""

    title = "Mine"
    paper = "Nobody 2020"
    family = "other"
    formula = "x"
    cost = "none"
    unsupported_note = "nothing"
    differs = ("one",)
    published = {"a": 2.0}

    @dataclass(frozen=True)
    class HParams:
        """Its numbers."""

        a: float = hparam(1.0, help="how much")

    def compute_loss(self, run, batch):
        """A loss."""
        from ftbench.nn import selection_of_a_test
        from ftbench.nn.deeper_of_a_test import thing

        return thing(selection_of_a_test, half(run.task.loss(run.forward(batch), batch.labels)))
'''


@pytest.fixture
def digest_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The digest of a method's text, with two files of ``nn`` beside it."""
    nn = tmp_path / "nn"
    nn.mkdir()
    monkeypatch.setattr(_source, "_NN", nn)

    def write(source: str = SOURCE, selection: str = "x = 1\n", deeper: str = "def thing(): pass\n") -> str:
        (nn / "selection_of_a_test.py").write_text(selection)
        (nn / "deeper_of_a_test.py").write_text(deeper)
        (tmp_path / "mine.py").write_text(source)
        importlib.invalidate_caches()
        return source_digest(find(str(tmp_path / "mine.py")))

    return write


def test_a_digest_is_16_hexadecimal_characters_and_stays(digest_of) -> None:
    assert digest_of() == digest_of()
    assert len(digest_of()) == 16 and int(digest_of(), 16) >= 0


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"""A method."""', '"""Another method."""'),
        ('"""A method."""\n', ""),
        ('"""Half of x."""', '"""x / 2."""'),
        ('"""What it does."""', '"""What it does not."""'),
        ('"""A loss."""', '"""The loss."""'),
        ("  # a comment", ""),
        ("x / 2", "(x / 2)"),
        ("\n\n\nclass Mine", "\n\n\n\nclass Mine"),
        ('title = "Mine"', 'title = "My method"'),
        ('paper = "Nobody 2020"', 'paper = "Somebody 2021"'),
        ('family = "other"', 'family = "baseline"'),
        ('formula = "x"', 'formula = "y"'),
        ('cost = "none"', 'cost = "much"'),
        ('unsupported_note = "nothing"', 'unsupported_note = "all"'),
        ('differs = ("one",)', 'differs = ("one", "two")'),
        ('differs = ("one",)', 'differs: tuple[str, ...] = ("one", "two")'),
    ],
)
def test_words_do_not_change_it(digest_of, old: str, new: str) -> None:
    assert old in SOURCE
    assert digest_of(SOURCE.replace(old, new)) == digest_of()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("return x / 2", "return x / 3"),
        ("hparam(1.0", "hparam(1.5"),
        ('published = {"a": 2.0}', 'published = {"a": 3.0}'),
        ("half(run", "abs(run"),
        ("def half(x):", "def half(x, y=1):"),
    ],
)
def test_code_changes_it(digest_of, old: str, new: str) -> None:
    assert old in SOURCE
    assert digest_of(SOURCE.replace(old, new)) != digest_of()


@pytest.mark.parametrize("name", ["selection", "deeper"])
def test_code_of_the_nn_files_it_imports_changes_it(digest_of, name: str) -> None:
    assert digest_of(**{name: "x = 2\n"}) != digest_of()
    assert digest_of(**{name: "x = 2\n"}) == digest_of(**{name: '"""Words."""\nx = 2  # more\n'})


def test_a_plain_import_of_an_nn_file_counts_too(digest_of) -> None:
    old, new = "from ftbench.nn import selection_of_a_test", "import ftbench.nn.selection_of_a_test"
    source = SOURCE.replace(old, new)
    assert digest_of(source, selection="x = 2\n") != digest_of(source)


def test_an_import_for_types_alone_does_not_count(digest_of) -> None:
    line = "        from ftbench.nn import selection_of_a_test\n"
    assert line in SOURCE
    typed = f"from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n{line[4:]}"
    source = SOURCE.replace(line, "").replace("\n\n\ndef half", f"\n{typed}\n\ndef half")
    assert typed in source
    assert digest_of(source, selection="x = 2\n") == digest_of(source)


def test_code_of_a_method_that_it_extends_changes_it(digest_of, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    mine = "import base_of_a_test\n\nclass Mine(base_of_a_test.Base):\n    pass\n"
    digests = []
    for value in (1, 1, 2):
        text = f"from ftbench.methods import Method\n\nclass Base(Method):\n    x = {value}\n"
        (tmp_path / "base_of_a_test.py").write_text(text)
        sys.modules.pop("base_of_a_test", None)
        digests.append(digest_of(f"{mine}# {len(digests)}\n"))
    assert digests[0] == digests[1] != digests[2]


def test_other_nn_files_do_not(digest_of, tmp_path: Path) -> None:
    before = digest_of()
    (tmp_path / "nn" / "another_of_a_test.py").write_text("x = 1\n")
    assert digest_of() == before


def test_built_in_methods_have_digests_of_their_own() -> None:
    digests = {source_digest(find(name)) for name in ("vanilla", "rdrop", "bidrop")}
    assert len(digests) == 3 and "" not in digests


def test_a_class_without_a_file_has_none() -> None:
    assert source_digest(type("Mine", (), {"__module__": "nowhere"})) == ""
