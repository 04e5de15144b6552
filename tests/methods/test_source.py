"""The digest of a method's code: what changes it, and what does not."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ftbench.methods._source import PACKAGE, digest

MINE = '''\
"""A method."""

from __future__ import annotations

import typing
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from torch.nn.functional import kl_div

import ftbench.nn.deep_of_a_test as deep
from ftbench.domain.hparams import hparam
from ftbench.methods._helper_of_a_test import half, unused_there
from ftbench.methods.base import Method
from ftbench.nn import near_of_a_test

if TYPE_CHECKING:
    from torch import Tensor

    from ftbench.training.run import Run

BOUND = 3
SPARE = 4


def spare(x):
    return x + SPARE


class Mine(Method):
    """What it does."""

    title = "Mine"
    paper = "Nobody 2020"
    family = "other"
    formula = "x"
    cost = "none"
    memory = "none"
    unsupported_note = "nothing"
    differs = ("one",)
    passes = 2.0
    published = {"a": 2.0}

    @dataclass(frozen=True)
    class HParams:
        """Its numbers."""

        a: float = hparam(1.0, help="how much")
        b: float = hparam(2.0, help="how much more")
        formula: str = hparam("one", help="not a card")

    start: Tensor

    @property
    def passes(self) -> float:
        return 3.0

    @staticmethod
    def doubled(x: Tensor, by: int = 2) -> Tensor:
        """Twice x."""
        return x * by  # a comment

    def compute_loss(self, run: Run, batch) -> Tensor:
        """A loss."""
        from ftbench.nn.late_of_a_test import late

        spare: Tensor = run.forward(batch)
        loss = half(cast(Tensor, spare)) + near_of_a_test.near(BOUND) + late() + deep.table["a"]
        return kl_div(loss, self.doubled(loss)) + sum(SPARE for SPARE in [1])
'''
FILES = {
    "methods/mine_of_a_test.py": MINE,
    "methods/_helper_of_a_test.py": "def half(x):\n    return x / 2\n\n\ndef unused_there():\n    return 1\n",
    "nn/near_of_a_test.py": (
        "from ftbench.nn.deep_of_a_test import deeper\n\n\ndef near(x):\n    return deeper(x)\n\n\n"
        "def unused_near():\n    return 1\n"
    ),
    "nn/deep_of_a_test.py": (
        "import torch\n\nEPS = 1e-6\ntable = {'a': 1}\n\n\nclass Base:\n    x: int = 1\n\n\n"
        "class Deep(Base):\n    def value(self):\n        return EPS\n\n\n"
        "def deeper(x):\n    return x * Deep().value()\n\n\ndef unused_deep():\n    return 1\n"
    ),
    "nn/late_of_a_test.py": "from ftbench.nn.deeper_of_a_test import late as late\n",
    "nn/deeper_of_a_test.py": "def late():\n    return 5\n",
}
Digest = Callable[..., str]


@pytest.fixture
def digest_of(tmp_path: Path) -> Digest:
    """The digest of the method above, after edits: file -> (old text, new text)."""

    numbers = itertools.count()

    def write(edits: dict[str, tuple[str, str]] | None = None) -> str:
        package = tmp_path / str(next(numbers)) / "ftbench"
        for name, text in FILES.items():
            path = package / name
            old, new = (edits or {}).get(name, ("", ""))
            assert old in text
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.replace(old, new) if old else text)
        for name in ("__init__", "base"):
            shutil.copy(PACKAGE / "methods" / f"{name}.py", package / "methods")
        for name in ("", "nn", "domain", "training", "domain/hparams", "training/run"):
            (package / name).mkdir(parents=True, exist_ok=True)
            (package / name / "__init__.py").touch()
        path = package / "methods" / "mine_of_a_test.py"
        return digest(path, "ftbench.methods.mine_of_a_test", "Mine", package=package)

    return write


def mine(old: str, new: str) -> dict[str, tuple[str, str]]:
    assert old in MINE
    return {"methods/mine_of_a_test.py": (old, new)}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"""A method."""', '"""Another method."""'),
        ('"""A method."""\n', ""),
        ('    """What it does."""\n', ""),
        ('"""A loss."""', '"""The loss."""'),
        ('"""Twice x."""', '"""x · 2."""'),
        ("  # a comment", ""),
        ("x * by", "(x * by)"),
        ("\n\n\nclass Mine", "\n\n\n\nclass Mine"),
        ('title = "Mine"', 'title = "My method"'),
        ('paper = "Nobody 2020"', 'paper = "Somebody 2021"'),
        ('family = "other"', 'family = "baseline"'),
        ('formula = "x"', 'formula = "y"'),
        ('cost = "none"', 'cost = "much"'),
        ('memory = "none"', 'memory = "much"'),
        ('unsupported_note = "nothing"', 'unsupported_note = "all"'),
        ('differs = ("one",)', 'differs: tuple[str, ...] = ("one", "two")'),
        ("passes = 2.0", "neutral = None"),
        ("return 3.0", "return 4.0"),
        ('published = {"a": 2.0}', 'published: dict[str, float] = {"a": 2.0}'),
        ("    from ftbench.training.run import Run\n", "    from ftbench.run.run import Run\n"),
        ("    from torch import Tensor\n", "    import torch\n"),
        ("run: Run, batch) -> Tensor", "run, batch: object) -> object"),
        ("spare: Tensor = run", "spare = run"),
        ("    start: Tensor\n", ""),
        ("cast(Tensor, spare)", "spare"),
        ("class Mine(Method)", "class Mine(Method[int])"),
        ("class Mine(Method)", "class Mine(Method['Mine.HParams'])"),
        ("class Mine(Method)", "class Mine(Method[int], typing.Generic[int])"),
        ("a: float = hparam(1.0", 'a: "float" = hparam(1.0'),
        ("import warnings\n", ""),
        (", unused_there", ""),
        ("return x + SPARE", "return x - SPARE"),
        ("SPARE = 4", "SPARE = 5"),
        ("ftbench.methods.base import", "ftbench.methods import"),
        ("from ftbench.domain.hparams import hparam", "from ftbench import hparam"),
        ("BOUND", "LIMIT"),
        ("    @dataclass", "    if TYPE_CHECKING:\n        hparams: HParams\n\n    @dataclass"),
        ("BOUND = 3", "T = TypeVar('T')\nBOUND: int = 3"),
    ],
)
def test_words_types_and_what_is_not_reached_do_not_change_it(digest_of: Digest, old: str, new: str) -> None:
    before = digest_of()
    assert digest_of(mine(old, new)) == before


def test_the_name_by_which_a_function_is_imported_does_not_count(digest_of: Digest) -> None:
    text = MINE.replace("import kl_div", "import kl_div as divergence").replace("kl_div(l", "divergence(l")
    assert digest_of({"methods/mine_of_a_test.py": (MINE, text)}) == digest_of()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("x * by", "x / by"),
        ("by: int = 2", "by: int = 3"),
        ("BOUND = 3", "BOUND = 4"),
        ("    @staticmethod\n", "    @classmethod\n"),
        ("hparam(1.0", "hparam(1.5"),
        ('hparam("one"', 'hparam("two"'),
        ("a: float = hparam(1.0", "a: int = hparam(1.0"),
        ("a: float = hparam(1.0", "a = hparam(1.0"),
        ("(frozen=True)", "(frozen=False)"),
        ('published = {"a": 2.0}', 'published = {"a": 3.0}'),
        ("import kl_div", "import mse_loss as kl_div"),
        ("from torch.nn.functional", "from torch.nn.other"),
        ("hparams import hparam", "hparams import other as hparam"),
        ("import half", "import unused_there as half"),
        ("near(BOUND)", "unused_near(BOUND)"),
        ("BOUND = 3", "BOUND = 3\nwarnings.simplefilter('error')"),
        ("BOUND = 3", "BOUND = 3\nif warnings:\n    BOUND = 4"),
        ("spare: Tensor = run.forward(batch)", "spare: Tensor = run.forward(batch, 1)"),
        ("class Mine(Method)", "class Mine(dict, Method)"),
    ],
)
def test_code_that_runs_changes_it(digest_of: Digest, old: str, new: str) -> None:
    before = digest_of()
    assert digest_of(mine(old, new)) != before


def test_fields_of_a_dataclass_count_with_their_order(digest_of: Digest) -> None:
    first = '        a: float = hparam(1.0, help="how much")\n'
    second = '        b: float = hparam(2.0, help="how much more")\n'
    before = digest_of()
    assert digest_of(mine(first + second, second + first)) != before


def test_a_class_in_the_method_counts_as_one_beside_it(digest_of: Digest) -> None:
    start, end = MINE.index("    @dataclass"), MINE.index("    start: Tensor")
    inner = MINE[start:end]
    outer = "\n".join(line.removeprefix("    ") for line in inner.splitlines())
    text = MINE[:start] + "    HParams = MineHParams\n\n" + MINE[end:]
    text = text.replace(
        "class Mine(Method)", f"{outer.replace('HParams', 'MineHParams')}\n\nclass Mine(Method)"
    )
    assert digest_of() == digest_of({"methods/mine_of_a_test.py": (MINE, text)})


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("methods/_helper_of_a_test.py", "x / 2", "x / 3"),
        ("nn/near_of_a_test.py", "deeper(x)", "deeper(x + 1)"),
        ("nn/deep_of_a_test.py", "x * Deep()", "x + Deep()"),
        ("nn/deep_of_a_test.py", "1e-6", "1e-7"),
        ("nn/deep_of_a_test.py", "x: int = 1", "x: int = 2"),
        ("nn/deep_of_a_test.py", "'a': 1", "'a': 2"),
        ("nn/deep_of_a_test.py", "EPS = 1e-6", "EPS = 1e-6\ntorch.set_flush_denormal(True)"),
        ("nn/deeper_of_a_test.py", "return 5", "return 6"),
    ],
)
def test_what_it_reaches_counts_at_any_depth(digest_of: Digest, name: str, old: str, new: str) -> None:
    before = digest_of()
    assert digest_of({name: (old, new)}) != before


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("methods/_helper_of_a_test.py", "return 1", "return 2"),
        ("nn/near_of_a_test.py", "return 1", "return 2"),
        ("nn/deep_of_a_test.py", "return 1", "return 2"),
        ("nn/deep_of_a_test.py", "x: int = 1", "x = 1"),
        ("nn/deep_of_a_test.py", "class Base:", 'class Base:\n    """Words."""\n'),
        ("nn/deep_of_a_test.py", "EPS", "EPSILON"),
    ],
)
def test_what_it_does_not_reach_does_not_count(digest_of: Digest, name: str, old: str, new: str) -> None:
    before = digest_of()
    assert digest_of({name: (old, new)}) == before


def test_the_place_of_what_it_reaches_does_not_count(digest_of: Digest) -> None:
    before = digest_of()
    moved = ("from ftbench.nn.late_of_a_test import late", "from ftbench.nn.deeper_of_a_test import late")
    assert digest_of(mine(*moved)) == before
    aliased = ("from ftbench.nn import near_of_a_test", "import ftbench.nn.near_of_a_test as near_of_a_test")
    assert digest_of(mine(*aliased)) == before


def test_names_that_are_imported_on_first_use_are_followed(digest_of: Digest) -> None:
    late = FILES["nn/late_of_a_test.py"]
    table = '{"late": "ftbench.nn.deeper_of_a_test"}'
    lazy = f"from ftbench._lazy import attach\n\n__getattr__, __dir__ = attach(__name__, {table})\n"
    assert digest_of({"nn/late_of_a_test.py": (late, lazy)}) == digest_of()


def test_a_module_that_is_handed_on_counts_whole(digest_of: Digest) -> None:
    handed = ("near_of_a_test.near(BOUND)", "max(near_of_a_test, BOUND)")
    edits = mine(*handed)
    before = digest_of(edits)
    assert digest_of({**edits, "nn/near_of_a_test.py": ("return 1", "return 2")}) != before
    assert digest_of({**edits, "nn/deep_of_a_test.py": ("1e-6", "1e-7")}) != before
