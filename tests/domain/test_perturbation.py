"""Perturbations as plain values: their canonical form."""

from __future__ import annotations

import pytest

from ftbench.domain.perturbation import Change, Perturbation


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"noise": 0.1},
        {"noise": 0.1, "reduction": 0.5, "train_size": 300},
        {"noise": {"value": 0.1, "kind": "pairflip"}},
        {"typos": {"value": 0.05, "side": "both"}, "mine": 3},
    ],
)
def test_a_perturbation_comes_back_whole_from_its_canonical_form(spec: dict[str, object]) -> None:
    assert Perturbation.of(spec).canonical() == spec
    assert Perturbation.of(Perturbation.of(spec).canonical()) == Perturbation.of(spec)


def test_what_changes_nothing_is_left_out() -> None:
    spec = {"noise": 0.0, "train_size": None, "typos": {"value": 0, "side": "both"}}
    assert Perturbation.of(spec) == Perturbation()


def test_numbers_have_one_spelling_and_names_one_order() -> None:
    assert Perturbation.of({"train_size": 300.0, "noise": 0.5}) == Perturbation.of(
        {"noise": 0.5, "train_size": 300}
    )


def test_a_change_is_written_as_it_is_typed() -> None:
    plain, kind = Change("train_size", 300), Change("noise", 0.1, (("kind", "pairflip"),))
    assert (plain.text, plain.spoken) == ("train_size=300", "train size 300")
    assert (kind.axis, kind.text) == ("noise[kind=pairflip]", "noise[kind=pairflip]=0.1")


def test_values_are_found_by_name() -> None:
    found = Perturbation.of({"noise": 0.1, "train_size": 300})
    assert (found.value("noise"), found.value("typos"), found.train_size) == (0.1, 0, 300)
    assert found.without("train_size") == Perturbation.of({"noise": 0.1})
