"""Claims by another metric than the tasks report, computed from the logits that are stored."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from ftbench.db import create_database, open_database
from ftbench.errors import UnknownName, UsageError
from ftbench.services.claims.listed import listed
from ftbench.services.comparing.by_task import compare
from ftbench.services.reporting.build import build_report
from ftbench.services.scores.rescored import MetricChoice
from tests.services.by_metric import asked, fill
from tests.services.claims.said import say
from tests.services.comparing.runs import request

ECE, ONE, WRONG = (
    f"{text} @ metric=ece" for text in ("bidrop > vanilla", "vanilla > sam", "vanilla > bidrop")
)
UNFIT = "bidrop > vanilla @ metric=entity_f1"
NLL, PLAIN = "bidrop > vanilla @ tasks=toy-entail, metric=nll", "bidrop > vanilla"


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """Claims, then the runs: vanilla, far too sure, and bidrop, with the same answers."""
    path = tmp_path_factory.mktemp("claimed") / "ftbench.db"
    with create_database(str(path)) as database:
        say(database, ECE, NLL, WRONG, PLAIN, UNFIT)
        fill(database)
    return path


@pytest.fixture
def filled(file):
    with open_database(str(file)) as database:
        yield database


def rows(database):
    return {(sheet.name, row["claim"]): row for sheet in listed(database) for row in sheet.rows}


def averages(database, metric, *names):
    (section,) = build_report(database, asked(metric)).sections
    scores = {}
    for row in section.groups[0].rows:
        at = [i for i, c in enumerate(section.columns) if c.task in names and c.kind == "score"]
        scores[row.label] = np.mean([row.cells[i].values for i in at], axis=0)
    return scores


def test_the_better_method_is_the_one_that_is_less_wrong(filled):
    found = rows(filled)
    by_seed = averages(filled, "ece", "toy-accept", "toy-entail")
    expected = stats.ttest_rel(by_seed["bidrop"], by_seed["vanilla"], alternative="less").pvalue
    right, wrong = found["claims", ECE], found["claims", WRONG]
    assert right["p"] == pytest.approx(expected) and right["verdict"] == "holds"
    assert wrong["p"] == pytest.approx(1 - expected) and wrong["verdict"] == "contradicted"
    apart = by_seed["bidrop"] - by_seed["vanilla"]
    assert right["difference"] == pytest.approx(apart.mean()) and right["difference"] < 0
    low, high = stats.t.interval(0.95, 3, apart.mean(), stats.sem(apart))
    assert (right["low"], right["high"]) == (pytest.approx(low), pytest.approx(high))
    assert found["claims", PLAIN]["verdict"] == "not shown"  # their answers are the same
    assert right["tasks"] == "toy-accept, toy-entail"


def test_a_metric_in_its_own_unit_has_a_list_of_its_own(filled):
    row = rows(filled)["claims_in_units", NLL]
    by_seed = averages(filled, "nll", "toy-entail")
    assert row["difference"] == pytest.approx((by_seed["bidrop"] - by_seed["vanilla"]).mean())
    assert row["verdict"] == "holds"
    assert [sheet.fraction for sheet in listed(filled)] == [True, False]


def test_a_claim_stands_below_tables_and_comparisons_by_its_metric_alone(filled):
    def said(metric):
        notes = build_report(filled, asked(metric)).sections[0].notes
        sheets = compare(filled, request("bidrop", "vanilla", metric=MetricChoice.of(metric)))
        return [
            [line.split(": ")[1] for line in lines if line.startswith("declared: ")]
            for lines in (notes, [line for sheet in sheets for line in sheet.notes])
        ]

    assert said("ece") == [[ECE, WRONG], [ECE, WRONG]]
    assert said("nll") == [[NLL], [NLL]]
    assert said(None) == [[PLAIN], [PLAIN]]
    assert any(
        " points, " not in line and NLL in line
        for line in build_report(filled, asked("nll")).sections[0].notes
    )


def test_what_cannot_be_scored_by_it_is_said(filled):
    assert rows(filled)["claims", UNFIT]["verdict"] == "no scores yet"
    (line,) = [note for note in listed(filled)[-1].notes if "no task here can be scored" in note]
    assert line.startswith(f"{UNFIT}: no task here can be scored by entity_f1")
    assert not any(f"{UNFIT}: fill it with" in note for note in listed(filled)[-1].notes)


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("bidrop > vanilla @ metric=eec", UnknownName, "did you mean 'ece'"),
        ("bidrop > vanilla @ metric=ece, tasks=stsb", UsageError, "ece does not fit stsb: it is for"),
        ("bidrop > vanilla @ metric=./mine.py", UsageError, "mine.py is a file; claims are about installed"),
    ],
)
def test_a_metric_that_is_none_is_refused(filled, text, error, words):
    with pytest.raises(error, match=words):
        say(filled, text)
