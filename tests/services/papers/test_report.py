"""A paper's table: our numbers in its places, the printed ones beside them, and a verdict for each."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from ftbench import suites
from ftbench.render import formats, render_suites, suite_text
from ftbench.services.scores.overflowed import SkippedUpdates
from ftbench.suites import published
from tests.asked import asked
from tests.services.papers.suited import Suited, around, cell, table, topped_up
from tests.services.requests import suites_of


@pytest.fixture
def rows() -> Suited:
    """Some of DPS's Table 1: vanilla as printed, DPS Dense far from it on CoLA, DPS Mix with two seeds."""
    found = Suited()
    for task, mean in (("cola", 64.1), ("mrpc", 90.8), ("rte", 70.7), ("stsb", 89.9)):
        found.add("vanilla", task, around(mean, 0.2))
    found.add("dps_dense", "cola", around(60.0, 0.2), "published")
    found.add("dps_mix", "cola", around(65.1, 0.9, 2), "published")
    found.add("reinit", "cola", [64.0])
    return found


def test_each_cell_has_both_numbers_and_a_verdict(rows: Suited) -> None:
    report = table("dps/table1", rows)
    found = cell(report, "vanilla fine-tuning", "CoLA")
    assert found.measured.mean == pytest.approx(0.641) and found.measured.n == 10
    assert found.printed == {"mean": 64.11, "std": 1.33} and found.n_printed == 10
    assert found.verdict == "reproduced" and found.p_equal is not None and found.p_equal < 0.05
    assert cell(report, "DPS Dense", "CoLA").verdict == "not reproduced"
    assert cell(report, "DPS Mix", "CoLA").verdict == "underpowered"
    assert cell(report, "Re-init", "CoLA").verdict == "underpowered"
    assert cell(report, "Mixout", "CoLA").verdict == ""


def test_runs_that_were_topped_up_are_compared_at_the_level_of_their_plan(rows: Suited) -> None:
    for looks, verdict, level in ((2, "reproduced", "0.025"), (4, "undecidable", "0.0125")):
        report = table("dps/table1", rows, topped=topped_up(rows, looks))
        found = cell(report, "vanilla fine-tuning", "CoLA")
        assert found.p_equal == pytest.approx(0.0219, abs=1e-4) and found.verdict == verdict
        assert any(f"two one-sided t tests at {level}: =" in line for line in report.caption)
        said = f"Seeds were topped up: look 1 of {looks}, marks at {5 / looks:.3g} %."
        assert report.caption[-1] == said
    other = Suited()
    other.add("vanilla", "rte", [70.0])
    report = table("dps/table1", rows, topped=topped_up(other, 4))
    assert cell(report, "vanilla fine-tuning", "CoLA").verdict == "reproduced"
    assert not any("topped up" in line for line in report.caption)


def test_averages_are_compared_by_the_spread_of_their_tasks(rows: Suited) -> None:
    found = cell(table("dps/table1", rows), "vanilla fine-tuning", "Avg")
    assert found.measured.mean == pytest.approx((64.1 + 90.8 + 70.7 + 89.9) / 400)
    assert found.printed["mean"] == 78.88 and found.verdict == "reproduced"
    assert cell(table("dps/table1", rows), "DPS Dense", "Avg").measured.mean is None


def test_a_cell_that_its_own_paper_contradicts_is_not_compared() -> None:
    rows = Suited()
    for task in ("cola", "mrpc", "rte", "stsb"):
        rows.add("reinit", task, around(80, 0.1))
    found = cell(table("dps/table1", rows), "Re-init", "Avg")
    assert found.verdict == "not comparable" and "not that of its cells" in found.reason


