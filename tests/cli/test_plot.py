"""``ftbench plot``, in process, on the example database."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.conftest import Ftbench
from tests.example import three_methods


@pytest.fixture
def example(ftbench: Ftbench) -> Ftbench:
    three_methods(Path("ftbench.db"))
    return ftbench


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("strip", ("minilm", "STS-B", "Spearman", "Bi-Drop")),
        ("robustness", ("Label noise", "Class imbalance", "noise (%)", "reduction (%)")),
        ("learning", ("loss", "step", "R-Drop")),
        ("cost", ("training, seconds a run", "peak memory, MB", "Vanilla")),
        ("ranks", ("average rank", "Bi-Drop")),
    ],
)
def test_every_kind_is_drawn_from_the_database(example: Ftbench, kind: str, words: tuple[str, ...]) -> None:
    ended = example("plot", kind, "-o", "plot.svg")
    assert (ended.code, ended.err) == (0, "wrote plot.svg\n")
    text = ended.out + Path("plot.svg").read_text(encoding="utf-8")  # captions are printed, not drawn
    assert all(word in text for word in words)


def test_published_and_measured_pairs_come_from_a_file(example: Ftbench) -> None:
    Path("pairs.csv").write_text(
        "name,published,measured\nbidrop on rte,73.8,71.2\nvanilla on rte,71.0,70.9\n"
    )
    assert example("plot", "reproduction", "--pairs", "pairs.csv", "-o", "plot.svg").code == 0
    assert "measured" in Path("plot.svg").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("strp",), "unknown plot 'strp'; did you mean 'strip'?"),
        (("strip", "--methods", "bidrp"), "unknown method 'bidrp'; did you mean 'bidrop'?"),
        (("strip", "--db", "plot.svg", "-o", "no/plot.svg"), "cannot be written: there is no folder no"),
        (("ranks", "--critical", "-1"), "--critical -1: give a difference of ranks above 0"),
        (("ranks", "--critical", "nan"), "--critical nan: give"),
        (("strip", "--over", "k"), "--over is for the plot 'sweep', not for 'strip'"),
        (("sweep",), "0 methods have several settings; queue one as 'bidrop[k=2|3]'"),
        (("reproduction",), "give the pairs with --pairs FILE, or a table with --suite NAME"),
        (
            ("reproduction", "--pairs", "bad.csv", "--suite", "bidrop/table5"),
            "give the pairs with --pairs FILE",
        ),
        (("reproduction", "--suite", "bidrop/tabel5"), "bidrop/tabel5"),
        (("reproduction", "--suite", "bidrop/table2"), "bidrop/table2: no cell has both a printed"),
        (("reproduction", "--suite", "blo/table5"), "--suite blo/table5 is about time"),
        (
            ("cost", "--suite", "bidrop/table2"),
            "--suite is for the plots 'reproduction' and 'sweep', not for 'cost'",
        ),
        (("sweep", "--suite", "dps/table1"), "--suite dps/table1 has one condition: there is nothing"),
        (("sweep", "--suite", "dps/table6"), "--suite dps/table6 is about time: there is nothing"),
        (("sweep", "--suite", "dps/figure2", "--over", "p"), "a figure with --suite, not both"),
        (("sweep", "--suite", "dps/figure2"), "dps/figure2: no run has a score; `ftbench report --suite"),
        (("sweep", "--violin"), "--violin is for the plot 'strip', not for 'sweep'"),
        (("reproduction", "--pairs", "none.csv"), "none.csv cannot be read"),
        (("reproduction", "--pairs", "ftbench.db"), "ftbench.db is not CSV"),
        (("reproduction", "--pairs", "bad.csv"), "bad.csv has no column 'measured'"),
        (("reproduction", "--pairs", "gap.csv"), "gap.csv: every row needs numbers in published, measured"),
    ],
)
def test_what_cannot_be_drawn_is_one_line_and_no_file(
    example: Ftbench, words: tuple[str, ...], says: str
) -> None:
    Path("bad.csv").write_text("name,published\na,1\n")
    Path("gap.csv").write_text("name,published,measured\na,1,\n")
    ended = example("plot", "-o", "plot.svg", *words)
    assert ended.code in (1, 2) and says in ended.err and ended.err.count("\n") == 1
    assert not Path("plot.svg").exists()


def test_a_sweep_is_drawn_over_the_hyper_parameter_that_differs(example: Ftbench) -> None:
    from ftbench.db import Entry, create_database
    from ftbench.domain.job import Job
    from ftbench.domain.result import JobResult, Score

    with create_database("sweep.db") as database:
        for k, seed in ((2, 0), (2, 1), (3, 0), (3, 1)):
            job = Job("bert-base", "main", "rte", "d", ("dev",), "bidrop", {"k": k, "p": 0.5}, seed)
            database.jobs.add([Entry(job, f"bidrop[k={k}]")])
            claim = database.jobs.claim("worker", 60.0)
            assert claim is not None
            database.jobs.finish(claim, JobResult(scores=(Score("dev", "accuracy", 0.7 + k / 100),)))
    ended = example("plot", "sweep", "-o", "plot.svg", "--db", "sweep.db")
    assert ended.code == 0
    assert "the runs at each value of k" in ended.out


@pytest.mark.slow
def test_a_figure_has_the_size_heading_and_names_that_a_paper_needs(example: Ftbench) -> None:
    words = ("--width", "column", "--title", "My heading", "--names", "id", "--rename", "rdrop=Ours")
    ended = example("plot", "robustness", *words, "--font", "No Such Font", "-o", "plot.svg")
    lacks = "--font 'No Such Font': this machine has no such font; others stand in for it"
    assert (ended.code, ended.err) == (0, f"wrote plot.svg\n{lacks}\n") and "Label noise" in ended.out
    text = Path("plot.svg").read_text(encoding="utf-8")
    size = re.search(r'width="([\d.]+)"', text)
    assert size and float(size[1]) == pytest.approx(96 * 219.086 / 72.27, abs=1.5)
    assert ">My heading<" in text and ">bidrop<" in text and ">Ours<" in text and ">Bi-Drop<" not in text


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            ("--width", "wide"),
            "--width 'wide': give inches such as 3.25, 8cm, 219pt, column, text or 0.5text",
        ),
        (("--height", "900"), "--height '900': give 0.5 to 100 inches"),
        (("--title", "a\tb"), r"--title 'a\tb': give printable text"),
        (("--names", "ids"), "unknown --names 'ids'; did you mean 'id'?"),
    ],
)
def test_a_size_or_a_name_that_means_nothing_is_refused(
    example: Ftbench, words: tuple[str, ...], says: str
) -> None:
    ended = example("plot", "strip", "-o", "plot.svg", *words)
    assert ended.code == 2 and says in ended.err and ended.err.count("\n") == 1
    assert not Path("plot.svg").exists()
