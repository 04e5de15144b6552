"""Points: a run is scored as it goes, on rows held out, and trains as if it were not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ftbench.domain.recipe import layered
from ftbench.domain.result import CurvePoint
from ftbench.domain.target import HELD_OUT, HELD_OUT_BEST
from ftbench.methods.vanilla import Vanilla
from ftbench.training.points import Best, Points
from tests.training.conftest import Bench
from tests.training.performed import done, logits_of


@pytest.mark.parametrize("method", ["vanilla", "mixout", "dps_mix", "ema"])
def test_a_run_that_is_scored_as_it_goes_ends_as_one_that_is_not(bench: Bench, method: str) -> None:
    job = replace(bench.job(method, train_size=232, epochs=2.0), evaluation=(HELD_OUT,))
    plain, watched = done(job), done(replace(job, evaluation=(HELD_OUT, HELD_OUT_BEST)))
    assert np.array_equal(logits_of(plain), logits_of(watched))
    points = [one for one in watched.of("curve") if one["name"] == "held_out"]
    each = -(-132 // job.recipe.batch_size)
    assert [one["step"] for one in points] == [each]
    found = {one["metric"]: one["value"] for one in watched.of("score") if one["evaluation"] == HELD_OUT_BEST}
    last = next(o["value"] for o in plain.of("score") if o["metric"] in found and o["evaluation"] == HELD_OUT)
    best = max(points[0]["value"], last)
    assert found.pop("epochs") == (1.0 if points[0]["value"] >= last else 2.0)
    assert list(found.values()) == [best]


def test_a_method_of_several_runs_has_its_end_alone(bench: Bench) -> None:
    job = bench.job("lp_ft", train_size=232, epochs=0.5)
    watched = done(replace(job, evaluation=(HELD_OUT, HELD_OUT_BEST)))
    assert not [one for one in watched.of("curve") if one["name"] == "held_out"]
    found = {one["metric"]: one["value"] for one in watched.of("score") if one["evaluation"] == HELD_OUT_BEST}
    assert found["epochs"] == 0.5


def test_the_best_point_is_the_earliest_of_equal_ones_and_named_by_the_recipes_length() -> None:
    curves = [CurvePoint("main", 10 * n, "held_out", v) for n, v in ((1, 0.5), (2, 0.7), (3, 0.7))]
    points = Points(Vanilla(Vanilla.HParams()), lambda model: 0.0)
    points.rows = 160  # as a run of sixteen a batch has them
    epochs, steps = layered({"epochs": 4.0}), layered({"steps": 40})
    assert points.best(curves, epochs, 0.6) == Best(0.7, "epochs", 2.0)
    assert points.best(curves, steps, 0.6) == Best(0.7, "steps", 20.0)
    assert points.best(curves, epochs, 0.8) == Best(0.8, "epochs", 4.0)
