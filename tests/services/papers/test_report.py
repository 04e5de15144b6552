"""A paper's table: our numbers in its places, the printed ones beside them, and a verdict for each."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from ftbench import methods, suites
from ftbench.domain import hparams
from ftbench.domain.axes import Asked
from ftbench.domain.topup import TopupPlan
from ftbench.errors import BadValue
from ftbench.render import formats, render_suites
from ftbench.render.suite_table import SuiteCell, SuiteReport
from ftbench.services.papers import report as suite_report
from ftbench.services.papers.report import SuiteSource
from ftbench.services.papers.request import SuiteRequest
from ftbench.services.planning import suite_grid
from ftbench.services.scores.levels import Topped
from tests.asked import perturb
from tests.services.report_rows import Rows
from tests.services.requests import suites_of


class Suited(Rows):
    """Rows of a suite's methods."""

    def add(
        self, method: str, task: str, scores: Iterable[float], variant: str = "paper", **more: Any
    ) -> None:
        """Jobs of seeds 0, 1, … with scores × 100."""
        cls = methods.find(method.partition("[")[0])
        given = dict(p.split("=") for p in method.partition("[")[2].rstrip("]").split(",") if p)
        values = hparams.normalise(hparams.as_dict(cls.resolve(given, variant)))
        brings = cls.recipe_defaults(variant)
        self.jobs(
            cls.name(),
            task,
            [s / 100 for s in scores],
            hparams_=values,
            brings=brings,
            **{"model": "bert-large", **more},
        )


def around(mean: float, spread: float, n: int = 10) -> list[float]:
    """n scores with this mean, half above it and half below."""
    return [mean + spread * (1 if i % 2 else -1) for i in range(n)]


def table(
    name: str, rows: Rows, margin: float = 1.0, topped: Sequence[Topped] = (), **given: Any
) -> SuiteReport:
    asked = Asked(**perturb(given))
    changed = suite_grid.adapted(suites.find(name), asked)
    source = SuiteSource("my.db", rows.cells, rows.scores, topped=topped)
    return suite_report.table(suites.find(name), changed, asked, source, margin)


def topped_up(rows: Rows, looks: int) -> list[Topped]:
    """As if one of the runs were of a plan of so many looks; their level is 0.05 divided by them."""
    plan = TopupPlan("p", (), 0.05, 0.0, tuple(range(30)), tuple(range(3, 3 + looks)))
    return [Topped(plan, frozenset({rows.cells[0].digest}))]


def cell(report: SuiteReport, row: str, column: str, group: str = "") -> SuiteCell:
    for section in report.sections:
        at = [head.title for head in section.columns]
        for one in section.groups:
            for line in one.rows:
                if (one.title, line.head.title) == (group, row) and column in at:
                    return line.cells[at.index(column)]
    raise AssertionError(f"no cell {group} {row} {column}")


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
    for looks, verdict, level in ((2, "reproduced", "0.025"), (4, "underpowered", "0.0125")):
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
    assert (
        cell(table("dps/table1", rows, margin=0.1), "vanilla fine-tuning", "CoLA").verdict == "underpowered"
    )
    with pytest.raises(BadValue, match="margin 0"):
        SuiteRequest("dps/table1", margin=0.0)


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


def test_the_drop_under_noise_is_against_the_clean_run() -> None:
    rows = Suited()
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


def test_every_suite_makes_a_table_in_every_format(tmp_path: Any) -> None:
    for name in (*suites.available(), *suites.SHORT_NAMES):
        reports = suites_of(str(tmp_path / "no.db"), name)
        for format in formats.names():
            assert render_suites(reports, format)


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
    assert "64.10 ±0.21" in text and "[64.11 ±1.33] = n=10" in text and "≠" in text
    assert max(map(len, render_suites([table("dps/table1", rows)], "rich", width=60).splitlines())) <= 60
    assert "64.10 ±0.21 [64.11 ±1.33] = n=10" in render_suites([table("dps/table1", rows)], "markdown")


# -- time -------------------------------------------------------------------------------------------------


def test_times_are_ratios_to_vanilla_on_exclusive_runs_only() -> None:
    rows = Suited()
    rows.add("vanilla", "rte", [70, 70, 70])
    rows.add("dps_mix", "rte", [70, 70, 70], "published")
    facts = {}
    for at, row in enumerate(rows.cells):
        seconds = 10.0 if row.method == "vanilla" else 16.0
        run = {"total_steps": 400, "one_off_seconds": 4.0 if row.method == "dps_mix" else 0.0}
        exclusive = at != 5  # the last run shared the machine
        facts[row.digest] = {
            "exclusive": exclusive,
            "seconds": {"training": seconds if exclusive else 99.0},
            "runs": {"main": run},
            "peak_memory_mb": 900,
        }
    suite, source = suites.find("dps/table6"), SuiteSource("", rows.cells, rows.scores, facts)
    report = suite_report.table(suite, suite, Asked(), source, 1.0)
    ratio = cell(report, "DPS Mix", "Time")
    assert (ratio.measured.mean, ratio.measured.n, ratio.printed) == (1.6, 2, {"ratio": 1.3})
    assert ratio.measured.missing == {"not exclusive": 1} and ratio.verdict == ""
    assert cell(report, "DPS Mix", "Update").measured.mean == pytest.approx(30.0)
    assert cell(report, "DPS Mix", "One-off").measured.mean == 4.0
    assert cell(report, "vanilla fine-tuning", "Time").measured.mean == 1.0
