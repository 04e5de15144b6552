"""From tables to plots: what is drawn of which jobs."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ftbench.domain.topup import TopupPlan
from ftbench.errors import BadValue, FtbenchError, NothingToReport, UnknownName
from ftbench.render.plots import cost, curves, ranks, spread
from ftbench.render.plots.looks import of_names
from ftbench.services.reporting.plots import (
    PlotRequest,
    draw,
    with_groups,
    with_losses,
    with_ranks,
    with_runs,
)
from ftbench.services.scores.levels import Topped
from tests.render.specs import values
from tests.services.reporting.frames import frame
from tests.services.stored import finish, job_of, store

RANKED = {
    ("a", "rte"): [0.5, 0.7],  # 0.60: third
    ("b", "rte"): [0.7, 0.7],  # 0.70: first
    ("c", "rte"): [0.65, 0.65],  # 0.65: second
    ("a", "sst2"): [0.9],  # shared first
    ("b", "sst2"): [0.9],
    ("c", "sst2"): [0.8],
    ("d", "rte"): [0.99],  # nothing on sst2
}


def test_ranks_are_of_task_means_and_a_method_that_lacks_a_task_is_left_out():
    found, critical = with_ranks(frame(RANKED))
    assert list(found.items()) == [("b", 1.25), ("a", 2.25), ("c", 2.5)]
    q = stats.studentized_range.ppf(0.95, 3, np.inf) / math.sqrt(2)
    assert critical == pytest.approx(q * math.sqrt(3 * 4 / (6 * 2)), rel=1e-6)


def test_a_critical_difference_that_is_given_is_kept_and_one_task_has_none():
    assert with_ranks(frame(RANKED), 0.7)[1] == 0.7
    one = frame({key: values for key, values in RANKED.items() if key[1] == "rte"})
    assert with_ranks(one) == ({"d": 1.0, "b": 2.0, "c": 3.0, "a": 4.0}, None)
    alone = frame({("a", "rte"): [0.5], ("b", "sst2"): [0.5]})
    assert with_ranks(alone) == ({}, None)


def test_groups_of_topped_up_runs_are_those_of_the_plans_level(monkeypatch):
    monkeypatch.setattr(ranks, "ranks", lambda frame, title, found, looks, critical, how: (critical, how))
    plan = TopupPlan("p", (), 0.05, 0.0, tuple(range(10)), (2, 6, 10))
    for digests, level in (({"elsewhere"}, 0.05), ({"a-rte-0"}, 0.05 / 3)):
        critical, how = with_groups(frame(RANKED), "", {}, [Topped(plan, frozenset(digests))])
        q = stats.studentized_range.ppf(1 - level, 3, np.inf) / math.sqrt(2)
        assert critical == pytest.approx(q * math.sqrt(3 * 4 / (6 * 2)), rel=1e-6)
        assert how[0] == f"Nemenyi, {level:.3g}" and len(how) == (2 if level == 0.05 else 3)
    p = stats.friedmanchisquare([0.6, 0.9], [0.7, 0.9], [0.65, 0.8]).pvalue
    friedman = f"Friedman's test that all are equal: p={p:.3f}."
    assert with_groups(frame(RANKED), "", {}, [], 0.7) == (0.7, ("as given, whatever its level", friedman))
    two = frame({key: values for key, values in RANKED.items() if key[0] in "ab"})
    assert with_groups(two, "", {}, [])[1][-1] == "No Friedman test: too few methods: needs 3, has 2."


def test_losses_are_read_of_the_drawn_jobs_and_runs_of_their_own_are_named(database, monkeypatch):
    jobs = [
        finish(database, job_of(method, "rte", 0), 0.6, losses=losses)
        for method, losses in (("vanilla", [0.7, 0.5]), ("bidrop", [0.9]))
    ]
    scores = pd.DataFrame(
        {"job": jobs[:1] * 2, "task": "RTE", "label": "vanilla", "seed": 0, "value": [0.6, 0.7]}
    )
    found = with_losses(database, scores)
    assert found[["task", "label", "seed", "step", "value"]].values.tolist() == [
        ["RTE", "vanilla", 0, 1, 0.7],
        ["RTE", "vanilla", 0, 2, 0.5],
    ]
    rows = [(jobs[0], "main", 1, 0.7), (jobs[0], "teacher", 1, 0.8)]
    monkeypatch.setattr(database.results, "losses", lambda _: rows)
    found = with_losses(database, scores)
    assert found["label"].tolist() == ["vanilla", "vanilla (teacher)"]
    looks = of_names(["vanilla"])
    assert with_runs(looks, found) == dict.fromkeys(found["label"], looks["vanilla"])


def test_every_kind_is_drawn_by_its_own_plot_from_the_tables_scores(database, monkeypatch):
    ran = {"seconds": {"training": 3.0}, "peak_memory_mb": 9, "exclusive": True}
    for method, score in (("vanilla", 0.6), ("bidrop", 0.7)):
        for task in ("rte", "sst2"):
            finish(database, job_of(method, task, 0), score, losses=[0.5], provenance=ran)
    for k in (2, 3):
        job = job_of("rdrop", "rte", 0, hparams={"alpha": k})
        finish(database, job, 0.5, label=f"rdrop[alpha={k}]")
    drawn = {}

    def plot(name):
        def of(frame, title, *more, **named):
            drawn[name] = sorted(set(frame["label"])), frame, named or more
            return {"mark": "point"}

        return of

    for module, name in (
        (spread, "strip"),
        (spread, "sweep"),
        (curves, "learning"),
        (cost, "cost"),
        (ranks, "ranks"),
    ):
        monkeypatch.setattr(module, name, plot(name))
        draw(database, PlotRequest(name, over="alpha", violin=True))
    every = ["Bi-Drop", "R-Drop (alpha=2)", "R-Drop (alpha=3)", "Vanilla"]
    assert drawn["strip"][0] == drawn["cost"][0] == every
    assert drawn["strip"][2]["violin"] and {row["label"] for row in drawn["strip"][2]["counts"]} == set(every)
    assert drawn["sweep"][0] == every[1:3] and drawn["sweep"][2] == ("alpha", "× 100")
    assert drawn["learning"][0] == ["Bi-Drop", "Vanilla"]
    costs = drawn["cost"][1]
    assert costs.loc[costs["label"] == "Bi-Drop", "training_seconds"].tolist() == [3.0, 3.0]
    assert drawn["cost"][2][2] == "Of the 4 of 6 runs that had their machine to themselves."
    assert drawn["ranks"][2][0] == {"Bi-Drop": 1.0, "Vanilla": 2.0}  # of the methods that have both tasks


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("cost", "cost: these jobs have no recorded times"),
        ("learning", "learning: these jobs have no logged losses"),
    ],
)
def test_what_was_not_recorded_cannot_be_drawn(database, kind, message):
    store(database, {("vanilla", "rte"): [0.6]})
    with pytest.raises(NothingToReport, match=message):
        draw(database, PlotRequest(kind))


def test_a_sweep_is_of_one_method(database):
    for method, name in (("rdrop", "alpha"), ("bidrop", "k")):
        for value in (2, 3):
            job = job_of(method, "rte", 0, hparams={name: value})
            finish(database, job, 0.5, label=f"{method}[{name}={value}]")
    with pytest.raises(BadValue, match="2 methods have several settings; choose one of .*with --methods"):
        draw(database, PlotRequest("sweep"))


def test_without_scores_nothing_is_drawn(database):
    finish(database, job_of("vanilla", "rte", 0), None)
    with pytest.raises(NothingToReport, match="no scores to draw yet; run the jobs with: ftbench worker"):
        draw(database, PlotRequest("strip"))


def test_an_unknown_kind_is_refused_with_the_nearest():
    with pytest.raises(UnknownName, match="unknown plot 'strp'; did you mean 'strip'"):
        PlotRequest("strp")


def test_several_methods_are_drawn_over_a_hyper_parameter_of_theirs(database):
    for method in ("dps_dense", "child_tuning_d"):
        for value in (0.5, 0.9):
            job = job_of(method, "rte", 0, hparams={"keep_ratio": value})
            finish(database, job, value, label=f"{method}[keep_ratio={value}]")
    for alpha in (1, 2):
        finish(
            database, job_of("rdrop", "rte", 0, hparams={"alpha": alpha}), 0.3, label=f"rdrop[alpha={alpha}]"
        )
    finish(database, job_of("vanilla", "rte", 0), 0.4)
    with pytest.raises(BadValue, match="3 methods have several settings; choose one of .* with --over"):
        draw(database, PlotRequest("sweep"))
    with pytest.raises(UnknownName, match="'keep_ration'; did you mean 'keep_ratio'"):
        draw(database, PlotRequest("sweep", over="keep_ration"))
    (spec,) = draw(database, PlotRequest("sweep", over="keep_ratio"))
    boxes = {(b["place"], b["label"]): round(b["mean"], 6) for b in values(spec, "median")}
    assert boxes == {
        **{("0.5", name): 50.0 for name in ("DPS Dense", "Child-Tuning_D")},
        **{("0.9", name): 90.0 for name in ("DPS Dense", "Child-Tuning_D")},
        ("0.5", "Vanilla"): 40.0,  # it has no keep_ratio
        ("0.9", "Vanilla"): 40.0,
    }
    assert "Left out: R-Drop, of which" in spec.told


def test_ranks_are_drawn_of_the_tables_that_have_three_tasks(database):
    store(database, {(m, "rte"): [0.6] for m in ("vanilla", "bidrop")})
    with pytest.raises(FtbenchError, match="ranks: the table has 1 task"):
        draw(database, PlotRequest("ranks"))
    for method, task in itertools.product(("vanilla", "bidrop"), ("cola", "sst2", "mrpc")):
        finish(database, replace(job_of(method, task, 0), model="bert-large"), 0.5)
    (plot,) = draw(database, PlotRequest("ranks"))
    assert "bert-large" in plot.title
