"""``ftbench compare``, in process, on a database made by hand."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from scipy import special, stats

from ftbench import tasks
from ftbench.db import Entry, create_database, open_database
from ftbench.domain.job import Job
from ftbench.domain.result import JobResult, Score
from tests.cli.filled import SCORES
from tests.services.stored import finish, job_of


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
    pairs = np.subtract(SCORES["bidrop", "rte"], SCORES["vanilla", "rte"])
    unbiased = special.gamma(3 / 2) / (np.sqrt(3 / 2) * special.gamma(1))
    assert rte["g"] == pytest.approx(unbiased * pairs.mean() / pairs.std(ddof=1))


def test_a_seed_that_one_method_lacks_is_dropped_and_named(filled):
    ended = filled("compare", "bidrop", "vanilla", "--untested", "--json")
    found = {row["task"]: row for row in sheet(ended, "tasks")["rows"]}
    assert (found["SST-2"]["n"], found["Avg"]["n"]) == (3, 3)
    assert found["SST-2"]["dropped"] == "vanilla alone has 3"
    assert any("Vanilla alone has 3" in note for note in sheet(ended, "tasks")["notes"])
    counted = filled("compare", "bidrop", "vanilla").out
    assert "dropped from 2 of them; --untested says which" in counted and "alone has" not in counted


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
    assert "No test for 1 of the 1 comparisons; --untested says why." in ended.out
    ended = filled("compare", "bidrop", "vanilla", "--noise", "0.1", "--untested")
    assert ended.code == 0
    assert "No test for Bi-Drop − Vanilla on RTE: too few pairs: needs 2, has 1." in ended.out
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
        (("bidrop,bidrop",), 2, "compare needs two methods or more"),
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


def test_methods_may_stand_in_one_word(filled):
    assert filled("compare", "bidrop,vanilla").out == filled("compare", "bidrop", "vanilla").out


def test_the_verdict_is_said_first_in_every_format_for_people_and_in_json(filled):
    said = sheet(filled("compare", "bidrop", "vanilla", "--json"), "tasks")["verdicts"]
    assert len(said) == 1 and said[0].startswith("Bi-Drop is ")
    plain = filled("compare", "bidrop", "vanilla").out
    assert " ".join(plain.split("\n\n")[0].split()) == said[0]
    marked = filled("compare", "bidrop", "vanilla", "--format", "md").out
    assert marked.split("\n\n")[1] == said[0]


def test_a_name_means_its_default_setting_and_a_star_all_of_them(filled):
    for seed in range(3):
        job = job_of("bidrop", "rte", seed, hparams={"k": 3})
        with open_database("ftbench.db") as database:
            finish(database, job, 0.9, label="bidrop[k=3]")

    def named(*methods: str) -> set[str]:
        return {r["comparison"] for r in sheet(filled("compare", *methods, "--json"), "tasks")["rows"]}

    assert named("bidrop", "vanilla") == {"bidrop − vanilla"}
    assert "bidrop[*]" in filled("compare", "bidrop", "vanilla").out
    assert named("bidrop[k=3]", "vanilla") == {"bidrop[k=3] − vanilla"}
    assert len(named("bidrop[*]", "vanilla")) == 3 and len(named("bidrop[*]")) == 1
    for command in ("report", "status"):
        assert filled(command, "--methods", "bidrop[*]").code == 0
    ended = filled("queue", "--methods", "bidrop[*]", "--tasks", "toy-entail")
    assert ended.code == 2 and "method 'bidrop[*]': here one setting is meant" in ended.err
