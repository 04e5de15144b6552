"""Which perturbations a report has tables of."""

from __future__ import annotations

from ftbench.domain.perturbation import Perturbation
from ftbench.services.reporting.axes import axes_of


def names(*specs: dict[str, object]) -> list[str]:
    return [axis.name for axis in axes_of([Perturbation.of(spec) for spec in specs])]


def test_the_conditions_of_papers_stand_first_whether_or_not_there_are_jobs() -> None:
    assert names() == ["noise", "reduction"]
    assert names({"typos": 0.1}, {"noise": 0.3}) == ["noise", "reduction", "typos"]


def test_changes_that_only_come_together_make_no_table() -> None:
    assert names({"typos": 0.1, "duplicates": 0.5}, {}) == ["noise", "reduction"]


def test_options_make_a_table_of_their_own_and_its_title_says_them() -> None:
    flipped = {"noise": {"value": 0.2, "kind": "pairflip"}}
    found = axes_of([Perturbation.of(spec) for spec in ({"noise": 0.1}, flipped)])
    plain, other = (axis for axis in found if axis.name.startswith("noise"))
    assert (plain.name, other.name) == ("noise", "noise[kind=pairflip]")
    assert other.title == f"{plain.title} (kind=pairflip)" and other.caption.endswith(" (kind=pairflip)")
    assert plain.along and not other.along  # curves are drawn of the usual kind alone


def test_a_perturbation_that_is_not_here_has_its_name_for_a_title() -> None:
    (axis,) = (one for one in axes_of([Perturbation.of({"mine": 0.1})]) if one.name == "mine")
    assert axis.title.lower() == "mine"