def test_another_model_another_size_and_settings_by_hand_are_not_compared() -> None:
    rows = Suited()
    rows.add("vanilla", "cola", around(40, 1, 3), model="minilm", train_size=500, recipe={"lr": 1e-4})
    report = table(
        "dps/table1", rows, models="minilm", train_size="500", seeds="3", settings=("lr=1e-4",), tasks="cola"
    )
    found = cell(report, "vanilla fine-tuning", "CoLA")
    assert found.measured.n == 3 and found.printed["mean"] == 64.11 and found.verdict == "not comparable"
    assert found.reason == (
        "500 training rows, not all training rows, model minilm, not bert-large, set by hand: lr=1e-4"
    )
    assert any("minilm instead of bert-large; 3 seeds instead of 10" in line for line in report.caption)


def test_a_metric_that_is_not_stated_is_not_compared() -> None:
    rows = Suited()
    rows.add("vanilla", "qqp", around(71, 0.5), train_size=500, also={"accuracy": 0.717})
    found = cell(table("dps/table3", rows), "QQP", "vanilla fine-tuning", "500 rows")
    assert found.verdict == "not comparable" and "does not state the metric" in found.reason


def test_averages_over_other_tasks_are_not_compared(rows: Suited) -> None:
    report = table("dps/table1", rows, tasks="cola,mrpc")
    assert cell(report, "vanilla fine-tuning", "CoLA").verdict == "reproduced"
    assert "over other tasks" in cell(report, "vanilla fine-tuning", "Avg").reason


def test_the_margin_is_the_users(rows: Suited) -> None:
    report = table("dps/table1", rows, margin=0.1)
    found = cell(report, "vanilla fine-tuning", "CoLA")
    assert found.verdict == "undecidable" and found.needs is None  # ten printed runs are known to ±0.77
    assert any("cannot be decided by any number of our seeds" in line for line in report.notes)


def test_open_cells_say_how_many_seeds_a_verdict_needs(rows: Suited) -> None:
    report = table("dps/table1", rows)
    found = cell(report, "DPS Mix", "CoLA")
    assert found.verdict == "underpowered" and found.needs is not None and found.needs > 2
    assert any("are underpowered: for a verdict they need" in line for line in report.notes)


def test_jobs_of_another_variant_or_recipe_are_others() -> None:
    rows = Suited()
    rows.add("dps_dense", "cola", around(65, 0.1))
    rows.add("vanilla", "cola", around(65, 0.1), recipe={"lr": 1e-4})
    report = table("dps/table1", rows)
    assert cell(report, "DPS Dense", "CoLA").measured.n == 0
    assert cell(report, "vanilla fine-tuning", "CoLA").measured.n == 0
    by_paper = table("dps/table1", rows, variant="paper")
    assert cell(by_paper, "DPS Dense", "CoLA").measured.n == 10
    assert cell(by_paper, "DPS Dense", "CoLA").reason == "paper variant"
    plain = Suited()
    plain.add("vanilla", "cola", around(64.1, 0.2))
    found = cell(table("dps/table1", plain, variant="published"), "vanilla fine-tuning", "CoLA")
    assert (found.verdict, found.reason) == ("reproduced", "")  # it has one variant


def test_conditions_are_named_by_their_models_where_a_table_has_several() -> None:
    def titles(name: str) -> list[str]:
        return [group.title for section in table(name, Suited()).sections for group in section.groups]

    assert titles("bidrop/table3")[:2] == ["bert-base", "roberta-base"]
    assert titles("bidrop/table5")[:2] == ["clean", "noise 5 %"]


def test_the_drop_under_noise_is_against_the_clean_run() -> None:
    rows = Suited("adamw_torch")
    for ratio, scores in ((0.0, (60, 90, 70)), (0.1, (57, 88, 66))):
        for task, score in zip(("cola", "mrpc", "rte"), scores, strict=True):
            rows.add("bidrop", task, around(score, 0.1), noise=ratio)
    found = cell(table("bidrop/table5", rows), "Bi-Drop", "Δ", "noise 10 %")
    assert found.measured.mean == pytest.approx(0.03) and found.printed == {"mean": 1.93}
    assert found.verdict == ""


