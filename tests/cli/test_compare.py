"""``ftbench compare``, in process, on a database made by hand."""

from __future__ import annotations

import csv
import io
import zlib
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from ftbench import tasks
from ftbench.db import Entry, create_database
from ftbench.domain.job import Job
from ftbench.domain.result import JobResult, Predictions, Score
from ftbench.stats import paired
from ftbench.tasks import sources
from tests.cli.filled import SCORES


def sheet(ended, name):
    return next(s for s in ended.json["sheets"] if s["name"] == name)


def test_each_task_is_tested_over_paired_seeds_and_the_family_corrected(filled):
    ended = filled("compare", "bidrop", "vanilla", "--json")
    assert ended.code == 0 and ended.err == ""
    assert ended.json["schema"] == "ftbench.compare/1"
    found = {row["task"]: row for row in sheet(ended, "tasks")["rows"]}
    assert list(found) == ["RTE", "SST-2", "Avg"]
    rte = found["RTE"]
    p = stats.ttest_rel(SCORES["bidrop", "rte"], SCORES["vanilla", "rte"]).pvalue
    assert (rte["p_t"], rte["n"], rte["difference"]) == (pytest.approx(p), 4, pytest.approx(0.03))
    assert rte["p_corrected"] == pytest.approx(3 * p) and rte["mark"] == "better"
    assert rte["smallest_p"] == rte["p_sign_flip"] == 0.125
    pairs = paired.differences(np.array(SCORES["bidrop", "rte"]), np.array(SCORES["vanilla", "rte"]))
    assert rte["g"] == pytest.approx(paired.hedges_g(pairs).value)


def test_a_seed_that_one_method_lacks_is_dropped_and_named(filled):
    ended = filled("compare", "bidrop", "vanilla", "--json")
    found = {row["task"]: row for row in sheet(ended, "tasks")["rows"]}
    assert (found["SST-2"]["n"], found["Avg"]["n"]) == (3, 3)
    assert found["SST-2"]["dropped"] == "vanilla alone has 3"
    assert any("vanilla alone has 3" in note for note in sheet(ended, "tasks")["notes"])


def test_the_order_of_the_methods_is_the_direction(filled):
    there, back = (
        filled("compare", *names, "--json") for names in (("bidrop", "vanilla"), ("vanilla", "bidrop"))
    )
    one, other = (sheet(ended, "tasks")["rows"][0] for ended in (there, back))
    assert one["difference"] == pytest.approx(-other["difference"])
    assert (one["mark"], other["mark"]) == ("better", "worse")


def test_a_method_that_is_named_by_an_alias_keeps_its_place(filled):
    plain, alias = (filled("compare", name, "vanilla", "--json").json for name in ("bidrop", "Bi-Drop"))
    assert alias == plain


def test_too_few_seeds_say_how_many_are_needed_and_have_no_mark(filled):
    ended = filled("compare", "bidrop", "vanilla", "--noise", "0.1")
    assert ended.code == 0
    assert "No test for bidrop − vanilla on RTE: too few pairs: needs 2, has 1." in ended.out
    assert "noise 10 %" in ended.out and "nan" not in ended.out.lower()


def test_chosen_test_and_correction_decide_the_mark(filled):
    ended = filled("compare", "bidrop", "vanilla", "--json", "--test", "sign-flip", "--correction", "none")
    rte = sheet(ended, "tasks")["rows"][0]
    assert rte["p_corrected"] == rte["p_sign_flip"] == 0.125 and rte["mark"] == ""


def test_across_tasks_there_are_ranks_groups_and_a_posterior(filled):
    ended = filled("compare", "bidrop", "vanilla", "--json")
    first = sheet(ended, "methods")["rows"][0]
    assert (first["method"], first["rank"], first["wilcoxon_group"]) == ("bidrop", 1.0, "a")
    pair = sheet(ended, "pairs")["rows"][0]
    assert pair["better"] + pair["same"] + pair["worse"] == pytest.approx(1)
    assert not {"methods", "pairs"} & {
        s["name"] for s in filled("compare", "bidrop", "vanilla", "--tasks", "rte", "--json").json["sheets"]
    }


def test_the_posterior_has_the_direction_and_the_region_that_were_asked_for(filled):
    def posterior(*words):
        (row,) = sheet(filled("compare", *words, "--json"), "pairs")["rows"]
        return [row[name] for name in ("better", "same", "worse")]

    there, back = posterior("bidrop", "vanilla"), posterior("vanilla", "bidrop")
    assert there[0] > there[2] and back[2] > back[0]
    assert posterior("bidrop", "vanilla", "--region", "50")[1] > 0.99


