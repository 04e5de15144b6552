"""Axes: lists as users write them."""

from __future__ import annotations

import re

import pytest

from ftbench.domain import axes
from ftbench.domain.axes import RecipeChoice
from ftbench.errors import BadValue, UnknownName


def choices(text: str) -> list[tuple[str, dict[str, str]]]:
    return [(choice.name, dict(choice.given)) for choice in axes.methods(text)]


def test_commas_outside_brackets_separate_methods() -> None:
    assert choices("bidrop[k=2,keep_ratio=0.7], rdrop,./mine.py[a=1]") == [
        ("bidrop", {"k": "2", "keep_ratio": "0.7"}),
        ("rdrop", {}),
        ("./mine.py", {"a": "1"}),
    ]


def test_a_bar_spans_a_grid() -> None:
    assert [given for _, given in choices("bidrop[k=2|3,keep_ratio=0.5|0.7]")] == [
        {"k": "2", "keep_ratio": "0.5"},
        {"k": "2", "keep_ratio": "0.7"},
        {"k": "3", "keep_ratio": "0.5"},
        {"k": "3", "keep_ratio": "0.7"},
    ]


def test_repeated_methods_count_once() -> None:
    assert choices("rdrop,rdrop,bidrop[k=2|2]") == [("rdrop", {}), ("bidrop", {"k": "2"})]


@pytest.mark.parametrize(
    "text",
    [
        "bidrop[k=2",
        "bidrop]k=2[",
        "bidrop[k=2]]",
        "bidrop[k]",
        "bidrop[k=]",
        "bidrop[k=2|]",
        "[k=2]",
        "bidrop[k=2]x",
        "bidrop[k=2,k=3]",
        "bidrop[2=k]",
        "bidrop[k=[2]]",
    ],
)
def test_malformed_methods_are_refused(text: str) -> None:
    with pytest.raises(BadValue, match="method"):
        axes.methods(text)


def test_a_number_of_seeds_counts_from_zero_and_a_list_is_taken_as_it_is() -> None:
    assert axes.seeds("3") == (0, 1, 2)
    assert axes.seeds("0,3,7") == (0, 3, 7)
    assert axes.seeds("7,") == (7,)
    assert axes.seeds(" 3 , 3,1 ") == (3, 1)


@pytest.mark.parametrize("text", ["", ",", "x", "3-5", "0", "-1", "-1,2", "1.5", "1,x", "10001", f"{2**63},"])
def test_seeds_that_are_no_seeds_are_refused(text: str) -> None:
    with pytest.raises(BadValue, match="seed"):
        axes.seeds(text)


def test_settings_are_values_by_name_and_a_bar_spans_a_grid() -> None:
    one = axes.recipe_settings(("lr=1e-5", "epochs = 5"))
    assert (one.values(), one.axes, one.points()) == ({"lr": "1e-5", "epochs": "5"}, (), (one,))
    grid = axes.recipe_settings(("lr = 1e-5 | 2e-5|1e-5", "epochs=5", "dropout=0|0.1"))
    assert (grid.axes, grid.texts) == (("lr", "dropout"), ("lr=1e-5|2e-5", "epochs=5", "dropout=0|0.1"))
    assert [point.values() for point in grid.points()] == [
        {"lr": lr, "epochs": "5", "dropout": dropout} for lr in ("1e-5", "2e-5") for dropout in ("0", "0.1")
    ]
    assert axes.recipe_settings(()).points() == (RecipeChoice(),)
    with pytest.raises(ValueError):
        grid.values()


@pytest.mark.parametrize(
    ("pairs", "both"),
    [
        (("lr=1e-5", "epochs=5", "lr=2e-5"), "lr=1e-5|2e-5"),
        (("lr=1e-5|2e-5", "lr=3e-5|1e-5"), "lr=1e-5|2e-5|3e-5"),
    ],
)
def test_a_setting_that_is_given_two_values_apart_is_refused_with_the_grid_it_may_mean(
    pairs: tuple[str, ...], both: str
) -> None:
    told = f"--set lr is given twice; for both write --set '{both}'"
    with pytest.raises(BadValue, match=re.escape(told) + "$"):
        axes.recipe_settings(pairs)


def test_a_setting_that_is_given_twice_alike_is_that_setting() -> None:
    assert axes.recipe_settings(("lr=1e-5", "epochs=1|2", "lr=1e-5", "epochs=1|2")).given == {
        "lr": ("1e-5",),
        "epochs": ("1", "2"),
    }


def test_a_setting_that_there_is_not_gets_the_nearest() -> None:
    with pytest.raises(UnknownName, match="unknown recipe setting 'lrr'; did you mean 'lr'"):
        axes.recipe_settings(("epochs=5", "lrr=1e-5"))


@pytest.mark.parametrize("pair", ["lr", "lr=", "=1", "", "lr=|", "lr=1e-5|", "lr=1e-5||2e-5"])
def test_settings_without_name_or_value_are_refused(pair: str) -> None:
    with pytest.raises(BadValue, match="--set"):
        axes.recipe_settings((pair,))


@pytest.mark.parametrize(
    ("typed", "fits"),
    [
        ("bidrop", True),
        ("bidrop[k=3]", True),
        ("bidrop[k=3.0,keep_ratio=5e-1]", True),
        ("bidrop[loss=Mean,scaled=true,init=none]", True),
        ("bidrop[k=4]", False),
        ("bidrop[k=three]", False),
        ("bidrop[scaled=1]", False),
        ("bidrop[depth=3]", False),
    ],
)
def test_a_method_fits_hyper_parameters_that_say_what_was_given(typed: str, fits: bool) -> None:
    (choice,) = axes.methods(typed)
    values = {"k": 3, "keep_ratio": 0.5, "loss": "mean", "scaled": True, "init": None}
    assert choice.fits(values) is fits


def test_seeds_in_a_row_are_told_by_their_ends() -> None:
    assert axes.seed_ranges([7, 2, 0, 1, 4, 5]) == "0–2, 4–5, 7"
    assert axes.seed_ranges([]) == ""
