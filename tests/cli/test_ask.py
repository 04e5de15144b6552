"""``ftbench query``, ``why`` and ``export --scores``, in process, on the example database."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from tests.cli.conftest import Ftbench
from tests.example import three_methods


@pytest.fixture
def example(ftbench: Ftbench) -> Ftbench:
    three_methods(Path("ftbench.db"))
    return ftbench


def test_query_prints_an_aligned_table_csv_or_json(example: Ftbench) -> None:
    sql = "SELECT label, count(*) AS n, NULL AS gap, avg(seed) AS n FROM jobs GROUP BY label"
    lines = example("query", sql).out.splitlines()
    assert lines[0].split() == ["label", "n", "n:3"] and lines[1].split() == ["bidrop", "21", "1"]
    rows = list(csv.DictReader(io.StringIO(example("query", sql, "--csv").out)))
    assert rows[0] == {"label": "bidrop", "n": "21", "gap": "", "n:3": "1.0"}
    assert example("query", sql, "--json").json[0] == {
        "label": "bidrop",
        "n": 21,
        "gap": None,
        "n:3": 1.0,
    }


def test_numbers_that_json_has_not_are_null(example: Ftbench) -> None:
    ended = example("query", "SELECT 9e999 AS high, -9e999 AS low, 2.5 AS half", "--json")
    assert ended.code == 0 and "Infinity" not in ended.out
    assert ended.json == [{"high": None, "low": None, "half": 2.5}]
    assert example("query", "SELECT 9e999 AS high", "--csv").out == "high\ninf\n"


def test_query_says_how_many_bytes_there_are_and_that_there_are_no_rows(example: Ftbench) -> None:
    assert "bytes>" in example("query", "SELECT logits FROM predictions LIMIT 1").out
    assert example("query", "SELECT 1 FROM jobs WHERE seed > 99").out == "no rows\n"


@pytest.mark.parametrize("sql", ["DELETE FROM jobs", "ATTACH 'other.db' AS other", "SELECT labl FROM jobs"])
def test_a_query_that_is_refused_is_one_line_and_exit_2(example: Ftbench, sql: str) -> None:
    ended = example("query", sql)
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert not Path("other.db").exists()


def test_why_lists_jobs_seeds_scores_and_the_command(example: Ftbench) -> None:
    lines = example("why", "bidrop", "sts-b").out.splitlines()
    assert (
        lines[0] == "Main results: minilm · 500 training rows · Bi-Drop · STS-B (Spearman): 65.82 ± 5.93 n=3"
    )
    assert lines[1] == "Bi-Drop · STS-B: 65.82 of 3 jobs"
    assert [line.split()[1] for line in lines[3:6]] == ["0", "1", "2"]
    command = lines[6].split()
    assert command[:4] == ["ftbench", "queue", "--methods", "bidrop"] and "0,1,2" in command


def test_the_command_of_why_queues_the_same_jobs(example: Ftbench) -> None:
    (answer,) = example("why", "rdrop", "QNLI", "--table", "robustness", "--ratio", "0.1", "--json").json
    (part,) = answer["parts"]
    assert len(part["jobs"]) == 3 and len(part["commands"]) == 1
    assert "--noise 0.1" in part["commands"][0] and "--train-size 500" in part["commands"][0]
    stored = example(
        "query", "SELECT digest FROM jobs WHERE noise = 0.1 AND label = 'rdrop' AND task = 'qnli'", "--json"
    )
    assert {job["job"] for job in part["jobs"]} == {row["digest"][:12] for row in stored.json}


def test_a_difference_has_both_sides_behind_it(example: Ftbench) -> None:
    (answer,) = example("why", "bidrop", "difference", "--json").json
    assert answer["number"] == "+1.71 (-5.28 to +8.70, p=1.000)"
    assert [part["title"] for part in answer["parts"]] == [
        f"{row} · {task}" for task in ("STS-B", "SST-2", "QNLI") for row in ("Bi-Drop", "Vanilla")
    ]
    means = [float(part["number"]) for part in answer["parts"]]
    assert sum(means[0::2]) / 3 - sum(means[1::2]) / 3 == pytest.approx(1.71, abs=0.02)
    (drop,) = example("why", "bidrop", "drop", "--table", "robustness", "--json", "--ratio", "0.1").json
    assert [part["title"] for part in drop["parts"]] == [
        f"Bi-Drop · {task} · noise {ratio} %" for task in ("SST-2", "QNLI") for ratio in ("10", "0")
    ]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("bidrp", "Avg"), "unknown row 'bidrp'; did you mean 'bidrop'?"),
        (("bidrop", "stbs"), "unknown column 'stbs'; did you mean 'stsb'?"),
        (("bidrop", "Avg", "--table", "robustnes"), "unknown table 'robustnes'; did you mean 'robustness'?"),
        (
            ("bidrop", "Avg", "--table", "robustness", "--ratio", "0.3"),
            "--ratio 0.3: the table has 0, 0.1, 0.6",
        ),
        (("bidrop", "Avg", "--ratio", "0.3"), "--ratio 0.3: the table has none"),
        (("bidrop", "difference", "--baseline", ""), "baseline '': give one method"),
    ],
)
def test_why_names_what_is_wrong(example: Ftbench, words: tuple[str, ...], says: str) -> None:
    ended = example("why", *words)
    assert (ended.code, ended.out) == (2, "") and says in ended.err


@pytest.mark.parametrize("name", ["scores.csv", "scores.parquet"])
def test_scores_are_exported_a_row_each(example: Ftbench, name: str) -> None:
    import pandas as pd

    assert "wrote 81 scores" in example("export", "--scores", name, "--methods", "bidrop").out
    frame = pd.read_csv(name) if name.endswith("csv") else pd.read_parquet(name)
    assert len(frame) == 81 and set(frame["label"]) == {"bidrop"}
    best = frame[(frame["task"] == "stsb") & (frame["metric"] == "spearman")].sort_values("seed")
    assert best["value"].round(4).tolist() == [0.5968, 0.7151, 0.6628]
    assert best["train_size"].tolist() == [500] * 3 and (best["peak_memory_mb"] > 100).all()
    assert json.loads(best["hparams"].iloc[0])["k"] == 2 and len(best["digest"].iloc[0]) == 64


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "give --jobs FILE, --scores FILE or --track NAME"),
        (("--jobs", "a", "--scores", "b.csv"), "give --jobs FILE, --scores FILE or --track NAME"),
        (("--scores", "b.xls"), "ends in .csv or .parquet"),
        (("--scores", "b.csv", "--methods", "bidrp"), "unknown method 'bidrp'; did you mean 'bidrop'?"),
        (("--scores", "no/folder.csv"), "no/folder.csv: cannot be written: there is no folder no"),
        (("--scores", ""), "--scores '.': name a file"),
        (("--jobs", "."), "--jobs '.': name a file"),
        (("--jobs", "ftbench.db"), "--jobs ftbench.db is the database"),
        (("--jobs", "a", "--methods", "bidrp"), "unknown method 'bidrp'; did you mean 'bidrop'?"),
    ],
)
def test_export_names_what_is_wrong_and_leaves_nothing(
    example: Ftbench, words: tuple[str, ...], says: str
) -> None:
    before = Path("ftbench.db").read_bytes()
    ended = example("export", *words)
    assert ended.code in (1, 2) and says in ended.err and ended.err.count("\n") == 1
    assert {path.name for path in Path().iterdir()} == {"ftbench.db"}
    assert Path("ftbench.db").read_bytes() == before
