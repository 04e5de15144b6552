"""Studies: kept as declared; what is none is set aside."""

from __future__ import annotations

import json

import pytest

from ftbench.db import Database, JobFilter, create_database
from ftbench.domain.result import State
from ftbench.domain.study import Study, Trial
from tests.db.samples import entry, execute

DECLARED = {
    "methods": ["vanilla"],
    "studies": 2,
    "budget": 2,
    "unit": "trials",
    "each_condition": False,
    "space": {"name": "default", "shared": {"lr": {"low": 1e-5, "high": 1e-2, "log": True}}, "methods": {}},
}
TRIALS = (Trial("a" * 64, "vanilla", 0, 0), Trial("b" * 64, "vanilla", 1, 0))
GOOD = Study("good", DECLARED, TRIALS)


def test_a_study_comes_back_as_it_was_declared_and_never_changes(database: Database) -> None:
    database.studies.record(GOOD)
    database.studies.record(Study("good", {**DECLARED, "budget": 9}, ()))
    assert database.studies.list() == [GOOD]


@pytest.mark.parametrize(
    "change",
    [
        "declaration = '{'",
        "declaration = '{}'",
        f"declaration = '{json.dumps(DECLARED | {'studies': 0})}'",
        f"declaration = '{json.dumps(DECLARED | {'studies': 'x'})}'",
        f"declaration = '{json.dumps(DECLARED | {'unit': 'x'})}'",
        f"declaration = '{json.dumps(DECLARED | {'space': 3})}'",
        f"declaration = '{json.dumps(DECLARED | {'space': DECLARED['space'] | {'name': chr(27)}})}'",
        "trials = '[[1, 2, 3, 4]]'",
        "trials = '[[]]'",
        "trials = '{'",
        "trials = replace(trials, '1, 0', '7, 0')",
    ],
)
def test_a_study_that_is_none_is_set_aside_and_the_others_stay(database: Database, change: str) -> None:
    database.studies.record(GOOD)
    database.studies.record(Study("bad", DECLARED, TRIALS))
    execute(database, f"UPDATE studies SET {change} WHERE name = 'bad'".replace(":", "\\:"))
    assert database.studies.list() == [GOOD]
    assert list(database.aside) == ["the study 'bad'"]


def test_trials_are_counted_apart_from_runs_of_the_same_label(database: Database) -> None:
    """As one row they would make 20 trials and 5 runs look like 25 seeds."""
    database.jobs.add([entry(seed) for seed in range(5)])
    digests = [job.digest for job in database.jobs.list()]
    trials = [
        Trial(digests[0], "vanilla", 0, 0),
        Trial(digests[1], "rdrop", 1, 0),
        Trial("b" * 64, "lora", 0, 0),
    ]
    database.studies.record(Study("good", DECLARED, tuple(trials)))
    database.studies.record(Study("later", DECLARED, (Trial(digests[0], "vanilla", 0, 0),)))
    held = database.jobs.claim("worker", 60.0)
    assert held is not None and held.digest == digests[0]

    (run,) = (label for _, _, label, _ in database.jobs.tally() if "," not in label)
    told = {(label, str(state)): number for (_, _, label, state), number in database.jobs.tally().items()}
    assert told == {
        (run, "queued"): 3,
        ("vanilla, trials of good", "running"): 1,
        ("rdrop, trials of good", "queued"): 1,
    }
    running = database.jobs.tally(JobFilter(states=(State.RUNNING,)))
    assert [label for _, _, label, _ in running] == ["vanilla, trials of good"]
    grid = {(cell.label, cell.study, str(cell.state)): cell.jobs for cell in database.board.glance().grid}
    assert grid == {
        (run, "", "queued"): 3,
        ("vanilla", "good", "running"): 1,
        ("rdrop", "good", "queued"): 1,
    }


def test_a_merge_takes_studies_over_and_keeps_those_that_are_others(database: Database, tmp_path) -> None:
    with create_database(str(tmp_path / "other.db")) as other:
        other.studies.record(GOOD)
        other.studies.record(Study("same name", {**DECLARED, "budget": 9}, TRIALS))
        database.studies.record(Study("same name", DECLARED, TRIALS))
        merged = database.merge(other)
        assert (merged.studies, merged.other_studies) == (1, ["same name"])
        again = database.merge(other)
        assert again.studies == 0
    assert {one.name: one.declared["budget"] for one in database.studies.list()} == {
        "good": 2,
        "same name": 2,
    }
