"""``ftbench topup``, in process: more seeds for what is open, and marks at the declared level."""

from __future__ import annotations

import pytest

from ftbench.db import open_database
from ftbench.domain.perturbation import Perturbation
from ftbench.domain.result import JobResult, Score
from tests.cli.filled import run
from tests.db.samples import execute

CLEAN = Perturbation()
VANILLA = [0.70, 0.71, 0.69, 0.72]
CLEAR = [0.80, 0.815, 0.79, 0.82]  # p = 0.00003
CLOSE = [0.73, 0.71, 0.715, 0.735]


@pytest.fixture
def three(ftbench):
    """Two methods and the baseline on one task, four seeds: one is far better, the other one is close."""
    ftbench("db", "init")
    run({("vanilla", "rte"): VANILLA, ("bidrop", "rte"): CLEAR, ("rdrop", "rte"): CLOSE}, CLEAN)
    return ftbench


def call(ftbench, *words):
    ended = ftbench("topup", "bidrop", "rdrop", *words, "--json")
    assert ended.code == 0, ended.err
    (sheet,) = ended.json["sheets"]
    return {row["comparison"]: row for row in sheet["rows"]}, " ".join(sheet["notes"])


def queued() -> list[tuple[str, int]]:
    with open_database("ftbench.db", write=False) as database:
        return [(row.label, row.seed) for row in database.jobs.list() if row.state == "queued"]


def work(score) -> None:
    """Finish what is queued."""
    with open_database("ftbench.db") as database:
        while claim := database.jobs.claim("worker", 60.0):
            value = Score("dev", "accuracy", score(claim.job.method, claim.job.seed))
            database.jobs.finish(claim, JobResult(scores=(value,)))


def test_only_what_is_open_gets_seeds_and_the_plan_is_declared(three):
    rows, notes = call(three, "--looks", "3", "--max-seeds", "8")
    assert (rows["bidrop − vanilla"]["state"], rows["bidrop − vanilla"]["look"]) == ("better", 1)
    assert (rows["rdrop − vanilla"]["state"], rows["rdrop − vanilla"]["seeds"]) == ("open", 2)
    assert sorted(queued()) == [("rdrop", 4), ("rdrop", 5), ("vanilla", 4), ("vanilla", 5)]
    assert "3 looks at 4, 6, 8 seeds, each at 1.67 %, together 5 %" in notes
    assert "queued 4 jobs" in notes


def test_a_look_waits_for_all_of_its_jobs_and_is_then_taken(three):
    call(three, "--max-seeds", "8")
    rows, notes = call(three)
    assert "taken: 1" in notes and "waits for 4 jobs" in notes and rows["rdrop − vanilla"]["n"] == 4
    work(lambda method, seed: 0.7 + (0.05 if seed % 2 else -0.05) * (method == "rdrop"))
    rows, notes = call(three)
    assert "taken: 2" in notes and rows["rdrop − vanilla"]["n"] == 6
    assert sorted(queued()) == [("rdrop", 6), ("rdrop", 7), ("vanilla", 6), ("vanilla", 7)]
    work(lambda method, seed: 0.7 - 0.02 * (method == "rdrop"))
    rows, notes = call(three)
    assert rows["rdrop − vanilla"]["state"] == "open" and "what is open stays open" in notes
    assert (rows["bidrop − vanilla"]["n"], rows["bidrop − vanilla"]["look"]) == (4, 1)
    assert queued() == []


def test_a_difference_within_the_margin_is_equivalent_and_gets_no_seeds(ftbench):
    ftbench("db", "init")
    near = [0.701, 0.709, 0.69, 0.7205]
    run({("vanilla", "rte"): VANILLA, ("rdrop", "rte"): near}, CLEAN)
    ended = ftbench("topup", "rdrop", "--margin", "1", "--json")
    (row,) = ended.json["sheets"][0]["rows"]
    assert row["state"] == "equivalent" and queued() == []


