"""Perturbations as users write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftbench.domain.perturbation import Change
from ftbench.errors import BadValue, UnknownName
from ftbench.perturbations import asked
from tests.perturbations.test_registry import MINE
from tests.tasks.layouts import write

PAIRFLIP = (("kind", "pairflip"),)


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("noise=0.1,0.2", (Change("noise", 0.1), Change("noise", 0.2))),
        ("noise=0,0.1,0.1", (None, Change("noise", 0.1))),
        ("noise[kind=uniform]=0.1", (Change("noise", 0.1),)),  # a default is left out
        ("noise[kind=pairflip]=0.1", (Change("noise", 0.1, PAIRFLIP),)),
        ("noise[kind=uniform|pairflip]=0.1", (Change("noise", 0.1), Change("noise", 0.1, PAIRFLIP))),
        (
            "noise[kind=by_class,flips=1>0:0.5/0>1]=0.3",
            (Change("noise", 0.3, (("flips", "1>0:0.5/0>1"), ("kind", "by_class"))),),
        ),
        ("train_size=full,300", (None, Change("train_size", 300))),
        ("train-size=3e2", (Change("train_size", 300),)),
        ("duplicates=-0.0,2", (None, Change("duplicates", 2))),
    ],
)
def test_what_is_typed_becomes_changes(text: str, changes: tuple[Change | None, ...]) -> None:
    assert asked(text).changes == changes and asked(text).file is None


def test_a_file_is_a_place_and_not_part_of_the_change(tmp_path: Path) -> None:
    path = write(tmp_path / "own.py", MINE)
    found = asked(f"{path}:mine=0.2")
    assert found.changes == (Change("mine", 0.2),) and found.file == str(path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("noise", "--perturb 'noise': write NAME=value,value, such as noise=0.1,0.2"),
        ("noise[kind=pairflip=0.1", "write NAME=value,value"),
        ("noise=", "noise: give ratios from 0 to below 1"),
        ("noise=a", "noise 'a' is not a number; give ratios from 0 to below 1, such as 0,0.1"),
        ("noise=nan", "noise 'nan' is not a number"),
        ("noise=inf", "noise .inf. is not a number"),
        ("noise=0;1", "noise '0;1' is not a number"),
        ("noise=10%", "noise '10%' is not a number"),
        ("reduction=1.0", r"reduction 1.0 is outside \[0, 1\)"),
        ("train_size=", "train-size: give numbers of rows"),
        ("train_size=-5", "train-size -5 is outside"),
        ("noise=1", r"noise 1 is outside \[0, 1\)"),
        ("typos=-0.1", r"typos -0.1 is outside \[0, 1\]"),
        ("train_size=0", r"train-size 0 is outside \[1, 1e\+12\]; give numbers of rows from 1, or full"),
        ("train_size=2.5", "train-size '2.5' is not a whole number"),
        ("noise[kind=by_class]=0.1", "kind=by_class needs flips"),
        ("noise[pairflip]=0.1", "noise: 'pairflip' is not key=value"),
        ("./own.py=0.1", "say which of the file's perturbations: ./own.py:NAME=value"),
    ],
)
def test_what_is_not_right_is_named(text: str, told: str) -> None:
    with pytest.raises(BadValue, match=told):
        asked(text)


def test_unknown_names_and_options_get_the_nearest() -> None:
    with pytest.raises(UnknownName, match="unknown perturbation 'typo'; did you mean 'typos'"):
        asked("typo=0.1")
    with pytest.raises(UnknownName, match="unknown option of typos 'sides'; did you mean 'side'"):
        asked("typos[sides=both]=0.1")
