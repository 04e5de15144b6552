"""Wrong labels: three transition matrices, by hand."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

from ftbench import tasks
from ftbench.domain.perturbation import Change
from ftbench.errors import BadValue, UnknownName
from ftbench.perturbations import find
from ftbench.perturbations.noise import LabelNoise
from tests.perturbations.rows import affected, perturbed, rows

THREE = np.repeat([0, 1, 2], [40, 60, 100])


def made(value: float = 0.1, **options: Any) -> Any:
    return find("noise").made(Change("noise", value, tuple(sorted(options.items()))))


def became(before: Any, after: Any) -> dict[tuple[int, int], int]:
    """How many rows of a class became another one."""
    pairs = zip(before.tolist(), after.tolist(), strict=True)
    return dict(Counter((a, b) for a, b in pairs if a != b))


def test_pairflip_gives_the_next_class_to_the_rows_that_uniform_noise_hits() -> None:
    given = rows(THREE, "mnli")
    found = perturbed(given, "noise", 0.3, kind="pairflip").labels
    hit = sorted(affected(given, "noise", 0.3))
    assert len(hit) == 60 and set(hit) == affected(given, "noise", 0.3, kind="pairflip")
    assert found[hit].tolist() == ((THREE[hit] + 1) % 3).tolist()
    assert set(became(THREE, found)) == {(0, 1), (1, 2), (2, 0)}


def test_of_two_classes_pairflip_is_uniform_noise() -> None:
    given = rows([0, 1] * 25)
    both = [perturbed(given, "noise", 0.2, kind=kind).labels.tolist() for kind in ("uniform", "pairflip")]
    assert both[0] == both[1] and sum(a != b for a, b in zip(both[0], [0, 1] * 25, strict=True)) == 10


@pytest.mark.parametrize(
    ("flips", "ratio", "expected"),
    [
        ("1>0", 0.1, {(1, 0): 6}),
        ("1>0", 0.025, {(1, 0): 2}),  # 1.5 is rounded to the even number
        ("0>1/1>0", 0.2, {(0, 1): 8, (1, 0): 12}),
        ("0>1:0.5/2>1", 0.3, {(0, 1): 6, (2, 1): 30}),
        ("0>1/1>2/2>0", 0.5, {(0, 1): 20, (1, 2): 30, (2, 0): 50}),
    ],
)
def test_by_class_moves_each_class_by_its_own_rate(
    flips: str, ratio: float, expected: dict[tuple[int, int], int]
) -> None:
    found = perturbed(rows(THREE, "mnli"), "noise", ratio, kind="by_class", flips=flips)
    assert became(THREE, found.labels) == expected


def test_a_class_with_two_flips_shares_its_rows_out_by_their_weights() -> None:
    labels = np.zeros(20_000, dtype=np.int64)
    found = perturbed(rows(labels, "mnli"), "noise", 0.5, kind="by_class", flips="0>1:0.75/0>2:0.25").labels
    counts = Counter(found.tolist())
    assert counts[0] == 10_000 and abs(counts[1] - 7_500) < 200  # 4.6 standard deviations


@pytest.mark.parametrize(
    "options", [{}, {"kind": "pairflip"}, {"kind": "by_class", "flips": "0>1:0.5/0>2:0.5/2>1"}]
)
def test_a_smaller_ratio_is_within_a_larger_and_its_labels_stay(options: dict[str, str]) -> None:
    given = rows(THREE, "mnli")
    few, many = affected(given, "noise", 0.05, **options), affected(given, "noise", 0.1, **options)
    assert few < many
    some, more = (perturbed(given, "noise", ratio, **options).labels for ratio in (0.05, 0.1))
    assert some[sorted(few)].tolist() == more[sorted(few)].tolist()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"kind": "by_class"}, "noise: kind=by_class needs flips"),
        ({"flips": "1>0"}, "noise: flips goes with kind=by_class, not with kind=uniform"),
        ({"kind": "by_class", "flips": "1>1"}, "flips '1>1' is not CLASS>CLASS"),
        ({"kind": "by_class", "flips": "1>0:2"}, "flips '1>0:2' is not CLASS>CLASS"),
        ({"kind": "by_class", "flips": "1>0:0.8/1>2:0.3"}, "class 1's flips sum to more than 1"),
    ],
)
def test_options_that_do_not_go_together_are_refused(options: dict[str, str], told: str) -> None:
    with pytest.raises(BadValue, match=told):
        made(**options)


def test_an_unknown_option_or_kind_gets_the_nearest() -> None:
    with pytest.raises(UnknownName, match="unknown option of noise 'kin'; did you mean 'kind'"):
        made(kin="uniform")
    with pytest.raises(UnknownName, match="unknown value of noise kind 'pair'; did you mean 'pairflip'"):
        made(kind="pair")


def test_flips_between_classes_that_a_task_has_not_are_unsuitable() -> None:
    cola, mnli, stsb = (tasks.find(name) for name in ("cola", "mnli", "stsb"))
    flipped = made(kind="by_class", flips="0>2")
    assert flipped.unsuitable(cola, None) == "CoLA has no class 2, but 0 to 1"
    assert flipped.unsuitable(mnli, None) is None
    assert LabelNoise().unsuitable(stsb, None) == "STS-B is a regression task: it has no wrong labels"
