"""The pages of jobs."""

from __future__ import annotations

from pathlib import Path

from ftbench.services.publishing.evidence import Evidence
from tests.services.publishing.conftest import text_of


def page_of(site: Path, method: str, task: str = "rte") -> str:
    return text_of(site, f"jobs/bert-base-{task}-{method}.html")


def test_each_job_stands_on_its_page_with_its_score_and_digest(site: Path, evidence: Evidence) -> None:
    for row in evidence.rows:
        text = page_of(site, row.method, row.task)
        assert f'id="job-{row.digest[:12]}"' in text and row.digest in text
    assert "73.50" in page_of(site, "bidrop") and "node17" not in page_of(site, "bidrop")
    assert "worker-1" in page_of(site, "bidrop")


def test_conditions_stand_apart_each_with_its_command(site: Path) -> None:
    text = page_of(site, "bidrop")
    assert "noise 10 %" in text and text.count("ftbench queue") == 2 and "--noise 0.1" in text


def test_errors_are_told_without_folders_and_tokens(site: Path) -> None:
    text = page_of(site, "rdrop")
    assert "cannot read ./x.tsv with &lt;token&gt;" in text
    assert "torch/nn/modules.py" in text and "Seed 1, try 1: user" in text


def test_the_list_counts_jobs_by_state_and_leads_to_the_pages(site: Path) -> None:
    text = text_of(site, "jobs.html")
    assert 'href="jobs/bert-base-rte-rdrop.html"' in text and "R-Drop" in text
    assert "16 jobs" in text or "jobs: every number" in text


def test_learning_curves_stand_on_the_page(site: Path) -> None:
    text = page_of(site, "vanilla", "mrpc")
    assert "Training losses" in text and "../assets/vega.js" in text
