"""What is read for all pages."""

from __future__ import annotations

from ftbench.services.publishing.evidence import Evidence


def test_states_say_what_became_of_a_job(evidence: Evidence) -> None:
    told = {
        (row.method, row.seed): evidence.state(row).text for row in evidence.rows if row.method == "rdrop"
    }
    assert told == {
        ("rdrop", 0): "done",
        ("rdrop", 1): "failed: user",
        ("rdrop", 2): "failed: diverged",
        ("rdrop", 3): "queued",
        ("rdrop", 4): "queued",
    }


def test_scores_are_found_by_job(evidence: Evidence) -> None:
    row = next(row for row in evidence.rows if (row.method, row.task, row.seed) == ("bidrop", "rte", 1))
    assert evidence.scores[row.digest] == {("dev", "accuracy"): 0.735}


def test_methods_and_tasks_are_called_as_papers_do(evidence: Evidence) -> None:
    assert (evidence.method("bidrop"), evidence.task("rte")) == ("Bi-Drop", "RTE")
