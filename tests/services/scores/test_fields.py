"""The fields that ``--where`` knows."""

from __future__ import annotations

import pytest

from ftbench.domain.where import Home, parse
from ftbench.errors import BadValue
from ftbench.services.scores.fields import fields


def test_jobs_perturbations_the_recipe_and_methods_bring_fields_in_that_order() -> None:
    known = fields()
    assert {known[name].home for name in ("method", "model", "task", "seed", "state")} == {Home.JOB}
    assert {known[name].home for name in ("noise", "reduction", "train_size", "typos")} == {Home.PERTURBATION}
    assert {known[name].home for name in ("lr", "epochs", "dropout", "head")} == {Home.RECIPE}
    assert {known[name].home for name in ("k", "keep_ratio", "hparams.dropout")} == {Home.HPARAMS}


@pytest.mark.parametrize("text", ["schedule=liner", "schedule<linear", "seed=one", "noise=high", "lr=fast"])
def test_values_are_checked_by_what_a_field_holds(text: str) -> None:
    with pytest.raises(BadValue):
        parse(text, fields())
