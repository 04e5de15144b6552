"""Lists as they are typed, with names that hold what divides them."""

from __future__ import annotations

import pytest

from ftbench.domain import axes, lists
from tests.hostile import NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_is_written_is_read_as_it_was(name: str) -> None:
    assert axes.split_names(f"x, {lists.escaped(name)} ,y") == ("x", name, "y")
    (choice,) = axes.methods(f"{lists.escaped(name, ',[]')}[k=2]")
    assert (choice.name, dict(choice.given)) == (name, {"k": "2"})
    assert axes.methods(choice.text) == (choice,)


def test_only_what_divides_needs_a_backslash() -> None:
    assert axes.split_names(r"./lr=1e-4\,bs=16/c,./x\y, z ") == ("./lr=1e-4,bs=16/c", "./x\\y", "z")
    assert lists.escaped("./lr=1e-4,bs=[16]/c") == r"./lr=1e-4\,bs=[16]/c"


def test_cut_passes_over_brackets_and_backslashes() -> None:
    assert lists.cut(r"f\=\[1\].py:noise[kind=a]=0.1", "=") == (r"f\=\[1\].py:noise[kind=a]", "=", "0.1")
    assert lists.cut(r"f\[1\].py:noise[kind=a]", "[") == (r"f\[1\].py:noise", "[", "kind=a]")
    assert lists.cut("plain", "=") == ("plain", "", "")


@pytest.mark.parametrize(
    ("text", "closes"), [("a[b]", True), ("a[b", False), ("a]b[", False), (r"a\[b", True)]
)
def test_brackets_match_or_do_not(text: str, closes: bool) -> None:
    assert lists.balanced(text) is closes
