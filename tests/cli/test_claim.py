"""``ftbench claim``, in process: declared before the runs, tested apart from them."""

from __future__ import annotations

import sqlite3

import numpy as np
import pytest
from scipy import stats

from ftbench.domain.perturbation import Perturbation
from tests.cli.filled import SCORES, run


def rows(ftbench):
    ended = ftbench("claim", "--json")
    assert ended.code == 0 and ended.json["schema"] == "ftbench.claims/1"
    return ended.json["sheets"][0]["rows"]


def test_a_claim_is_tested_one_sided_over_seed_averages_and_corrected_over_the_claims(ftbench):
    for text in ("bidrop > vanilla @ noise=0.1", "vanilla > rdrop @ noise=0.1", "sam > vanilla"):
        assert ftbench("claim", text).code == 0
    run(SCORES)
    run({("rdrop", "rte"): [0.8, 0.83, 0.8, 0.83], ("rdrop", "sst2"): [0.95, 0.95, 0.96, 0.97]})
    first, second, third = rows(ftbench)
    mine, theirs = (
        np.mean([SCORES[method, task][:3] for task in ("rte", "sst2")], axis=0)
        for method in ("bidrop", "vanilla")
    )
    p = stats.ttest_rel(mine, theirs, alternative="greater").pvalue
    assert (first["n"], first["p"]) == (3, pytest.approx(p))
    assert first["difference"] == pytest.approx((mine - theirs).mean())
    assert first["p_corrected"] == pytest.approx(3 * p)  # the claim without scores counts, too
    assert (first["standing"], second["verdict"], third["verdict"]) == (
        "declared",
        "contradicted",
        "no scores yet",
    )
    assert second["p"] > 0.95 and third["p"] is None


def test_a_claim_that_holds_says_so_in_comparisons_and_tables_apart_from_their_family(ftbench):
    ftbench("claim", "bidrop > vanilla @ noise=0.1")
    scores = {
        ("vanilla", "rte"): [0.7, 0.71, 0.69, 0.72, 0.7],
        ("bidrop", "rte"): [0.8, 0.83, 0.8, 0.81, 0.82],
    }
    run(scores)
    run(scores, Perturbation())
    (row,) = rows(ftbench)
    assert row["verdict"] == "holds" and row["p_corrected"] == row["p"] < 0.05
    compared = ftbench("compare", "bidrop", "vanilla", "--noise", "0.1", "--json").json["sheets"][0]
    assert [note for note in compared["notes"] if note.startswith("declared: bidrop > vanilla")]
    assert compared["rows"][0]["p_corrected"] == compared["rows"][0]["p_t"]
    clean = ftbench("compare", "bidrop", "vanilla", "--json").json["sheets"][0]
    assert not [note for note in clean["notes"] if "declared" in note]
    report = ftbench("report", "--table", "robustness", "--json").out
    assert report.count("declared: bidrop > vanilla @ noise=0.1: holds, unless bidrop ") == 1
    assert "declared" not in ftbench("report", "--table", "main").out


def test_a_claim_after_the_fact_is_late_and_in_no_family(filled):
    ended = filled("claim", "bidrop > vanilla")
    assert ended.code == 0 and "declared late: 15 runs" in ended.err
    filled("claim", "bidrop > rdrop @ noise=0.2")
    late, other = rows(filled)
    assert late["verdict"] == late["standing"] == "declared late (15 of 15 scores were there)"
    assert late["p"] is not None and late["p_corrected"] is None and other["standing"] == "declared"
    assert "declared late (15 of 15" in filled("compare", "bidrop", "vanilla").out
    assert "over the 1 declared claims" in filled("claim").out.replace("\n", " ")


