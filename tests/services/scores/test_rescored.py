"""Runs scored by another metric: computed by hand from the logits, turned by which end is better."""

from __future__ import annotations

import shutil

import pytest

from ftbench import tasks
from ftbench.db import Entry, create_database, open_database
from ftbench.domain.job import Job
from ftbench.domain.result import JobResult, Outcome, Score
from ftbench.errors import NothingToReport
from ftbench.services.comparing.by_task import compare
from ftbench.services.reporting.build import build_report
from ftbench.services.scores.rescored import MetricChoice
from ftbench.services.scores.selection import Selection
from ftbench.tasks import sources
from tests.services.by_metric import asked, fill
from tests.services.comparing.runs import request


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """Vanilla, far too sure, and bidrop: four seeds with the same answers, clean and noisy."""
    path = tmp_path_factory.mktemp("rescored") / "ftbench.db"
    with create_database(str(path)) as database:
        fill(database)
    return path


@pytest.fixture
def filled(file):
    with open_database(str(file)) as database:
        yield database


def compared_by(database, metric):
    found = compare(database, request("bidrop", "vanilla", metric=MetricChoice.of(metric)))
    return {one.name: one for one in found}


def cells(section, label):
    row = next(r for r in section.groups[-1].rows if r.label == label)
    return dict(zip([c.name for c in section.columns], row.cells, strict=True))


def test_a_table_by_a_metric_of_which_lower_is_better(filled):
    found = build_report(filled, asked("ece"))
    (section,) = found.sections
    assert [c.task for c in section.columns if c.kind == "score"] == ["toy-accept", "toy-entail"]
    assert "Scored by ECE, expected calibration error" in section.caption[0]
    assert "lower is better" in section.caption[0]
    assert "toy sim is left out: ece does not fit it, it is for classification" in found.notes
    ours, theirs = cells(section, "bidrop"), cells(section, "vanilla")
    # Answers are alike; of those that are held for certain, three in ten are wrong.
    assert theirs["toy-accept"].mean == pytest.approx(0.3, abs=0.05)
    assert ours["toy-accept"].mean < 0.1
    tested = ours["difference"].tested
    assert ours["difference"].mean == pytest.approx(ours["average"].mean - theirs["average"].mean)
    assert tested.mark == "▲" and tested.difference < 0 and tested.low < tested.difference < tested.high
    assert tested.low == ours["difference"].low
    assert ours["toy-accept"].best == ("mean",) and not theirs["toy-accept"].best
    assert ours["toy-accept"].tested.mark == "▲" and ours["toy-accept"].tested.difference < 0


def test_the_drop_is_a_rise_and_the_best_row_stands_first(filled):
    (section, *_) = [
        s for s in build_report(filled, asked("nll", table="robustness")).sections if s.part == "noise"
    ]
    at = next(c for c in section.columns if c.kind == "difference")
    assert (at.title, at.fraction, at.higher) == ("rise", False, False)
    assert "Rise: the noisy run minus the same method's clean one" in " ".join(
        (*section.caption, *section.notes)
    )
    assert "in nats: lower is better" in section.caption[0] and "× 100" not in section.caption[0]
    assert cells(section, "vanilla")["difference"].mean > 0


def test_a_curve_by_such_a_metric_is_above_the_baseline_where_it_is_worse(filled):
    found = build_report(filled, asked("nll", table="curves")).sections[0]
    titles = [column.title for column in found.columns]
    assert any(title.startswith("Above") for title in titles)
    assert cells(found, "bidrop")["slope_difference"].tested.mark == "▲"


def test_a_comparison_says_which_is_better_and_shows_the_difference_as_it_is(filled):
    sheets = {
        one.name: one for one in compare(filled, request("bidrop", "vanilla", metric=MetricChoice.of("ece")))
    }
    rows = sheets["tasks"].rows
    assert all(row["difference"] < 0 and row["low"] <= row["difference"] <= row["high"] for row in rows)
    assert all(row["superiority"] == 1.0 and row["g"] < 0 for row in rows)
    assert {row["mark"] for row in rows} == {"better"}
    assert "points better than" in sheets["tasks"].verdicts[0]
    ranks = {row["method"]: row["rank"] for row in sheets["methods"].rows}
    assert ranks == {"bidrop": 1.0, "vanilla": 2.0}
    assert all(row["mean"] > 0 for row in sheets["methods"].rows)
    (pair,) = sheets["pairs"].rows
    assert pair["better"] > 0.9 and pair["difference"] < 0
    by = {
        one.name: one for one in compare(filled, request("bidrop", "vanilla", metric=MetricChoice.of("nll")))
    }
    assert "points" not in by["tasks"].verdicts[0] and not by["tasks"].fraction


def test_a_run_that_diverged_scores_chance_and_one_without_logits_none(file, tmp_path):
    own = shutil.copy(file, tmp_path)
    with open_database(own, write=True) as filled:
        _without_logits(filled)


def _without_logits(filled):
    spec = tasks.find("toy-accept")
    ref = sources.locate(spec)
    for seed, how in ((4, "diverged"), (5, "bare")):
        job = Job("tiny", "r", spec.name, ref.revision, ("dev",), "vanilla", {}, seed)
        filled.jobs.add([Entry(job, "vanilla")])
        claim = filled.jobs.claim("worker", 60.0)
        if how == "bare":
            filled.jobs.finish(claim, JobResult(scores=(Score("dev", spec.metric, 0.7),)))
        else:
            filled.jobs.fail(claim, Outcome.DIVERGED, "the loss is not finite", "")
    found = build_report(filled, asked("ece"))
    cell = cells(found.sections[0], "vanilla")["toy-accept"]
    assert dict(zip(cell.seeds, cell.values, strict=True))[4] == 0.5
    assert (cell.diverged, cell.missing) == (1, {"no score": 1})
    assert any(note.startswith("1 run has no stored logits") for note in found.notes)


def test_a_score_that_is_stored_is_taken_and_no_label_is_read(filled, monkeypatch):
    monkeypatch.setattr(sources, "read", None)
    found = build_report(filled, asked("matthews", selection=Selection(tasks=("toy-accept",))))
    assert cells(found.sections[0], "vanilla")["toy-accept"].values == (0.7,) * 4


def test_a_metric_that_fits_no_task_is_told(filled):
    with pytest.raises(NothingToReport, match="no task here can be scored by ece: toy sim is left out"):
        build_report(filled, asked("ece", selection=Selection(tasks=("toy-sim",))))
