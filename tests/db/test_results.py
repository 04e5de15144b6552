"""Reading what jobs left behind."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ftbench.db import Database, JobFilter
from ftbench.domain.result import CurvePoint, Outcome, State
from tests.db.samples import RESULT, claim, entry, execute, let_in


def test_a_score_comes_with_the_axes_of_its_job(database: Database) -> None:
    queued = entry(3, "bidrop", label="bidrop[k=3]", hparams={"k": 3}, train_size=500, noise=0.1)
    database.jobs.add([queued])
    database.jobs.finish(claim(database), RESULT)
    first, second = database.results.scores()
    assert (first.evaluation, first.metric, first.value) == ("dev", "accuracy", 0.75)
    assert (second.evaluation, second.metric, second.value) == ("dev", "f1", 0.5)
    assert (first.digest, first.label, first.method) == (queued.job.digest, "bidrop[k=3]", "bidrop")
    assert (first.model, first.task, first.seed) == ("tiny", "toy-entail", 3)
    assert first.perturbation.canonical() == {"train_size": 500, "noise": 0.1}
    assert first.hparams == {"k": 3}
    assert first.recipe == queued.job.canonical()["recipe"]
    assert (first.state, first.n_attempts) == (State.DONE, 1)
    assert (first.model_revision, first.data_revision) == ("sha256:m", "toy-1")


def test_scores_count_the_attempts_they_took(database: Database) -> None:
    database.jobs.add([entry(0)])
    database.jobs.fail(claim(database), Outcome.OOM, "")
    database.jobs.finish(claim(database), RESULT)
    assert {row.n_attempts for row in database.results.scores()} == {2}


def test_cells_show_jobs_in_every_state_and_how_failed_ones_ended(database: Database) -> None:
    database.jobs.add([entry(seed) for seed in range(6)])
    database.jobs.finish(claim(database), RESULT)
    database.jobs.fail(claim(database), Outcome.DIVERGED, "loss is nan at step 3")
    database.jobs.fail(claim(database), Outcome.OOM, "")
    retried = claim(database)
    claim(database)
    database.jobs.cancel(JobFilter(digests=(entry(5).job.digest,)))
    assert retried.job.seed == 2
    assert [(c.seed, c.state, c.last_outcome) for c in database.results.cells()] == [
        (0, State.DONE, None),
        (1, State.FAILED, Outcome.DIVERGED),
        (2, State.RUNNING, None),
        (3, State.RUNNING, None),
        (4, State.QUEUED, None),
        (5, State.CANCELLED, None),
    ]
    assert database.results.cells()[0].recipe == entry(0).job.canonical()["recipe"]


def test_results_keep_to_their_filter(database: Database) -> None:
    database.jobs.add([entry(0, task="cola"), entry(0, task="rte")])
    database.jobs.finish(claim(database), RESULT)
    database.jobs.finish(claim(database), RESULT)
    assert {row.task for row in database.results.scores(JobFilter(tasks=("rte",)))} == {"rte"}
    values = database.results.values(JobFilter(tasks=("rte",)))
    assert {row.digest for row in values} == {entry(0, task="rte").job.digest}
    assert len(values) == len(database.results.values()) / 2 > 0
    assert [row.task for row in database.results.cells(JobFilter(tasks=("cola",)))] == ["cola"]


def test_a_job_without_results_has_none(database: Database) -> None:
    database.jobs.add([entry(0)])
    digest = entry(0).job.digest
    assert database.results.scores() == []
    assert database.results.attempts(digest) == []
    assert database.results.curves(digest) == []
    assert database.results.predictions(digest) == []
    assert database.results.provenance(digest) == {}


def test_the_provenance_of_the_latest_attempt_is_shown(database: Database) -> None:
    database.jobs.add([entry(0)])
    database.jobs.fail(claim(database), Outcome.ENVIRONMENT, "", provenance={"device": "cuda:0"})
    done = claim(database)
    assert database.results.provenance(done.digest) == {"device": "cuda:0"}
    database.jobs.finish(done, RESULT)
    assert database.results.provenance(done.digest) == RESULT.provenance


def test_the_code_is_that_of_the_attempt_that_gave_the_scores(database: Database) -> None:
    database.jobs.add([entry(0), entry(1)])
    failed = claim(database)
    database.jobs.fail(failed, Outcome.ENVIRONMENT, "", provenance={"method_digest": "aaaa"})
    database.jobs.finish(claim(database), replace(RESULT, provenance={"method_digest": "bbbb"}))
    database.jobs.finish(claim(database), RESULT)  # of a version that did not say so
    assert database.results.codes() == {failed.digest: "bbbb"}


def test_losses_are_those_of_the_jobs_named_in_their_order_and_finite(database: Database) -> None:
    database.jobs.add([entry(seed) for seed in range(3)])
    points = (
        CurvePoint("main", 2, "loss", 0.5),
        CurvePoint("main", 1, "loss", 0.7),
        CurvePoint("main", 3, "loss", float("nan")),
        CurvePoint("main", 1, "lr", 0.1),
    )
    first, second, _ = (claim(database) for _ in range(3))
    database.jobs.finish(first, replace(RESULT, curves=points))
    database.jobs.finish(second, RESULT)
    found = database.results.losses([second.digest, "unknown", first.digest])
    assert [(row[0], *row[2:]) for row in found] == [
        (second.digest, 1, 0.7),
        (second.digest, 2, 0.6),
        (first.digest, 1, 0.7),
        (first.digest, 2, 0.5),
    ]
    assert database.results.losses([]) == []


def test_facts_of_the_latest_attempt_are_none_where_they_are_not_known(database: Database) -> None:
    database.jobs.add([entry(0), entry(1)])
    failed = claim(database)
    database.jobs.fail(
        failed, Outcome.ENVIRONMENT, "", provenance={"worker": "a", "seconds": {"training": 9.0}}
    )
    again, other = claim(database), claim(database)
    facts = {"worker": "b", "seconds": {"training": 0.5}, "threads": 2}
    database.jobs.finish(again, replace(RESULT, provenance=facts))
    database.jobs.finish(other, replace(RESULT, provenance={"worker": "c"}))
    paths = [("worker",), ("seconds", "training"), ("threads",)]
    assert database.results.ran({again.digest}, paths) == {again.digest: ("b", 0.5, 2)}
    assert database.results.ran({other.digest}, paths) == {other.digest: ("c", None, None)}


def test_rows_with_equal_settings_share_them_and_their_text(database: Database) -> None:
    database.jobs.add([entry(seed, "bidrop", hparams={"k": k}) for k in (2, 3) for seed in (0, 1)])
    first, again, other, _ = database.results.cells()
    assert first.hparams is again.hparams and first.recipe is other.recipe
    assert (first.hparams.text, other.hparams.text) == ('{"k": 2}', '{"k": 3}')


def test_a_failed_job_has_the_outcome_of_its_last_attempt_and_others_have_none(database: Database) -> None:
    database.jobs.add([entry(0), entry(1)])
    database.jobs.fail(claim(database), Outcome.OOM, "no memory")
    database.jobs.fail(claim(database), Outcome.DIVERGED, "not a number")
    first, second = database.results.cells()
    assert (first.state, first.last_outcome) == (State.FAILED, Outcome.DIVERGED)
    assert (second.state, second.last_outcome) == (State.QUEUED, None)
    database.jobs.retry()
    assert database.results.cells()[0].last_outcome is None


@pytest.mark.parametrize("facts", ["{", "[1]", "null", ""])
def test_facts_that_are_no_object_are_passed_over(database: Database, facts: str) -> None:
    database.jobs.add([entry(0)])
    job = claim(database)
    database.jobs.finish(job, RESULT)
    execute(database, "UPDATE provenance SET facts = :facts", facts=facts)
    assert database.results.codes() == {}
    assert database.results.surroundings({job.digest}, ["seconds"]) == {job.digest: {}}
    assert database.results.ran({job.digest}, [("threads",)]) == {job.digest: (None,)}
    assert database.results.provenance(job.digest) == {}


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("curves", "value = 'x'"),
        ("curves", "step = 'x' || step"),
        ("curves", "run = x'ff'"),
        ("predictions", "rows = -1"),
        ("predictions", "logits = x'00'"),
        ("provenance", """facts = '{"method_digest": 5}'"""),
    ],
)
def test_a_row_that_cannot_be_read_is_set_aside_and_the_others_stay(
    database: Database, table: str, change: str
) -> None:
    database.jobs.add([entry(0), entry(1)])
    first, second = (claim(database) for _ in range(2))
    for one in (first, second):
        assert database.jobs.finish(one, replace(RESULT, provenance={"method_digest": "2:a"}))
    if not let_in(database, f"UPDATE {table} SET {change} WHERE digest = :digest", digest=first.digest):
        return
    results = database.results
    for digest, whole in ((first.digest, False), (second.digest, True)):
        read = {
            "curves": results.curves(digest) == list(RESULT.curves),
            "predictions": results.predictions(digest) == list(RESULT.predictions),
            "provenance": results.codes().get(digest) == "2:a",
        }
        assert read == {**dict.fromkeys(read, True), table: whole}
    assert {digest for digest, *_ in results.losses([first.digest, second.digest])} >= {second.digest}
    assert (first.digest in database.aside) == (table != "provenance")


def test_past_scores_that_are_no_numbers_are_set_aside(database: Database) -> None:
    database.jobs.add([entry(0)])
    one = claim(database)
    assert database.jobs.finish(one, RESULT)
    database.jobs.restart({one.digest: {}})
    if let_in(database, "UPDATE past_scores SET value = 'x' WHERE metric = 'f1'"):
        assert [(past.metric, past.old) for past in database.results.past()] == [("accuracy", 0.75)]