def test_a_claim_whose_scores_were_changed_by_hand_is_not_counted_as_declared(ftbench):
    for text in ("bidrop > vanilla @ noise=0.1", "rdrop > vanilla @ noise=0.1"):
        ftbench("claim", text)
    run(SCORES)
    with sqlite3.connect("ftbench.db") as connection:
        connection.execute(
            "UPDATE scores SET value = value + 0.01 "
            "WHERE digest IN (SELECT digest FROM jobs WHERE method = 'bidrop')"
        )
    changed, other = rows(ftbench)
    assert changed["verdict"] == changed["standing"]
    assert changed["standing"].startswith("not counted as declared: job ")
    assert changed["p"] is not None and changed["p_corrected"] is None and other["standing"] == "declared"
    listed = " ".join(ftbench("claim").out.split())
    assert "over the 1 declared claims" in listed and "`ftbench db check` names them all" in listed
    compared = ftbench("compare", "bidrop", "vanilla", "--noise", "0.1").out
    assert "not counted as declared: job " in " ".join(compared.split())


def test_the_scores_of_the_baseline_alone_make_a_claim_late(ftbench):
    ftbench("claim", "rdrop > vanilla")
    run({("vanilla", "rte"): [0.7, 0.71]}, Perturbation())
    assert ftbench("claim", "bidrop > vanilla").err.startswith("declared late: 2 runs")
    assert [row["standing"] for row in rows(ftbench)] == [
        "declared",
        "declared late (2 of 2 scores were there)",
    ]


def test_a_claim_is_declared_once_whatever_it_is_called(ftbench):
    assert ftbench("claim", "bi-drop > vanilla @ tasks=rte,cola").out == (
        "declared: bidrop > vanilla @ tasks=cola,rte\n"
    )
    again = ftbench("claim", "vanilla < bidrop @ task=cola,rte, noise=0")
    assert again.out == "was declared before: bidrop > vanilla @ tasks=cola,rte\n"
    assert len(rows(ftbench)) == 1


def test_a_claim_is_withdrawn_until_its_first_score(ftbench):
    ftbench("claim", "bidrop > vanilla")
    ftbench("claim", "bidrop > vanilla @ noise=0.1")
    assert ftbench("claim", "--withdraw", "bidrop > vanilla").out == "withdrawn: bidrop > vanilla\n"
    run({("vanilla", "rte"): [0.7]})
    kept = ftbench("claim", "--withdraw", "bidrop > vanilla @ noise=0.1")
    assert kept.code == 2 and "it stays, for 1 of its runs have scores" in kept.err
    assert len(rows(ftbench)) == 1


def test_a_named_task_that_is_missing_leaves_the_claim_open_with_the_command(ftbench):
    ftbench("claim", "bidrop > vanilla @ tasks=rte,cola, noise=0.1")
    run({("vanilla", "rte"): [0.7, 0.71], ("bidrop", "rte"): [0.8, 0.83]})
    assert rows(ftbench)[0]["verdict"] == "no scores yet"
    said = ftbench("claim").out.replace("\n", " ")
    assert "ftbench queue --methods bidrop --tasks cola,rte --noise 0.1 --seeds 10" in said


def test_one_seed_is_too_few_and_equal_differences_show_nothing(ftbench):
    ftbench("claim", "bidrop > vanilla @ noise=0.1")
    ftbench("claim", "rdrop > vanilla @ noise=0.1")
    run({("vanilla", "rte"): [0.7, 0.6], ("bidrop", "rte"): [0.8], ("rdrop", "rte"): [0.8, 0.7]})
    first, second = rows(ftbench)
    assert (first["verdict"], second["verdict"]) == ("too few seeds: needs 2", "not shown")
    assert "nan" not in ftbench("claim").out.lower()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("bidrp > vanilla",), "unknown method 'bidrp'; did you mean 'bidrop'?"),
        (("bidrop > bidrop",), "bidrop stands on both sides"),
        (("bidrop > vanilla @ tasks=ret",), "unknown task 'ret'; did you mean 'rte'?"),
        (("bidrop > vanilla @ models=bert-bse",), "unknown model 'bert-bse'"),
        (("bidrop[k=zero] > vanilla",), "zero"),
        (("--withdraw",), "--withdraw needs the claim"),
        (("--withdraw", "bidrop > rdrop"), "unknown claim 'bidrop > rdrop'"),
    ],
)
def test_wrong_words_exit_with_2_and_one_line(filled, words, message):
    ended = filled("claim", *words)
    assert (ended.code, ended.out) == (2, "")
    assert message in ended.err and ended.err.count("\n") == 1
