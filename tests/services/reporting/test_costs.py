"""What runs took: those that had their machine to themselves, and others marked; and who is better."""

from __future__ import annotations

import math

from ftbench.services.reporting.costs import better_ones, with_costs
from tests.services.reporting.frames import frame


def test_each_score_has_what_its_job_took():
    scores = frame({("a", "rte"): [0.5, 0.7]})
    found, timed = with_costs({"a-rte-1": (12.5, 300, 1)}, scores)
    assert timed == "Of the 1 of 2 runs that had their machine to themselves."
    assert found["training_seconds"].tolist()[1] == 12.5 and found["peak_memory_mb"].tolist()[1] == 300
    assert found[["training_seconds", "peak_memory_mb"]].iloc[0].isna().all()
    assert found["value"].tolist() == [0.5, 0.7] and found["training_seconds"].dtype == float
    assert not found["beside"].any()


def test_runs_beside_others_count_only_of_methods_that_have_no_others_and_are_marked():
    scores = frame({("a", "rte"): [0.5, 0.7], ("b", "rte"): [0.6]})
    took = {"a-rte-0": (10.0, 100, 1), "a-rte-1": (20.0, 150, 0), "b-rte-0": (30.0, 100, 1)}
    found, timed = with_costs(took, scores)
    assert found["training_seconds"].tolist()[::2] == [10.0, 30.0] and "2 of 3" in timed
    assert math.isnan(found["training_seconds"][1]) and math.isnan(found["peak_memory_mb"][1])
    assert not found["beside"].any() and "†" not in timed
    found, timed = with_costs({**took, "b-rte-0": (30.0, 100, 0)}, scores)
    assert found["training_seconds"].tolist()[::2] == [10.0, 30.0]
    assert found["beside"].tolist() == [False, False, True] and "†: no such run on some task" in timed
    assert with_costs({job: (*values[:2], 1) for job, values in took.items()}, scores)[1] == ""


def test_where_no_run_was_alone_that_is_said_instead_of_marking_all():
    scores = frame({("a", "rte"): [0.5, 0.7], ("b", "rte"): [0.6]})
    found, timed = with_costs({job: (10.0, 100, 0) for job in scores["job"]}, scores)
    assert timed.startswith("All of these runs had others beside them") and not found["beside"].any()
    assert found["training_seconds"].tolist() == [10.0] * 3
    assert with_costs({}, scores)[1] == ""


def test_who_is_better_is_told_by_the_interval_of_paired_seeds():
    scores = {
        ("a", "rte"): [0.5, 0.6, 0.7],
        ("b", "rte"): [0.52, 0.621, 0.719],  # 2 points more, seed by seed
        ("c", "rte"): [0.6, 0.5, 0.75],
    }
    assert better_ones(frame(scores)) == {("b", "a")}
    assert better_ones(frame({**scores, ("a", "sst2"): [0.9]})) == set()  # only a seed has all tasks
