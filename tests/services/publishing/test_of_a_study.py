"""A published folder of a database with a tuning."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftbench.db import create_database
from ftbench.services.publishing.publish import PublishRequest, publish
from ftbench.services.tuning.reporting_runs import TunedRequest, tuned_plan
from tests.services.publishing.conftest import text_of
from tests.services.publishing.links import broken
from tests.services.tuning.ran import asked_of, declare, end_all, put


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two methods, three trials each, and two runs with what was chosen."""
    place = tmp_path_factory.mktemp("tuned")
    with create_database(str(place / "ours.db")) as database:
        declare(database, "vanilla,rdrop", budget=3)
        end_all(database, lambda job: 0.5 + job.recipe.lr)
        put(database, tuned_plan(database, TunedRequest(asked_of(), seeds=(0, 1))))
        end_all(database, lambda job: 0.6 + 0.1 * (job.method == "rdrop") + job.seed / 100)
    publish(str(place / "ours.db"), PublishRequest(place / "site"))
    return place / "site"


def test_every_link_leads_somewhere(tuned: Path) -> None:
    assert list(broken(tuned)) == []


def test_budgets_and_choices_are_told_to_reviewers(tuned: Path) -> None:
    text = text_of(tuned, "review.html")
    assert "What each method was given, and chose" in text and "What a budget buys" in text
    assert "No study is declared" not in text and "What was declared of tuning" in text


def test_trials_are_shown_as_such_and_queued_by_no_command(tuned: Path) -> None:
    pages = [path.read_text(encoding="utf-8") for path in (tuned / "jobs").glob("*.html")]
    assert any("trial, scored on held-out rows" in text for text in pages)
    assert "Trials of tunings are among them." in text_of(tuned, "jobs.html")
    assert "held-out" not in text_of(tuned, "commands.sh")


def test_tuned_runs_stand_in_tables_and_comparisons_of_their_own(tuned: Path) -> None:
    assert "Tuned, study" in text_of(tuned, "main.html")
    text = text_of(tuned, "comparisons.html")
    assert "all training rows · study tuning</h2>" in text and "R-Drop − Vanilla" in text
    assert "The clean runs: no scores of two methods under one setting." in text
