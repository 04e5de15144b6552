"""CSV and JSON: what programs read."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import replace

import pytest

from ftbench.render import csv_text, json_text, render
from ftbench.render.table import Cell, Report
from tests.render.samples import COLUMNS, GROUPED, REPORT, ROWS, SECTION


def test_json_has_fractions_seeds_and_jobs_by_column():
    document = json.loads(render(REPORT, "json"))
    assert (document["schema"], document["table"], document["baseline"]) == (
        json_text.SCHEMA,
        "main",
        "vanilla",
    )
    (section,) = document["sections"]
    assert [column["key"] for column in section["columns"]] == [c.key for c in COLUMNS]
    vanilla, bidrop, rdrop = section["groups"][0]["rows"]
    assert vanilla["cells"]["cola"] == {
        "mean": 0.6376,
        "max": 0.6555,
        "std": 0.01,
        "n": 3,
        "planned": 3,
        "complete": True,
        "missing": {},
        "best": [],
        "seeds": [0, 1, 2],
        "values": [0.6376] * 3,
        "jobs": ["d"] * 3,
        "remark": None,
        "median": None,
        "iqm": None,
        "collapsed": 0,
        "diverged": 0,
        "tested": None,
        "untested": None,
    }
    assert bidrop["hparams"] == {"k": 3}
    assert bidrop["cells"]["cola"]["best"] == ["mean", "max"]
    assert bidrop["cells"]["average"]["mean"] is None
    assert bidrop["cells"]["difference"]["reduced"] is True
    assert rdrop["cells"]["difference"] is None
    assert rdrop["cells"]["rte"]["missing"] == {"queued": 2, "failed": 1}


def test_json_names_its_ratios():
    (section,) = json.loads(render(GROUPED, "json"))["sections"]
    assert section["perturbation"] == "noise"
    assert [group["ratio"] for group in section["groups"]] == [0.0, 0.05]


def test_what_a_method_says_of_its_scores_is_in_both():
    starred = replace(ROWS[0], cells=(replace(ROWS[0].cells[0], remark="as vanilla"), *ROWS[0].cells[1:]))
    section = replace(SECTION, groups=(replace(SECTION.groups[0], rows=(starred,)),))
    report = Report("main", "vanilla", (section,))
    (row,) = json.loads(render(report, "json"))["sections"][0]["groups"][0]["rows"]
    assert row["cells"]["cola"]["remark"] == "as vanilla" and row["cells"]["rte"]["remark"] is None
    rows = list(csv.DictReader(io.StringIO(render(report, "csv"))))
    assert [r["remark"] for r in rows] == ["as vanilla", "", "", ""]


def test_json_never_holds_a_nan():
    broken = replace(ROWS[0], cells=(Cell({"mean": math.nan}), *ROWS[0].cells[1:]))
    section = replace(SECTION, groups=(replace(SECTION.groups[0], rows=(broken,)),))
    with pytest.raises(ValueError):
        render(Report("main", "vanilla", (section,)), "json")


def test_csv_has_one_row_for_each_cell_that_means_something():
    rows = list(csv.DictReader(io.StringIO(render(REPORT, "csv"))))
    assert len(rows) == 3 * 4 - 1
    assert list(rows[0]) == csv_text.COLUMNS
    first = rows[0]
    assert (first["label"], first["column"], first["mean"], first["n"]) == ("vanilla", "cola", "0.6376", "3")
    assert (first["seeds"], first["values"], first["jobs"]) == ("0 1 2", "0.6376 0.6376 0.6376", "d d d")
    assert (first["perturbation"], first["ratio"], first["train_size"]) == ("", "", "")
    empty = next(row for row in rows if row["method"] == "rdrop" and row["column"] == "rte")
    assert (empty["mean"], empty["n"], json.loads(empty["missing"])) == ("", "0", {"queued": 2, "failed": 1})


def test_csv_quotes_what_users_named_and_names_its_ratios():
    rows = list(csv.DictReader(io.StringIO(render(GROUPED, "csv"))))
    assert {row["label"] for row in rows} == {"vanilla", "bidrop[k=3]", "r|drop *new*"}
    assert {(row["perturbation"], row["ratio"]) for row in rows} == {("noise", "0.0"), ("noise", "0.05")}
