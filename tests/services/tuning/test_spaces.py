"""Spaces: the built-in ones, those of files, and what cannot be searched."""

from __future__ import annotations

import pytest

from ftbench import methods
from ftbench.domain.recipe import layered
from ftbench.errors import UsageError
from ftbench.services.tuning.spaces import Tuned, Written, WrittenSpace, space_of
from tests.services.tuning.drawn import first, tuned


@pytest.mark.parametrize("asked", ["default", "paper"])
def test_every_method_takes_every_draw_of_the_built_in_spaces(asked: str) -> None:
    found = tuned(*(entry.name for entry in methods.available()))
    space = space_of(asked, found)
    for one in found:
        for draw in first(space, one.label, 40):
            one.cls.resolve(draw.hparams)
            layered(one.cls.recipe_defaults(), draw.settings)


def test_the_default_range_holds_the_rate_that_each_method_brings() -> None:
    for one in tuned(*(entry.name for entry in methods.available())):
        assert 1e-5 <= one.cls.recipe_defaults().get("lr", 2e-5) <= 1e-2


def test_what_was_given_by_hand_is_not_searched_nor_what_excludes_it() -> None:
    space = space_of("default", [Tuned("b", methods.find("bidrop"), frozenset({"k"}))], ["steps", "lr"])
    assert [one.name for one in space.shared] == ["warmup_ratio", "weight_decay"]
    assert [one.name for one in space.own["b"]] == ["keep_ratio"]


def test_a_file_is_read_as_the_fields_read_their_values() -> None:
    written = WrittenSpace(
        "mine.yaml",
        {"lr": {"low": "1e-5", "high": "1e-3", "log": "true"}, "epochs": ["3", "5"]},
        {"bidrop": {"selection": ["none", "ess"], "other_dropout": ["none", "0.2"], "dropout": ["0.05"]}},
    )
    space = space_of(written, tuned("bidrop", "rdrop"))
    assert space.shared[1].values == (3.0, 5.0)
    assert [one.values for one in space.own["bidrop"]] == [("none", "ess"), (None, 0.2), (0.05,)]
    assert [one.name for one in space.own["rdrop"]] == ["alpha"]


@pytest.mark.parametrize(
    ("shared", "own", "said"),
    [
        ({"lrr": ["1"]}, {}, "unknown space: field 'lrr'; did you mean 'lr'"),
        ({"lr": {"low": "1", "high": "1"}}, {}, "lr: the range from 1 to 1 is empty"),
        ({"lr": []}, {}, "lr has no values"),
        ({"weight_decay": {"low": "0", "high": "1", "log": "true"}}, {}, "a log range cannot begin at 0"),
        ({"lr": {"low": "0", "high": "1"}}, {}, "space: lr: 0.0 is outside"),
        ({"lr": {"low": "1e-5", "hihg": "1"}}, {}, "did you mean 'high'"),
        ({"lr": {"low": "1e-5"}}, {}, "lr lacks high"),
        ({"lr": {"low": "x", "high": "1"}}, {}, "low is 'x', no number"),
        ({"schedule": {"low": "0", "high": "1"}}, {}, "schedule is no number"),
        ({"lr": ["1e-5", "0.00001"]}, {}, "lr lists a value twice"),
        ({"epochs": ["3"], "steps": ["100"]}, {}, "epochs and steps exclude each other"),
        ({"epochs": ["3"]}, {"bidrop": {"steps": ["100"]}}, "epochs and steps exclude each other"),
        ({}, {"bidrop": {"keep_ratio": ["0.5", "1.5"]}}, "space: bidrop keep_ratio: 1.5 is outside"),
        ({}, {"bidrop": {"keep_ration": ["0.5"]}}, "did you mean 'keep_ratio'"),
        ({}, {"bidropp": {}}, "did you mean 'bidrop'"),
    ],
)
def test_what_cannot_be_searched_is_refused_in_one_line(
    shared: dict[str, Written], own: dict[str, dict[str, Written]], said: str
) -> None:
    with pytest.raises(UsageError) as error:
        space_of(WrittenSpace("mine.yaml", shared, own), tuned("bidrop"))
    assert said in str(error.value) and "\n" not in str(error.value)


def test_a_name_that_is_no_space_is_refused() -> None:
    with pytest.raises(UsageError, match="did you mean 'paper'"):
        space_of("papers", tuned("bidrop"))


def test_epochs_and_steps_are_never_drawn_together() -> None:
    for asked in ("default", "paper"):
        for label, draw in (("v", draw) for draw in first(space_of(asked, tuned("vanilla")), "v", 100)):
            assert not {"epochs", "steps"} <= draw.settings.keys(), label
