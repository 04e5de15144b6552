"""``ftbench report``, in process."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from ftbench.db import Entry, create_database
from ftbench.domain.job import Job
from ftbench.domain.perturbation import Perturbation
from ftbench.domain.result import JobResult, Score
from tests.cli.conftest import Ftbench


@pytest.fixture
def filled(ftbench: Ftbench) -> Ftbench:
    """The command line in a folder whose database has vanilla and bidrop on rte and sst2."""
    with create_database("ftbench.db") as database:
        for method, score in (("vanilla", 0.7), ("bidrop", 0.75)):
            for task in ("rte", "sst2"):
                job = Job("bert-base", "main", task, "d", ("dev",), method, {}, 0)
                database.jobs.add([Entry(job, method)])
                claim = database.jobs.claim("worker", 60.0)
                assert claim is not None
                database.jobs.finish(claim, JobResult(scores=(Score("dev", "accuracy", score),)))
    return ftbench


def test_report_prints_plain_text_on_a_pipe(filled):
    ended = filled("report")
    assert ended.code == 0 and ended.err == ""
    assert "\x1b" not in ended.out
    assert "75.00" in ended.out and "+5.00" in ended.out


@pytest.mark.parametrize(
    ("setting", "styled"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_a_terminal_gets_styles_unless_told_otherwise(filled, monkeypatch, setting, styled):
    from ftbench.cli import _delivery

    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in setting.items():
        monkeypatch.setenv(name, value)
    assert _delivery.styled() is styled


def test_tables_follow_the_width_of_the_terminal(filled, monkeypatch):
    monkeypatch.setenv("COLUMNS", "44")
    assert max(map(len, filled("report").out.splitlines())) <= 44


def test_json_flag_and_format_agree(filled):
    short, long = filled("report", "--json"), filled("report", "--format", "json")
    assert short.out == long.out
    assert short.json["schema"] == "ftbench.report/1"


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("t.md", "### Main"),
        ("t.tex", "% Compiles"),
        ("t.html", "<!doctype html>"),
        ("t.csv", "table,part"),
        ("t.json", "{"),
        ("t.txt", "Main results"),
    ],
)
def test_output_takes_its_format_from_the_files_name(filled, name, begins):
    ended = filled("report", "--output", name)
    assert (ended.code, ended.out) == (0, "")
    assert Path(name).read_text(encoding="utf-8").startswith(begins)


@pytest.mark.parametrize(
    ("words", "known"),
    [
        (("report",), ".csv, .html, .json, .md, .tex, .txt"),
        (("report", "--suite", "dps/table1"), ".csv, .html, .json, .md, .tex, .txt"),
        (("report", "--published", "dps"), ".csv, .json, .md, .txt"),
        (("compare", "bidrop", "vanilla"), ".csv, .json, .md, .txt"),
    ],
)
def test_a_files_name_that_asks_for_no_format_is_refused(filled, words, known):
    ended = filled(*words, "-o", "table.foo")
    assert (ended.code, ended.out) == (2, "") and not Path("table.foo").exists()
    assert f"--output table.foo: name a file that ends in {known}, or give --format" in ended.err
    assert ended.err.count("\n") == 1
    assert filled(*words, "-o", "table.foo", "--format", "csv").code == 0 and Path("table.foo").exists()
    assert filled(*words, "-o", "table").code == 0  # no end asks for nothing


def test_methods_that_were_asked_for_and_have_no_runs_are_named(filled):
    ended = filled("report", "--methods", "lora[rank=4],bidrop,rdrop", "--json")
    labels = [row["label"] for row in ended.json["sections"][0]["groups"][0]["rows"]]
    assert ended.code == 0 and labels == ["vanilla", "bidrop"]
    lora, rdrop = ended.json["notes"]
    given = "--tasks rte,sst2 --models bert-base --seeds 1"
    assert (
        lora
        == f"lora[rank=4] has no runs here; queue them with: ftbench queue --methods 'lora[rank=4]' {given}"
    )
    assert rdrop.startswith("rdrop has no runs here;")
    assert filled("report", "--methods", "bidrop,vanilla", "--json").json["notes"] == []
    assert "lora has no runs here" in filled("report", "--methods", "lora").out


def test_the_numbers_are_written_as_latex_commands_beside_any_format(filled):
    ended = filled("report", "--macros", "numbers.tex")
    assert ended.code == 0 and "75.00" in ended.out
    assert r"\ftMainBertBaseBidropRte}{75.00}" in Path("numbers.tex").read_text(encoding="utf-8")


def test_a_page_has_tables_of_which_nothing_is_finished(filled):
    with create_database("ftbench.db") as database:
        for method in ("vanilla", "bidrop"):
            for task in ("rte", "sst2"):
                database.jobs.add(
                    [Entry(Job("bert-large", "main", task, "d", ("dev",), method, {}, 0), method)]
                )
    ended = filled("report", "-o", "t.html")
    assert (ended.code, ended.err) == (0, "wrote t.html\n")
    assert filled("why", "bidrop", "difference", "--models", "bert-large").code == 0


def test_format_takes_the_end_of_a_files_name(filled):
    for words in (("report",), ("report", "--suite", "dps/table2"), ("compare", "rdrop", "vanilla")):
        assert filled(*words, "--format", "md") == filled(*words, "--format", "markdown")
    assert filled("report", "--format", "TEX").out == filled("report", "--format", "latex").out
    ended = filled("report", "--format", "mk")
    assert ended.code == 2 and "unknown format 'mk'; known: csv, html" in ended.err


def test_format_wins_over_the_files_name(filled):
    filled("report", "--output", "t.md", "--format", "csv")
    assert Path("t.md").read_text(encoding="utf-8").startswith("table,part")


def test_output_that_cannot_be_written_is_one_line_and_leaves_no_other_file(filled):
    ended = filled("report", "--output", "no/such/folder.md", "--macros", "numbers.tex")
    assert not Path("numbers.tex").exists()
    assert ended.code == 1 and ended.err.count("\n") == 1
    assert "no/such/folder.md: cannot be written" in ended.err


def test_methods_filter_and_baseline_reach_the_table(filled):
    rows = filled("report", "--json", "--methods", "vanilla", "--baseline", "bidrop").json["sections"][0]
    assert [row["label"] for row in rows["groups"][0]["rows"]] == ["bidrop", "vanilla"]


def test_nothing_found_exits_with_1_and_one_line_with_the_command(filled):
    ended = filled("report", "--table", "curves")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.count("\n") == 1
    assert "ftbench queue --methods bidrop --tasks rte,sst2 --models bert-base --seeds 1" in ended.err


def test_no_database_exits_with_1_and_makes_none(ftbench):
    ended = ftbench("report", "--db", "none.db")
    assert ended.code == 1 and "ftbench queue" in ended.err
    assert not Path("none.db").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--table", "mian"), "unknown table 'mian'; did you mean 'main'?"),
        (("--table", ""), "unknown table ''"),
        (("--table", "bidrop/tabel5"), "unknown table 'bidrop/tabel5'; did you mean 'bidrop/table5'?"),
        (("--suite", ""), "unknown suite ''"),
        (("--published", ""), "unknown paper or table ''"),
        (("--published", "all", "--suite", "dps/table2"), "--published and --suite contradict each other"),
        (("--suite", "dps/table2", "--table", "main"), "--suite and --table contradict each other"),
        (("--suite", "dps/table2", "--models", "bert-bas"), "did you mean 'bert-base'?"),
        (("--suite", "dps/table2", "--margin", "inf"), "margin inf: give points"),
        (("--suite", "dps/table2", "--margin", "0"), "margin 0: give points"),
        (("--baseline", ""), "baseline '': give one method"),
        (("--baseline", "bidrop,vanilla"), "baseline 'bidrop,vanilla': give one method"),
        (("--output", ""), "--output '': name a file"),
        (("--output", "."), "--output '.': name a file"),
        (("--output", "ftbench.db"), "--output ftbench.db is the database"),
        (("--macros", "../here/ftbench.db"), "--macros ../here/ftbench.db is the database"),
        (("--macros", "a.tex", "--output", "./a.tex"), "name two files"),
        (("--format", "markdwon"), "unknown format 'markdwon'; did you mean 'markdown'?"),
        (("--format", "csv", "--json"), "--json and --format csv contradict each other"),
        (("--methods", "bidrpo"), "unknown method 'bidrpo'; did you mean 'bidrop'?"),
        (("--tasks", "ret"), "unknown task 'ret'; did you mean 'rte'?"),
    ],
)
def test_wrong_words_exit_with_2_and_one_line(filled, words, message):
    before = Path("ftbench.db").read_bytes()
    ended = filled("report", *words)
    assert (ended.code, ended.out) == (2, "")
    assert message in ended.err and ended.err.count("\n") == 1
    assert Path("ftbench.db").read_bytes() == before and not Path("a.tex").exists()


def test_json_is_one_document_that_python_reads(filled):
    assert json.loads(filled("report", "--json").out)["table"] == "main"


def test_a_papers_table_is_printed_with_its_numbers_and_the_command_that_fills_it(filled):
    ended = filled("report", "--suite", "dps/table2", "--seeds", "1", "--margin", "2")
    assert (ended.code, ended.err) == (0, "")
    words = " ".join(ended.out.split())
    assert "[77.51]" in words and "ftbench queue --suite dps/table2 --seeds 1" in words
    assert filled("report", "--table", "ood", "--json").json[1]["suite"] == "dps/table2"
    assert filled("report", "--suite", "blo/table5", "--format", "csv").out.startswith("suite,model,")
    assert filled("report", "--suite", "dps/table9").code == 2
    shown = filled("report", "--suite", "dps/table1", "--show", "max,std", "--diverged", "missing").out
    assert "[± 1.33]" not in shown and "[1.33]" in shown  # the first stands bare
    wrong = filled("report", "--suite", "dps/table1", "--show", "median")
    assert wrong.code == 2 and "unknown statistic of a suite 'median'" in wrong.err


def test_the_printed_numbers_are_printed_alone(filled):
    rows = filled("report", "--published", "bidrop/table10", "--json").json
    assert len(rows) == 15 and rows[0]["value"] == 57.67
    assert len(filled("report", "--published", "all", "--format", "csv").out.splitlines()) == 1561
    assert "| bidrop |" in filled("report", "--published", "bidrop", "--format", "markdown").out
    assert "57.67" in filled("report", "--published", "bidrop/table10").out


def test_a_papers_table_is_written_for_papers_and_browsers(filled):
    latex = filled("report", "--suite", "dps/table2", "--format", "latex").out
    assert "{[}77.51{]} n=0/" in latex and latex.rstrip().endswith(r"\ftbenchend")
    assert "[77.51] n=0/" in filled("report", "--suite", "dps/table2", "--format", "html").out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--seeds", "3"), "--seeds does not go with a table of all jobs"),
        (("--suite", "dps/table2", "--baseline", "rdrop"), "--baseline does not go with --suite"),
        (("--published", "dps", "--tasks", "rte"), "--tasks does not go with --published"),
        (("--published", "dps", "--format", "html"), "unknown format 'html'"),
    ],
)
def test_flags_that_would_mean_nothing_are_refused(filled, words, message):
    ended = filled("report", *words)
    assert (ended.code, ended.out) == (2, "") and message in ended.err


def test_scores_of_other_code_are_counted_among_those_shown(filled):
    with create_database("ftbench.db") as database:
        for noise in (0.0, 0.1, 0.2):
            change = Perturbation.of({"noise": noise})
            job = Job("bert-base", "main", "rte", "d", ("dev",), "bidrop", {}, 7, change)
            database.jobs.add([Entry(job, "bidrop")])
            claim = database.jobs.claim("worker", 60.0)
            assert claim is not None
            facts = {"method_digest": "2:" + "0" * 16}
            old = JobResult(scores=(Score("dev", "accuracy", 0.7),), provenance=facts)
            database.jobs.finish(claim, old)
    told = "Trained with another state of the method's code than the one installed: bidrop {} jobs; "
    assert told.format("1 of 1") in " ".join(filled("report").out.split())
    assert told.format("3 of 3") in " ".join(filled("report", "--table", "robustness").out.split())
