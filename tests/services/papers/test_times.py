"""Times of runs that had the machine to themselves, as ratios to vanilla; seconds made by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ftbench import suites
from ftbench.render.suite_table import SuiteReport
from ftbench.render.suite_text import lines
from ftbench.services.papers import report as suite_report
from ftbench.services.papers import times
from ftbench.services.papers.report import SuiteSource
from ftbench.services.planning.asked import Asked
from tests.services.papers.suited import Suited, cell


def ran(
    seconds: float, *, exclusive: bool = True, steps: int = 400, one_off: float = 0.0, **weights: int
) -> dict[str, Any]:
    return {
        "exclusive": exclusive,
        "seconds": {"training": seconds},
        "runs": {"main": {"total_steps": steps, "one_off_seconds": one_off, **weights}},
        "peak_memory_mb": 900,
    }


def timed(rows: Suited, facts: dict[str, Any], name: str = "dps/table6") -> SuiteReport:
    suite = suites.find(name)
    return suite_report.table(
        suite, suite, Asked(), SuiteSource("my.db", rows.cells, rows.scores, facts), 1.0
    )


@pytest.fixture
def rows() -> Suited:
    """Three runs of vanilla, three of DPS Mix, one of R-Drop and one of Mixout that is not done."""
    rows = Suited()
    rows.add("vanilla", "rte", [70, 70, 70])
    rows.add("dps_mix", "rte", [70, 70, 70], "published")
    rows.add("rdrop", "rte", [70])
    rows.add("mixout", "rte", [70], "published", state="failed", outcome="diverged")
    return rows


@pytest.fixture
def report(rows: Suited) -> SuiteReport:
    """Vanilla took 8, 10 and 12 seconds, DPS Mix 16 with 4 of them before its first step."""
    seconds = iter([8.0, 10.0, 12.0])
    facts = {
        row.digest: ran(16.0, one_off=4.0) if row.method == "dps_mix" else ran(next(seconds))
        for row in rows.cells
        if row.method in ("vanilla", "dps_mix")
    }
    shared = rows.cells[5].digest
    facts[shared] = ran(99.0, exclusive=False)
    return timed(rows, facts)


def test_times_are_ratios_to_the_mean_of_vanilla_on_exclusive_runs_only(report: SuiteReport) -> None:
    ratio = cell(report, "DPS Mix", "Time")
    assert (ratio.measured.mean, ratio.measured.n, ratio.printed) == (1.6, 2, {"ratio": 1.3})
    assert ratio.measured.missing == {"not exclusive": 1} and ratio.verdict == ""
    vanilla = cell(report, "vanilla fine-tuning", "Time").measured
    assert vanilla.values == pytest.approx((0.8, 1.0, 1.2)) and vanilla.mean == pytest.approx(1.0)


def test_beside_the_ratio_stand_seconds_updates_one_off_passes_and_memory(report: SuiteReport) -> None:
    def mean(column: str) -> float | None:
        return cell(report, "DPS Mix", column).measured.mean

    assert mean("Training") == 16.0 and mean("One-off") == 4.0 and mean("Peak memory") == 900.0
    assert mean("Update") == pytest.approx(1000 * (16 - 4) / 400)  # ms


def test_what_is_missing_has_its_reason(report: SuiteReport) -> None:
    reasons = {
        row: dict(cell(report, row, "Training").measured.missing) for row in ("R-Dropout", "Mixout", "R3F")
    }
    assert reasons == {
        "R-Dropout": {"not exclusive": 1, "not queued": 2},  # done, but nothing is known of how
        "Mixout": {"diverged": 1, "not queued": 2},
        "R3F": {"not queued": 3},
    }
    empty = cell(report, "R3F", "Time")
    assert (empty.measured.mean, empty.measured.planned, empty.printed["ratio"]) == (None, 3, 1.64)


def test_without_vanilla_there_are_seconds_and_no_ratio(rows: Suited) -> None:
    facts = {row.digest: ran(16.0) for row in rows.cells if row.method == "dps_mix"}
    found = timed(rows, facts)
    assert cell(found, "DPS Mix", "Training").measured.mean == 16.0
    assert cell(found, "DPS Mix", "Time").measured.mean is None
    assert cell(found, "DPS Mix", "Time").measured.n == 3


def test_the_weights_trained_stand_beside_the_printed_share() -> None:
    rows = Suited()
    rows.add("vanilla", "rte", [70, 70])
    rows.add("lora", "rte", [70], recipe={"epochs": 3, "optimizer": "adamw_torch"})
    weights = {"vanilla": {"trained": 400, "parameters": 400}, "lora": {"trained": 1, "parameters": 401}}
    facts = {row.digest: ran(8.0, **weights[row.method]) for row in rows.cells}
    facts[rows.cells[1].digest] = ran(8.0)  # of a version that did not count them
    found = timed(rows, facts, "blo/appendixF")
    lora, vanilla = cell(found, "LoRA", "Trained"), cell(found, "Vanilla", "Trained")
    assert lora.printed == {"ratio": 0.236} and lora.measured.mean == pytest.approx(100 / 401)
    assert vanilla.measured.mean == 100.0 and vanilla.printed == {}
    assert (vanilla.measured.n, vanilla.measured.planned, vanilla.measured.missing) == (
        1,
        2,
        {"not queued": 1},
    )
    assert cell(timed(Suited(), {}, "blo/appendixF"), "LoRA", "Trained").measured.missing == {"not queued": 3}


def test_a_share_of_less_than_a_hundredth_of_a_percent_is_not_rounded_away() -> None:
    prompt = cell(timed(Suited(), {}, "blo/appendixF"), "Prompt Tuning", "Trained")
    assert lines(prompt, ("ratio",)) == ("–", "[0.0067] n=0/3")
    assert lines(replace(prompt, printed={"ratio": 0.3}), ("ratio",))[1] == "[0.30] n=0/3"


def test_a_job_of_several_trainings_counts_them_all() -> None:
    facts = ran(20.0, one_off=2.0, steps=100)
    facts["runs"]["second"] = {"total_steps": 300}
    assert times.one_off(facts) == 2.0
    assert times.update(facts) == pytest.approx(1000 * 18 / 400)
    assert times.update({**facts, "runs": {}}) == 20_000.0  # no update: one, lest there be no number
    assert times.memory_of({}) == 0.0