@pytest.mark.parametrize("number", [6, 8])
def test_groups_belong_to_their_methods_and_too_few_tasks_are_told(ftbench, number):
    """Given worst first, listed best first: two that alternate, and one ahead of both on every task."""
    names = ("cola", "mrpc", "rte", "stsb", "sst2", "qnli", "qqp", "mnli")[:number]
    with create_database("ftbench.db") as database:
        for at, name in enumerate(names):
            near = 0.5 + 0.01 * at
            for method, score in (
                ("vanilla", near),
                ("rdrop", near + (0.004 + at / 1000) * (-1) ** at),
                ("bidrop", 0.8 + 0.013 * at),
            ):
                for seed in (0, 1):
                    spec = tasks.find(name)
                    job = Job("bert-base", "main", name, "d", ("dev",), method, {}, seed)
                    database.jobs.add([Entry(job, method)])
                    claim = database.jobs.claim("worker", 60.0)
                    scores = (Score(spec.evaluation[0].name, spec.metric, score),)
                    database.jobs.finish(claim, JobResult(scores=scores))
    found = sheet(ftbench("compare", "vanilla", "rdrop", "bidrop", "--json"), "methods")
    groups = {row["method"]: row["wilcoxon_group"] for row in found["rows"]}
    assert found["rows"][0]["method"] == "bidrop"
    # with 6 tasks three times 2 / 2^6 is above 0.05
    assert groups["bidrop"] == "a" and groups["rdrop"] == groups["vanilla"] == ("a" if number == 6 else "b")
    assert any("cannot reach a p below 0.0312" in note for note in found["notes"]) is (number == 6)


def test_formats(filled):
    assert filled("compare", "bidrop", "vanilla", "--format", "markdown").out.startswith(
        "### Comparison by task"
    )
    rows = list(csv.DictReader(io.StringIO(filled("compare", "bidrop", "vanilla", "--format", "csv").out)))
    assert [row["task"] for row in rows if row["sheet"] == "tasks"] == ["RTE", "SST-2", "Avg"]
    ended = filled("compare", "bidrop", "vanilla", "-o", "c.md")
    assert ended.out == "" and Path("c.md").read_text(encoding="utf-8").startswith("### Comparison")


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("bidrop", "vanlla"), 2, "unknown method 'vanlla'; did you mean 'vanilla'?"),
        (("bidrop",), 2, "compare needs two methods or more"),
        (("bidrop", "bidrop"), 2, "compare needs two methods or more"),
        (("bidrop", "vanilla", "--test", "wilcoxn"), 2, "unknown test 'wilcoxn'; did you mean 'wilcoxon'?"),
        (("bidrop", "vanilla", "--correction", "hol"), 2, "unknown correction 'hol'; did you mean 'holm'?"),
        (("bidrop", "vanilla", "--tasks", "ret"), 2, "unknown task 'ret'; did you mean 'rte'?"),
        (("", "vanilla"), 2, "compare needs two methods or more"),
        (("bidrop", "vanilla", "--region", "-1"), 2, "region -1: give points from 0 to below 100"),
        (
            ("bidrop", "vanilla", "--noise", "nan"),
            2,
            "noise 'nan' is not a number; give ratios",
        ),
        (("bidrop", "vanilla", "--reduction", "2"), 2, "reduction 2 is outside [0, 1)"),
        (("bidrop", "vanilla", "-o", "no/c.md"), 1, "no/c.md: cannot be written: there is no folder no"),
        (("bidrop", "vanilla", "--format", "latex"), 2, "unknown format 'latex'"),
        (("bidrop", "vanilla", "--noise", "0.3"), 1, "no scores of two of these methods under one setting"),
        (("bidrop", "rdrop"), 1, "no scores of two of these methods"),
        (("bidrop", "vanilla", "--db", "none.db"), 1, "there is no database 'none.db'"),
    ],
)
def test_wrong_words_are_one_line(filled, words, code, message):
    ended = filled("compare", *words)
    assert (ended.code, ended.out) == (code, "")
    assert message in ended.err and ended.err.count("\n") == 1


def stored(task, answers):
    """A database with what methods answered: (method, seed) -> (examples,); gives the labels."""
    spec = tasks.find(task)
    ref, evaluation = sources.locate(spec), spec.evaluation[0].name
    labels = np.asarray(sources.read(spec, evaluation, ref).labels, dtype=float)
    with create_database("ftbench.db") as database:
        for (method, seed), answer in answers(labels).items():
            logits = np.eye(2, dtype="<f4")[answer.astype(int)] if spec.labels else answer[:, None]
            logits = np.ascontiguousarray(logits, dtype="<f4")
            kept = Predictions("main", evaluation, *logits.shape, zlib.compress(logits.tobytes()))
            job = Job("tiny", "r", spec.name, ref.revision, (evaluation,), method, {}, seed)
            database.jobs.add([Entry(job, method)])
            claim = database.jobs.claim("worker", 60.0)
            score = Score(evaluation, spec.metric, measured(spec.metric, answer, labels))
            database.jobs.finish(claim, JobResult(scores=(score,), predictions=(kept,)))
    return labels


def measured(metric, answer, labels):
    if metric == "spearman":
        return float(stats.spearmanr(answer, labels).statistic)
    tp, fp = ((answer == 1) & (labels == 1)).sum(), ((answer == 1) & (labels == 0)).sum()
    fn, tn = ((answer == 0) & (labels == 1)).sum(), ((answer == 0) & (labels == 0)).sum()
    return float(
        {
            "accuracy": (answer == labels).mean(),
            "f1": 2 * tp / (2 * tp + fp + fn),
            "matthews": np.corrcoef(answer, labels)[0, 1] if (tp + fp) * (fn + tn) else 0.0,
        }[metric]
    )


