"""What is behind a number: its cells, jobs and commands."""

from __future__ import annotations

import shlex

import pytest

from ftbench.db import Database
from ftbench.errors import BadValue, UnknownName
from ftbench.services.reporting.why import Answer, WhyRequest, commands, explain
from tests.services.requests import report_request
from tests.services.stored import finish, job_of, store


def ask(database: Database, row: str, column: str, **more) -> list[Answer]:
    return explain(database, WhyRequest(report_request(), row, column, **more))


@pytest.fixture
def filled(database: Database) -> Database:
    store(
        database,
        {
            ("vanilla", "rte"): [0.60, 0.64],
            ("vanilla", "sst2"): [0.90, 0.92],
            ("bidrop", "rte"): [0.70, 0.70],
            ("bidrop", "sst2"): [0.91, None],
        },
    )
    return database


def test_a_score_is_told_with_its_jobs_by_seed_and_what_each_took(database):
    ran = {"wall_seconds": 3.5, "device": "cpu", "worker": "w1", "git_commit": "f" * 40, "ftbench": "1.0"}
    second = finish(database, job_of("vanilla", "rte", 7), 0.64)
    first = finish(database, job_of("vanilla", "rte", 3), 0.6, provenance=ran)
    (answer,) = ask(database, "vanilla", "RTE")
    assert answer.title.endswith(" · Vanilla · RTE (accuracy)") and answer.number == "62.00 ± 2.83 n=2"
    (part,) = answer.parts
    assert (part.title, part.number, part.missing) == ("Vanilla · RTE", "62.00", {})
    assert [(job["job"], job["seed"], job["score"]) for job in part.jobs] == [
        (first[:12], 3, 0.6),
        (second[:12], 7, 0.64),
    ]
    told = {name: part.jobs[0][name] for name in ("seconds", "device", "worker", "commit", "ftbench")}
    assert told == {"seconds": 3.5, "device": "cpu", "worker": "w1", "commit": "f" * 12, "ftbench": "1.0"}
    assert part.jobs[1]["seconds"] is None and part.jobs[1]["commit"] == ""
    (command,) = part.commands
    assert "--seeds 3,7 " in command


def test_a_column_is_named_by_title_or_key_in_any_case(filled):
    assert ask(filled, "vanilla", "sst-2") == ask(filled, "vanilla", "SST2") != ask(filled, "vanilla", "rte")


def test_a_difference_has_both_methods_on_the_runs_that_all_have(filled):
    (answer,) = ask(filled, "bidrop", "difference")
    scores = {part.title: [job["score"] for job in part.jobs] for part in answer.parts}
    assert scores == {
        "Bi-Drop · RTE": [0.70, 0.70],
        "Vanilla · RTE": [0.60, 0.64],
        "Bi-Drop · SST-2": [0.91],
        "Vanilla · SST-2": [0.90],
    }
    # (70 + 91) / 2 - (62 + 90) / 2, of one seed with both tasks, so that there is no test
    assert answer.number == "+4.50* n=3/4 n/c"


def test_missing_scores_are_told_by_reason(filled):
    (answer,) = ask(filled, "bidrop", "sst2")
    assert answer.parts[0].missing == {"failed": 1} and len(answer.parts[0].jobs) == 1


def test_jobs_that_differ_in_their_seed_alone_share_a_command(filled):
    rows = [row for row in filled.jobs.list() if row.task == "rte"]
    told = [shlex.split(text) for text in commands(reversed(rows))]
    assert len(told) == 2
    for words in told:
        assert words[words.index("--seeds") + 1] == "0,1" and words[words.index("--tasks") + 1] == "rte"
    assert {words[words.index("--methods") + 1] for words in told} == {"vanilla", "bidrop"}


@pytest.mark.parametrize(
    ("row", "column", "ratio", "error", "message"),
    [
        ("vanila", "rte", None, UnknownName, "unknown row 'vanila'; did you mean 'vanilla'?"),
        ("vanilla", "rta", None, UnknownName, "unknown column 'rta'; did you mean 'rte'?"),
        ("vanilla", "rte", 0.1, BadValue, "--ratio 0.1: the table has none"),
    ],
)
def test_what_the_tables_have_not_is_named(filled, row, column, ratio, error, message):
    with pytest.raises(error) as caught:
        ask(filled, row, column, ratio=ratio)
    assert str(caught.value) == message


def test_a_ratio_chooses_among_the_tables_and_a_clean_run_has_no_drop(tmp_path):
    from ftbench.db import open_database
    from tests.example import three_methods

    with open_database(str(three_methods(tmp_path / "e.db")), write=False) as database:
        asked = report_request("robustness")
        every = explain(database, WhyRequest(asked, "vanilla", "SST-2"))
        one = explain(database, WhyRequest(asked, "vanilla", "SST-2", 0.1))
        drops = explain(database, WhyRequest(asked, "vanilla", "drop"))
        clean = explain(database, WhyRequest(asked, "vanilla", "drop", 0.0))
    assert len(one) == 1 and "noise 10 %" in one[0].title and one[0] in every and len(every) > 2
    assert drops and not any("noise 0 %" in answer.title for answer in drops)
    assert [answer.parts for answer in clean] == [[]] and clean[0].number == "–"
    with pytest.raises(BadValue, match="--ratio 0.3: the table has 0, 0.1, 0.6"):
        with open_database(str(tmp_path / "e.db"), write=False) as database:
            explain(database, WhyRequest(asked, "vanilla", "drop", 0.3))


def test_an_answer_is_plain_values(filled):
    (answer,) = ask(filled, "vanilla", "rte")
    document = answer.document()
    assert document["number"] == answer.number
    assert document["parts"][0]["jobs"] == answer.parts[0].jobs
