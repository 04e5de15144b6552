"""Hyper-parameters: values as users write them become checked values."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftbench.domain import hparams
from ftbench.domain.hparams import hparam
from ftbench.errors import BadValue, UnknownName


@dataclass(frozen=True)
class Example:
    k: int = hparam(2, range=(1, 64), unit="passes", grid=(2, 3))
    ratio: float = hparam(0.7, range=(0, 1), open="low")
    below: float = hparam(0.0, range=(0, 1), open="high")
    kind: str = hparam("ess", choices=("ess", "random"))
    flag: bool = hparam(False)
    maybe: float | None = hparam(None)


def test_text_becomes_the_declared_type() -> None:
    given = {"k": "3", "ratio": "1", "flag": "true", "maybe": "1e-3", "kind": "random"}
    assert hparams.parse(Example, given) == Example(k=3, ratio=1.0, flag=True, maybe=1e-3, kind="random")


@pytest.mark.parametrize("word", ["none", "null", ""])
def test_none_is_written_out(word: str) -> None:
    assert hparams.parse(Example, {"maybe": word}).maybe is None


@pytest.mark.parametrize(
    ("name", "value"),
    [("k", "1.5"), ("k", "x"), ("k", "0"), ("k", True), ("ratio", "0"), ("ratio", "1.1"), ("below", 1)],
)
def test_values_of_the_wrong_type_or_out_of_range_are_refused(name: str, value: object) -> None:
    with pytest.raises(BadValue, match=name):
        hparams.parse(Example, {name: value})


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_numbers_must_be_finite(value: str) -> None:
    with pytest.raises(BadValue, match="finite"):
        hparams.parse(Example, {"maybe": value})


def test_an_unknown_name_gets_the_nearest_one() -> None:
    with pytest.raises(UnknownName, match="unknown hyper-parameter of bidrop 'ratoi'; did you mean 'ratio'"):
        hparams.parse(Example, {"ratoi": 1}, owner="bidrop")


def test_an_unknown_choice_gets_the_nearest_one() -> None:
    with pytest.raises(UnknownName, match="did you mean 'random'"):
        hparams.parse(Example, {"kind": "randon"})


def test_a_card_describes_each_field_in_order() -> None:
    first = hparams.describe(Example)[0]
    assert (first.name, first.type, first.default, first.unit) == ("k", "int", 2, "passes")
    assert (first.range, first.grid) == ((1, 64), (2, 3))
    assert [spec.type for spec in hparams.describe(Example)] == [
        "int",
        "float",
        "float",
        "str",
        "bool",
        "float",
    ]


def test_numbers_have_one_spelling() -> None:
    assert repr(hparams.normalise({"a": 3.0, "b": [-0.0, True, 0.5], "c": (1, None)})) == repr(
        {"a": 3, "b": [0, True, 0.5], "c": [1, None]}
    )


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_normalising_changes_no_value_and_is_idempotent(value: float) -> None:
    once = hparams.normalise(value)
    assert once == value
    assert repr(hparams.normalise(once)) == repr(once)


def test_numbers_beyond_the_whole_ones_that_a_float_holds_stay_as_they_are() -> None:
    assert [repr(hparams.normalise(value)) for value in (3.0, -0.0, 2.0**53 - 1, 2.0**53, 1e300)] == [
        "3",
        "0",
        "9007199254740991",
        "9007199254740992.0",
        "1e+300",
    ]


def test_what_came_later_is_left_out_of_an_identity_at_its_default() -> None:
    @dataclass(frozen=True)
    class Settings:
        first: float = hparams.hparam(1.0)
        added: float | None = hparams.hparam(None, later=True)

    assert hparams.identity(Settings()) == {"first": 1.0}
    assert hparams.identity(Settings(added=0.5)) == {"first": 1.0, "added": 0.5}
    assert hparams.as_dict(Settings()) == {"first": 1.0, "added": None}