@pytest.mark.parametrize(
    ("task", "metric"),
    [("toy-accept", "matthews"), ("toy-entail", "accuracy"), ("toy-para", "f1"), ("toy-sim", "spearman")],
)
def test_predictions_are_compared_seed_by_seed_in_the_tasks_metric(ftbench, task, metric):
    rng = np.random.default_rng(0)
    given = {}

    def answers(labels):
        for method, wrong in (("vanilla", 0.4), ("bidrop", 0.1)):
            for seed in (0, 1):
                flipped = np.where(rng.random(len(labels)) < wrong, 1 - labels, labels)
                noisy = labels + 9 * wrong * rng.normal(size=len(labels))
                given[method, seed] = noisy.astype("<f4") if metric == "spearman" else flipped
        return given

    labels = stored(task, answers)
    rows = sheet(ftbench("compare", "bidrop", "vanilla", "--examples", "--json"), "examples")["rows"]
    assert [(row["seed"], row["metric"]) for row in rows] == [(0, metric), (1, metric)]
    for seed, row in enumerate(rows):
        mine, theirs = given["bidrop", seed], given["vanilla", seed]
        wanted = measured(metric, mine, labels) - measured(metric, theirs, labels)
        assert row["difference"] == pytest.approx(wanted)
        assert row["low"] < wanted < row["high"]
        if metric == "spearman":
            assert row["p_mcnemar"] is row["left_alone"] is row["right_alone"] is None
            continue
        right = mine == labels, theirs == labels
        alone = int((right[0] & ~right[1]).sum()), int((right[1] & ~right[0]).sum())
        assert (row["left_alone"], row["right_alone"]) == alone
        assert row["p_mcnemar"] == pytest.approx(stats.binomtest(alone[0], sum(alone)).pvalue)
        assert row["mark"] == "better"


def test_mcnemar_marks_right_answers_and_not_the_metric(ftbench):
    """Always answering "equivalent" has the better F1 and fewer right answers."""

    def answers(labels):
        ones = np.flatnonzero(labels == 1)
        cautious = np.zeros(len(labels))
        cautious[ones[: len(ones) // 3]] = 1
        return {("vanilla", 0): cautious, ("bidrop", 0): np.ones(len(labels))}

    stored("toy-para", answers)
    (row,) = sheet(ftbench("compare", "bidrop", "vanilla", "--examples", "--json"), "examples")["rows"]
    assert row["difference"] == pytest.approx(2 / 3 - 1 / 2, abs=0.01)
    assert (row["left_alone"], row["right_alone"], row["mark"]) == (134, 200, "worse")


def test_predictions_of_topped_up_runs_are_marked_at_the_level_of_their_plan(ftbench):
    """McNemar's p of 13 examples, 11 to 2, is 0.022; over two seeds 0.045."""

    def answers(labels):
        given = {}
        for seed in (0, 1):
            for method, wrong in (("bidrop", slice(0, 2)), ("vanilla", slice(2, 13))):
                given[method, seed] = labels.copy()
                if seed == 0:
                    given[method, seed][wrong] = 1 - labels[wrong]
        return given

    stored("toy-para", answers)

    def shown():
        found = sheet(ftbench("compare", "bidrop", "vanilla", "--examples", "--json"), "examples")
        return found["rows"][0], found["notes"]

    row, notes = shown()
    assert row["p_corrected"] == pytest.approx(2 * stats.binomtest(11, 13).pvalue) and row["mark"] == "better"
    assert "marked below 0.05." in notes[0]
    assert ftbench("topup", "bidrop").code == 0
    row, notes = shown()
    assert row["p_corrected"] < 0.05 and row["mark"] == "" and "marked below 0.0167." in notes[0]
    assert notes[1] == "Seeds were topped up: look 1 of 3, marks at 1.67 %."


def test_predictions_whose_labels_are_not_here_are_left_out_with_the_reason(filled, monkeypatch):
    monkeypatch.delenv("FTBENCH_DATA", raising=False)
    ended = filled("compare", "bidrop", "vanilla", "--examples", "--json")
    assert ended.code == 0 and sheet(ended, "examples")["rows"] == []


def test_a_condition_is_compared_by_itself_and_may_name_the_training_rows(filled):
    short = filled("compare", "bidrop", "vanilla", "--noise", "0.1", "--tasks", "rte").out
    assert "· noise 10 %" in short
    assert filled("compare", "bidrop", "vanilla", "--perturb", "noise=0.1", "--tasks", "rte").out == short
    none = filled("compare", "bidrop", "vanilla", "--perturb", "train_size=300")
    assert (none.code, none.out) == (1, "") and "no scores of two of these methods" in none.err
    both = filled("compare", "bidrop", "vanilla", "--noise", "0.1", "--perturb", "noise[kind=pairflip]=0.1")
    assert "noise: give one value; each is a condition of its own" in both.err and both.code == 2
