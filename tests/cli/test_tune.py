"""``ftbench tune`` and what builds on it, in process."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from ftbench.db import open_database
from ftbench.domain.job import Job
from ftbench.domain.result import Outcome
from tests.cli.conftest import Ended, Ftbench
from tests.services.tuning.ran import end_all

STUDY = ("tune", "--methods", "rdrop", "--tasks", "toy-accept", "--trials", "3", "--studies", "2")


def done(ended: Ended) -> str:
    assert ended.code == 0, ended.err
    return ended.out


def work(diverges: bool = False) -> None:
    """End what is queued: trials by their rate, reporting runs the better the higher it is."""

    def score(job: Job) -> float | Outcome:
        return Outcome.DIVERGED if diverges else min(0.9, 100 * job.recipe.lr + job.seed % 5 / 1000)

    with open_database("ftbench.db") as database:
        end_all(database, score)


def test_from_a_study_to_a_table_of_tuned_runs(ftbench: Ftbench) -> None:
    said = done(ftbench(*STUDY))
    assert "study tuning: 12 trials (rdrop 6, vanilla 6)" in said and "queued 12 trials" in said
    assert "nothing new: all of them are in ftbench.db already" in done(ftbench(*STUDY))
    unfinished = ftbench("queue", "--tuned")
    assert unfinished.code == 1 and "12 of its trials have not ended" in unfinished.err
    work()
    ledger = done(ftbench("report", "--table", "tuning"))
    assert "lr=" in ledger and "3 trials × 2 studies" in ledger
    queued = ftbench("queue", "--tuned", "--seeds", "4")
    assert "queued 8 jobs in ftbench.db" in done(queued) and "Tuned, study tuning" in queued.err
    done(ftbench("queue", "--methods", "rdrop", "--tasks", "toy-accept", "--seeds", "4"))
    work()
    both = done(ftbench("report", "--tuned", "both"))
    assert both.count("Main results") == 2 and "tuned=tuning" in both
    assert "8 runs have values that a study chose" in done(ftbench("report"))
    compared = done(ftbench("compare", "rdrop", "vanilla", "--study", "tuning"))
    assert "Tuned, study tuning" in compared.replace("\n", " ")
    assert "chosen by tuning" in done(ftbench("methods", "rdrop"))
    assert "Within a point" in done(ftbench("report", "--table", "budget"))
    done(ftbench("plot", "budget", "-o", "budget.svg"))
    assert "trials" in Path("budget.svg").read_text(encoding="utf-8")
    assert "2 studies" not in done(ftbench("tune")) and "tuning" in done(ftbench("tune"))


def test_rounds_go_on_by_the_command_that_is_printed(ftbench: Ftbench) -> None:
    words = ("tune", "--methods", "rdrop", "--tasks", "toy-accept", "--no-baseline", "--studies", "1")
    rounds = (*words, "--trials", "4", "--sampler", "tpe", "--batch", "2")
    said = done(ftbench(*rounds))
    assert "study tuning: 2 trials (rdrop 2)" in said
    line = next(one for one in said.splitlines() if one.startswith("when they have ended"))
    typed = shlex.split(line.partition(": ")[2])
    assert typed[0] == "ftbench" and "draw the next" not in done(ftbench("status"))
    work()
    assert f"its round has ended; draw the next with: {shlex.join(typed)}" in done(ftbench("status"))
    assert "2 of its trials are not drawn yet" in ftbench("queue", "--tuned").err
    assert "queued 2 trials" in done(ftbench(*typed[1:]))
    work()
    again = done(ftbench(*typed[1:]))
    assert "study tuning: 4 trials" in again and "nothing new" in again and "draw the next" not in again
    assert "draws by TPE, after 2 common ones" in done(ftbench("report", "--table", "tuning")).replace(
        "\n", " "
    )


def test_draws_are_shown_and_nothing_is_written(ftbench: Ftbench) -> None:
    rows = ftbench(*STUDY, "--dry-run", "--json").json
    assert len(rows) == 12 and rows[0]["values"] == {} and not Path("ftbench.db").exists()
    by_method = {
        name: [row["values"].get("lr") for row in rows if row["method"] == name]
        for name in ("vanilla", "rdrop")
    }
    assert by_method["vanilla"] == by_method["rdrop"]


def test_a_space_of_ones_own_is_read_from_a_file(ftbench: Ftbench) -> None:
    Path("mine.yaml").write_text("shared:\n  lr: {low: 1e-4, high: 1e-3, log: true}\nmethods:\n  rdrop: {}\n")
    rows = ftbench(*STUDY, "--space", "mine.yaml", "--dry-run", "--json").json
    assert {name for row in rows for name in row["values"]} == {"lr"}
    Path("mine.yaml").write_text("sharde:\n  lr: [1e-4]\n")
    ended = ftbench(*STUDY, "--space", "mine.yaml")
    assert ended.code == 2 and "unknown key in mine.yaml: 'sharde'; did you mean 'shared'?" in ended.err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("shared: 3\n", "mine.yaml: write a field and its values"),
        ("- a\n", "mine.yaml: write shared and methods"),
        ("shared:\n  lr: [[1]]\n", "lr: write a list of values, or low, high and log"),
        ("shared:\n  lr: {low: 1e-3, high: 1e-4}\n", "the range from 0.001 to 0.0001 is empty"),
        ("shared:\n  epochs: [3]\n  steps: [100]\n", "epochs and steps exclude each other"),
    ],
)
def test_a_file_that_is_no_space_is_refused_in_one_line(ftbench: Ftbench, text: str, said: str) -> None:
    Path("mine.yaml").write_text(text)
    ended = ftbench(*STUDY, "--space", "mine.yaml")
    assert ended.code == 2 and said in ended.err and ended.err.count("\n") == 1


def test_a_changed_study_is_refused(ftbench: Ftbench) -> None:
    done(ftbench(*STUDY))
    ended = ftbench(*STUDY[:-3], "5", "--studies", "2")
    assert ended.code == 2 and "was declared with budget 3, not 5" in ended.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("queue", "--study", "x"), "--study goes with --tuned"),
        (("queue", "--tuned", "--suite", "bidrop/table5"), "--suite does not go with --tuned"),
        (("queue", "--tuned", "--set", "lr=1"), "leave --set and --variant out"),
        (("report", "--tuned", "bth"), "did you mean 'both'"),
        (("report", "--table", "tunning"), "did you mean 'tuning'"),
        (("report", "--table", "tuning", "--show", "max"), "--show does not go with the table 'tuning'"),
        (("compare", "rdrop", "vanilla", "--study", "x"), "unknown study 'x'"),
    ],
)
def test_what_makes_no_sense_is_refused(ftbench: Ftbench, words: tuple[str, ...], said: str) -> None:
    done(ftbench(*STUDY))
    ended = ftbench(*words)
    assert ended.code == 2 and said in ended.err


def test_tables_of_studies_say_what_to_do_where_there_are_none(ftbench: Ftbench) -> None:
    for words in (("report", "--table", "tuning"), ("plot", "budget", "-o", "b.svg")):
        ended = ftbench(*words)
        assert ended.code == 1 and "ftbench tune" in ended.err