def test_tables_and_comparisons_mark_at_the_level_of_the_plan_and_say_so(ftbench):
    ftbench("db", "init")
    run({("vanilla", "rte"): VANILLA, ("bidrop", "rte"): [0.74, 0.722, 0.725, 0.746]}, CLEAN)
    before = ftbench("compare", "bidrop", "vanilla", "--json").json["sheets"][0]
    p = before["rows"][0]["p_corrected"]
    assert 0.05 / 3 < p < 0.05 and before["rows"][0]["mark"] == "better"
    assert "▲" in ftbench("report").out.replace("▲ ▼:", "")
    assert ftbench("topup", "bidrop", "--dry-run").code == 0
    assert "▲" in ftbench("report").out.replace("▲ ▼:", "")  # a dry run declares nothing
    ftbench("topup", "bidrop")
    after = ftbench("compare", "bidrop", "vanilla", "--json").json["sheets"][0]
    assert (after["rows"][0]["p_corrected"], after["rows"][0]["mark"]) == (p, "")
    said = "Seeds were topped up: look 1 of 3, marks at 1.67 %."
    assert said in after["notes"]
    (section, *_) = ftbench("report", "--json").json["sections"]
    assert said in section["caption"] and "of this table, 0.0167." in section["caption"][-2]
    assert "▲" not in ftbench("report").out.replace("▲ ▼:", "")


def test_a_dry_run_writes_nothing(three):
    rows, notes = call(three, "--dry-run")
    assert "would queue" in notes and queued() == []
    with open_database("ftbench.db", write=False) as database:
        assert database.topups.list() == []


def test_a_budget_queues_whole_seeds_and_the_look_waits_for_the_others(three):
    with open_database("ftbench.db") as database:
        execute(database, "UPDATE attempts SET started = ended - 3600")  # a job takes an hour
    refused = three("topup", "bidrop", "rdrop", "--budget", "1.5")
    assert refused.code == 2 and "one seed of this grid takes about 2.0 hours" in refused.err
    rows, notes = call(three, "--max-seeds", "12", "--budget", "5")
    assert rows["rdrop − vanilla"]["seeds"] == 2 and "queued 4 jobs, about 4 h" in notes
    work(lambda method, seed: 0.7)
    rows, notes = call(three, "--budget", "5")
    assert "taken: 1" in notes and rows["rdrop − vanilla"]["seeds"] is not None
    assert {seed for _, seed in queued()} == {6, 7}


def test_without_methods_the_plans_are_listed_and_nothing_is_done(three):
    assert "No top-up is declared; start one" in three("topup").out
    three("topup", "rdrop", "bidrop", "--margin", "1", "--max-seeds", "8")
    there = queued()
    ended = three("topup", "--json")
    (sheet,) = ended.json["sheets"]
    assert (ended.code, ended.json["schema"], sheet["name"]) == (0, "ftbench.topup/1", "plans")
    assert sheet["rows"] == [
        {
            "plan": "bidrop, rdrop against vanilla",
            "comparisons": 2,
            "settled": 1,
            "taken": 1,
            "looks": 3,
            "sizes": "4, 6, 8",
            "level": pytest.approx(0.05 / 3),
            "margin": 0.01,
        }
    ]
    assert queued() == there


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--budget", "3"), 2, "--budget needs the methods, such as: ftbench topup bidrop --budget …"),
        (("--db", "none.db"), 1, "no database at none.db"),
        (("bidrop", "--until", "done"), 2, "unknown state 'done'; known: resolved"),
        (("bidrp",), 2, "unknown method 'bidrp'; did you mean 'bidrop'?"),
        (("bidrop", "--looks", "1"), 2, "looks 1: give 2 to 20"),
        (("bidrop", "--max-seeds", "4"), 2, "4 seeds are there; 3 looks need 2 more at least"),
        (("bidrop", "--margin", "-1"), 2, "margin -1: give points from 0"),
        (("bidrop", "--budget", "0"), 2, "budget 0: give hours above 0"),
        (("bidrop", "--noise", "0.3"), 1, "no scores of two of these methods"),
        (("vanilla",), 2, "a method beside vanilla"),
    ],
)
def test_wrong_words_are_one_line(three, words, code, message):
    ended = three("topup", *words)
    assert (ended.code, ended.out) == (code, "")
    assert message in ended.err and ended.err.count("\n") == 1


def test_a_plan_neither_changes_nor_overlaps_another_one(three):
    call(three, "--looks", "3")
    ended = three("topup", "rdrop", "bidrop", "--looks", "4")
    assert ended.code == 2 and "was declared with 3; a plan cannot change" in ended.err
    ended = three("topup", "rdrop")
    assert ended.code == 2 and "in another plan, which goes on: bidrop, rdrop against vanilla" in ended.err