def test_missing_cells_are_counted_with_the_command_that_fills_them(rows: Suited) -> None:
    report = table("dps/table1", rows, tasks="cola", seeds="10")
    (note,) = [line for line in report.notes if "lack seeds" in line]
    assert note.startswith("6 of 8 cells lack seeds")
    assert "ftbench queue --suite dps/table1 --tasks cola --seeds 10 --db my.db" in note


def test_a_database_that_is_not_there_gives_the_printed_table(tmp_path: Any) -> None:
    (report,) = suites_of(str(tmp_path / "no.db"), "bidrop/table4")
    assert cell(report, "SNLI", "Bi-Drop", "trained on SNLI").printed == {"mean": 83.62}
    assert [head.title for head in report.sections[0].columns][-1] == "Bi-Drop"


def told(name: str) -> Counter[tuple[str, float]]:
    """What a paper prints in a table, by statistic, without vanilla's difference to itself, which is 0."""
    suite = suites.find(name)
    at = suite.source, suite.printed_in
    cells = [c for c in published.cells(*at) if c.task == published.AVERAGE or not suite.averages_only]
    beside = [d for d in published.printed_differences() if (d.source, d.exhibit) == at and d.value]
    means = [("mean", d.value) for d in beside if d.statistic != "delta_max"]
    return Counter([(c.statistic, c.value) for c in cells] + means)


@pytest.mark.parametrize("name", suites.available())
def test_every_table_has_the_papers_numbers_in_every_format(name: str, tmp_path: Path) -> None:
    reports = suites_of(str(tmp_path / "no.db"), name)
    shown = {format: render_suites(reports, format) for format in formats.names()}
    wanted = told(name)
    cells = json.loads(shown.pop("json"))["cells"]
    assert Counter(pair for cell in cells for pair in cell["printed"].items()) == wanted
    lines = csv.DictReader(io.StringIO(shown.pop("csv")))
    columns = [(f"printed_{statistic}", statistic) for statistic in ("mean", "max", "std", "ratio")]
    rows = [(s, float(line[column])) for line in lines for column, s in columns if line[column]]
    assert Counter(rows) == wanted
    texts = Counter(f"{value:.2f}" for _, value in wanted.elements() if not 0 < value < 0.1)
    small = [f"{value:g}" for _, value in wanted.elements() if 0 < value < 0.1]
    for format, text in shown.items():
        assert all(number in text for number in small), format
        there = Counter(re.findall(r"(?<![\d.])\d+\.\d\d(?![\d.])", text))
        assert not texts - there, format


def test_a_short_name_gives_the_tables_of_its_suites_in_every_format(tmp_path: Path) -> None:
    for name, members in suites.SHORT_NAMES.items():
        reports = suites_of(str(tmp_path / "no.db"), name)
        assert [report.name for report in reports] == list(members)
        lines = csv.DictReader(io.StringIO(render_suites(reports, "csv")))
        assert {line["suite"] for line in lines} == {*members}
        document = json.loads(render_suites(reports, "json"))
        assert [d["suite"] for d in (document if len(members) > 1 else [document])] == list(members)


def test_formats_for_machines_have_all_numbers(rows: Suited) -> None:
    report = table("dps/table1", rows)
    cells = json.loads(render_suites([report], "json"))["cells"]
    lines = list(csv.DictReader(io.StringIO(render_suites([report], "csv"))))
    assert len(cells) == len(lines) == 8 * 5
    first = next(c for c in cells if (c["row"], c["column"]) == ("vanilla fine-tuning", "CoLA"))
    assert len(first["measured"]["values"]) == len(first["measured"]["jobs"]) == 10
    assert (lines[0]["printed_mean"], lines[0]["verdict"], lines[0]["n"]) == ("64.11", "reproduced", "10")


def test_for_people_a_cell_is_ours_over_theirs(rows: Suited) -> None:
    text = render_suites([table("dps/table1", rows)], "rich", width=200)
    assert "64.10 ± 0.21" in text and "[64.11 ± 1.33] = n=10" in text and "≠" in text
    assert max(map(len, render_suites([table("dps/table1", rows)], "rich", width=60).splitlines())) <= 60
    assert "64.10 ± 0.21 [64.11 ± 1.33] = n=10" in render_suites([table("dps/table1", rows)], "markdown")


