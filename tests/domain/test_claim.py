"""Declared claims: what users type."""

from __future__ import annotations

import pytest

from ftbench.domain import claim
from ftbench.domain.claim import DeclaredClaim, metric_of
from ftbench.domain.perturbation import Perturbation
from ftbench.errors import BadValue, UnknownName
from ftbench.perturbations import asked


def parse(text: str) -> DeclaredClaim:
    return claim.parse(text, ("noise", "reduction", "train_size"), lambda one: asked(one).changes)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("bidrop > vanilla", "bidrop > vanilla"),
        ("vanilla<bidrop", "bidrop > vanilla"),
        ("bidrop>vanilla@noise=.1", "bidrop > vanilla @ noise=0.1"),
        ("bidrop > vanilla @ noise=0", "bidrop > vanilla"),
        (
            "bidrop[k=3,keep_ratio=0.5] > rdrop @ task=rte,cola, reduction=0.5, model=bert-base",
            "bidrop[k=3,keep_ratio=0.5] > rdrop @ models=bert-base, tasks=rte,cola, reduction=0.5",
        ),
        ("a > b @ train-size=full,500", "a > b @ train_size=full,500"),
        ("a > b @ metric=ece", "a > b @ metric=ece"),
        ("a > b @ metric=ece, noise=0.1, task=rte", "a > b @ tasks=rte, noise=0.1, metric=ece"),
        ("a > b @ noise[kind=uniform]=0.1", "a > b @ noise=0.1"),
        (
            "a > b @ noise[kind=by_class,flips=1>0]=.1, tasks=rte,cola",
            "a > b @ tasks=rte,cola, noise[flips=1>0,kind=by_class]=0.1",
        ),
    ],
)
def test_a_claim_has_one_canonical_form_which_reads_the_same(text: str, canonical: str) -> None:
    assert parse(text).text == canonical
    assert parse(canonical) == parse(text)
    assert metric_of(canonical) == parse(text).metric


def test_the_parts_of_a_claim() -> None:
    found = parse("vanilla < bidrop @ noise=0.1, tasks=rte,cola, train_size=500,full")
    assert found == DeclaredClaim(
        "bidrop", "vanilla", (), ("rte", "cola"), Perturbation.of({"noise": 0.1}), (500, None)
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("bidrop", "write METHOD > METHOD"),
        ("a > b > c", "write METHOD > METHOD"),
        ("> b", "write METHOD > METHOD"),
        ("bidrop[k=2|3] > vanilla", "one method on each side"),
        ("a,b > c", "one method on each side"),
        ("a > b @ rte", "'rte' is not key=value"),
        ("a > b @ noise=0.1, noise=0.2", "give noise once"),
        ("a > b @ noise=0.1, noise[kind=pairflip]=0.2", "give noise.kind=pairflip. once"),
        ("a > b @ noise=0.1,0.2", "noise takes one value"),
        ("a > b @ noise=2", r"noise 2 is outside \[0, 1\)"),
        ("a > b @ tasks=", "give tasks once, with a value"),
    ],
)
def test_what_is_no_claim_is_told(text: str, message: str) -> None:
    with pytest.raises(BadValue, match=message):
        parse(text)


def test_an_unknown_condition_gets_the_nearest_name() -> None:
    with pytest.raises(UnknownName, match="unknown condition 'nois'; did you mean 'noise'"):
        parse("a > b @ nois=0.1")
