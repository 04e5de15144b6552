"""Users' own tasks by another metric than theirs: the file that is named in ``--tasks`` has the labels."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pytest

from ftbench import tasks
from ftbench.db import open_database
from ftbench.domain.result import JobResult, Predictions, Score
from ftbench.tasks import sources
from tests.cli.conftest import Ftbench

METRIC = '''"""./wrong.py: the share of wrong answers."""

from ftbench.metrics import Metric


class Wrong(Metric):
    title, heading, higher = "wrong answers", "wrong", False

    def score(self, logits, labels):
        return float((logits.argmax(axis=1) != labels).mean())
'''


@pytest.fixture
def done(ftbench: Ftbench) -> Ftbench:
    """Two methods, done on ./reviews.csv with three seeds; each has a tenth of the rows wrong."""
    rows = "".join(
        f"a {'fine' if n % 2 else 'sad'} day {n},{'good' if n % 2 else 'bad'}\n" for n in range(100)
    )
    Path("reviews.csv").write_text(f"text,label\n{rows}")
    Path("wrong.py").write_text(METRIC)
    grid = ("--tasks", "./reviews.csv", "--models", "tiny", "--methods", "bidrop", "--seeds", "3")
    assert ftbench("queue", *grid).code == 0
    spec = tasks.of_place("./reviews.csv").task
    labels = np.array(sources.read(spec, "dev", sources.locate(spec)).labels, dtype=int)
    with open_database("ftbench.db") as database:
        while (claim := database.jobs.claim("worker", 60.0)) is not None:
            wrong = np.arange(len(labels)) % 10 == claim.job.seed
            logits = np.eye(2, dtype="<f4")[np.where(wrong, 1 - labels, labels)]
            kept = Predictions("main", "dev", *logits.shape, zlib.compress(logits.tobytes()))
            database.jobs.finish(claim, JobResult((Score("dev", "accuracy", 0.9),), predictions=(kept,)))
    return ftbench


OWN = ("--tasks", "./reviews.csv")


def test_the_file_named_in_tasks_is_enough(done: Ftbench) -> None:
    for metric, said in (("macro_f1", "macro F1"), ("./wrong.py", "wrong")):
        ended = done("report", "--metric", metric, *OWN)
        assert (ended.code, ended.err) == (0, "") and said in ended.out
    assert done("compare", "bidrop", "vanilla", "--metric", "./wrong.py", "--examples", *OWN).code == 0
    ended = done("compare", "bidrop", "vanilla", "--examples", *OWN)
    assert ended.code == 0 and "left out" not in ended.out
    assert "10.00" in done("report", "--metric", "./wrong.py", *OWN).out


def test_without_it_the_one_line_says_what_to_name(done: Ftbench) -> None:
    ended = done("report", "--metric", "macro_f1")
    assert ended.code == 1 and ended.err.count("\n") == 1
    assert "its rows are those of reviews.csv" in ended.err
    assert "name the folder that has it with --data-dir or FTBENCH_DATA, or the file in --tasks" in ended.err
    assert done("report", "--metric", "macro_f1", "--data-dir", ".").code == 0


def test_a_file_that_was_moved_is_named_where_it_is_and_other_rows_are_refused(done: Ftbench) -> None:
    Path("other").mkdir()
    Path("reviews.csv").rename("other/reviews.csv")
    assert done("report", "--metric", "macro_f1", "--tasks", "./other/reviews.csv").code == 0
    ended = done("report", "--metric", "macro_f1", *OWN)
    assert ended.code == 1 and "or the file in --tasks" in ended.err
    Path("reviews.csv").write_text("text,label\na day,good\nthe night,bad\na night,bad\nthe day,good\n")
    ended = done("report", "--metric", "macro_f1", *OWN)
    assert ended.code == 1 and "reviews.csv has changed since the job was queued" in ended.err
