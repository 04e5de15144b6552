"""Recipes: layers of settings, counted steps."""

from __future__ import annotations

import pytest

from ftbench.domain.recipe import Recipe, layered
from ftbench.errors import BadValue, UnknownName


def test_later_layers_win() -> None:
    recipe = layered({"lr": 1e-5, "batch_size": 32}, {}, {"lr": "3e-5"})
    assert (recipe.lr, recipe.batch_size, recipe.epochs) == (3e-5, 32, 3.0)


def test_steps_replace_epochs_of_a_lower_layer_and_the_other_way_round() -> None:
    assert layered({"epochs": 5}, {"steps": 100}).epochs is None
    assert layered({"steps": 100}, {"epochs": "5"}).steps is None
    assert layered({"warmup_steps": 10}, {"warmup_ratio": 0.06}).warmup_steps is None


def test_both_of_a_pair_in_one_layer_are_refused() -> None:
    with pytest.raises(BadValue, match="epochs or steps"):
        layered({"epochs": 3, "steps": 100})


def test_unknown_settings_get_the_nearest_name() -> None:
    with pytest.raises(
        UnknownName, match="unknown recipe setting 'warmup_ration'; did you mean 'warmup_ratio'"
    ):
        layered({"warmup_ration": 0.1})


@pytest.mark.parametrize("setting", [{"lr": "-1"}, {"lr": "0"}, {"dropout": 1}, {"accumulation": 17}])
def test_values_out_of_range_are_refused(setting: dict[str, object]) -> None:
    with pytest.raises(BadValue):
        layered(setting)


def test_the_smaller_last_batch_of_an_epoch_is_a_step() -> None:
    recipe = Recipe()
    assert recipe.total_steps(500) == 96  # 3 epochs of ceil(500 / 16)
    assert recipe.total_steps(1) == 3
    assert recipe.warmup(96) == 10


def test_steps_and_warmup_steps_are_taken_as_they_are() -> None:
    recipe = layered({"steps": 2036, "warmup_steps": 122})
    assert (recipe.total_steps(2490), recipe.warmup(2036)) == (2036, 122)


def test_a_ratio_that_is_whole_up_to_rounding_adds_no_step() -> None:
    assert Recipe().warmup(30) == 3  # 0.1 * 30 is 3.0000000000000004


def test_products_that_are_whole_but_for_rounding_are_whole() -> None:
    assert 1.1 * 50 > 55 and 0.07 * 100 > 7
    assert Recipe(epochs=1.1, batch_size=16).total_steps(800) == 55
    assert Recipe(warmup_ratio=0.07).warmup(100) == 7
    assert Recipe(warmup_ratio=0.07).warmup(101) == 8
