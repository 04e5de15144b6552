"""Tables of tuned runs: apart from the others, by method, with the protocol in the caption."""

from __future__ import annotations

import pytest

from ftbench.cli._requests import selection
from ftbench.db import Database
from ftbench.errors import NothingToReport, UnknownName
from ftbench.render.table import Report
from ftbench.services.planning import queue
from ftbench.services.planning.queue import QueueRequest
from ftbench.services.reporting.build import build_report
from ftbench.services.reporting.request import ReportRequest
from ftbench.services.tuning.reporting_runs import TunedRequest, tuned_plan
from tests.services.tuning.ran import asked_of, declare, end_all, put


def report_of(database: Database, tuned: str) -> Report:
    return build_report(database, ReportRequest(selection(None, None), tuned=tuned))


@pytest.fixture
def both(database: Database) -> Database:
    """Two methods, tuned in two repetitions, with four seeds each of tuned and of default runs."""
    declare(database, "vanilla,bidrop", "toy-accept,toy-sim", budget=3, studies=2)
    end_all(database, lambda job: job.recipe.lr)
    put(database, tuned_plan(database, TunedRequest(asked_of(), seeds=(0, 1, 2, 3))))
    usual = asked_of("vanilla,bidrop", "toy-accept,toy-sim")
    end_all(database, lambda job: 0.8 + job.seed / 100)
    put(database, queue.make_plan(QueueRequest(usual)))
    end_all(database, lambda job: 0.5 + job.seed / 100)
    return database


def test_tables_of_tuned_and_of_default_runs_stand_side_by_side(both: Database) -> None:
    first, second = report_of(both, "both").sections
    rows = [[row.label for row in section.groups[0].rows] for section in (first, second)]
    assert [set(labels) for labels in rows] == [{"vanilla", "bidrop"}] * 2
    assert second.title.endswith("tuned=tuning") and "tuned" not in first.title
    for section, mean in ((first, 0.52), (second, 0.815)):
        for row in section.groups[0].rows:
            assert row.cells[0].mean == pytest.approx(mean)
    assert [cell.n for cell in second.groups[0].rows[0].cells[:2]] == [4, 4]


def test_the_caption_states_the_protocol_and_not_a_recipe_that_no_run_had(both: Database) -> None:
    (section,) = report_of(both, "only").sections
    said = " ".join(section.caption)
    assert "study tuning: 3 trials × 2 studies for each method, model and task" in said
    assert "space default (" in said and "lr 1e-05 to 0.01 (log)" in said and "Recipe:" not in said
    assert "seed s has the choice of study s mod 2" in said


def test_tests_are_over_studies_and_not_over_the_runs_that_share_a_choice(both: Database) -> None:
    first, second = report_of(both, "both").sections
    assert "by seeds" in " ".join(first.caption) and "by studies" in " ".join(second.caption)
    found = [section.groups[0].rows[1].cells[0].tested for section in (first, second)]
    assert [(one.n, one.unit) for one in found if one] == [(5, "seeds"), (2, "studies")]
    untold = report_of(both, "only").sections[0].notes
    assert not any("over other seeds" in note for note in untold)


def test_one_study_is_tested_by_seeds_and_says_that_it_is_one(database: Database) -> None:
    declare(database, "vanilla,bidrop", "toy-accept", budget=3, studies=1)
    end_all(database, lambda job: job.recipe.lr)
    put(database, tuned_plan(database, TunedRequest(asked_of(), seeds=(0, 1, 2))))
    end_all(database, lambda job: 0.8 + (job.seed * len(job.method) * 7 % 5) / 100)
    (section,) = report_of(database, "only").sections
    told = " ".join(section.caption)
    assert "by seeds" in told and "tests are about these values, not about what another search" in told


def test_tuned_runs_are_left_out_by_default_and_counted(both: Database) -> None:
    report = report_of(both, "no")
    assert len(report.sections) == 1
    assert "16 runs have values that a study chose and stand apart: --tuned both" in " ".join(report.notes)


def test_what_is_not_there_is_said_with_the_command(database: Database) -> None:
    put(database, queue.make_plan(QueueRequest(asked_of("vanilla", "toy-accept"))))
    with pytest.raises(NothingToReport, match="declare a study with: ftbench tune"):
        report_of(database, "only")
    declare(database, "vanilla", budget=2)
    with pytest.raises(NothingToReport, match="queue them with: ftbench queue --tuned"):
        report_of(database, "only")
    assert "No runs have tuned values" in " ".join(report_of(database, "both").notes)


def test_where_all_runs_are_tuned_the_usual_table_says_so(database: Database) -> None:
    declare(database, "vanilla", budget=4)
    end_all(database, lambda job: job.recipe.lr)
    put(database, tuned_plan(database, TunedRequest(asked_of(), seeds=(0, 1))))
    with pytest.raises(NothingToReport, match="see them by --tuned only"):
        report_of(database, "no")
    assert len(report_of(database, "both").sections) == 1


def test_a_word_that_is_none_of_them_is_refused() -> None:
    with pytest.raises(UnknownName, match="did you mean 'both'"):
        ReportRequest(tuned="bth")