def test_each_recipe_of_a_grid_has_a_table_of_its_own(tmp_path: Path) -> None:
    address = str(tmp_path / "none.db")
    grid = suites_of(address, "bidrop/table5", asked(tasks="cola", settings=("lr=1e-4|5e-4", "epochs=1")))
    alone = [
        one
        for lr in ("1e-4", "5e-4")
        for one in suites_of(address, "bidrop/table5", asked(tasks="cola", settings=(f"lr={lr}", "epochs=1")))
    ]
    assert [one.title for one in grid] == [f"{alone[0].title} · lr={lr}" for lr in ("1e-4", "5e-4")]
    assert [one.notes for one in grid] == [one.notes for one in alone]  # with the command that fills it
    assert [one.caption for one in grid] == [one.caption for one in alone]
    rows = list(csv.DictReader(io.StringIO(render_suites(grid, "csv"))))
    assert len(rows) == len({(row["group"], row["row"], row["column"]) for row in rows})
    assert {row["group"] for row in rows} >= {"clean, lr=1e-4", "noise 5 %, lr=5e-4"}


def test_runs_of_two_recipes_are_never_averaged() -> None:
    rows = Suited("adamw_torch")
    for lr, mean in ((1e-4, 60.0), (5e-4, 70.0)):
        rows.add("vanilla", "cola", around(mean, 0.2), recipe={"lr": lr})
    for lr, mean in (("1e-4", 0.6), ("5e-4", 0.7)):
        found = cell(
            table("bidrop/table3", rows, models="bert-large", settings=(f"lr={lr}",)), "Vanilla", "CoLA"
        )
        assert (found.measured.mean, found.measured.n) == (pytest.approx(mean), 10)


def test_averages_that_are_not_printed_are_marked_as_recomputed() -> None:
    found = table("blo/table2", Suited())
    ours, vanilla = (cell(found, row, "Avg", "bart-large") for row in ("Weight mixup (ours)", "Vanilla"))
    assert suite_text.lines(ours, found.statistics)[1].startswith("[≈ 82.23 ± 0.46]")
    assert suite_text.lines(vanilla, found.statistics)[1].startswith("[80.99 ± 0.99]")
    told = "≈: 5 averages are not printed, but recomputed from the row's printed cells."
    assert [note for note in found.notes if "≈" in note] == [told]


def test_the_papers_own_precision_set_by_hand_departs_from_nothing() -> None:
    rows = Suited()
    rows.add("vanilla", "cola", around(64.1, 0.2), recipe={"precision": "fp16"})
    found = table("dps/table1", rows, settings=("precision=fp16",))
    assert cell(found, "vanilla fine-tuning", "CoLA").verdict == "reproduced"
    assert not any("Differs" in line for line in found.caption)
    other = Suited()
    other.add("vanilla", "cola", around(64.1, 0.2), recipe={"precision": "bf16"})
    found = table("dps/table1", other, settings=("precision=bf16",))
    assert cell(found, "vanilla fine-tuning", "CoLA").reason == "set by hand: precision=bf16"


def test_updates_that_were_left_out_in_fp16_are_noted() -> None:
    rows = Suited()
    rows.add("vanilla", "cola", around(64.1, 0.2), recipe={"precision": "fp16"})
    rows.add("vanilla", "mnli", around(64.1, 0.2), recipe={"precision": "fp16"})  # in no cell
    skipped_updates = {cell.digest: SkippedUpdates(2, 1605) for cell in rows.cells}
    found = table("dps/table1", rows, settings=("precision=fp16",), skipped_updates=skipped_updates)
    said = "fp16: 20 updates were left out in 16,050 steps, because a gradient overflowed, in 10 of 10 jobs: "
    said += "vanilla 20."
    assert [note for note in found.notes if "overflowed" in note] == [said]
    assert not any("overflowed" in note for note in table("dps/table1", rows).notes)
