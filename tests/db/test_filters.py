"""Expressions as SQL: of every job they say what they say in memory."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftbench.db import Database, JobFilter, create_database
from ftbench.domain.hparams import Value
from ftbench.domain.where import Every, Home, JobField, Opposite, Question, Some, Where, holds
from ftbench.services.scores.fields import of_summary
from tests.db.samples import claim, entry, execute

JOBS = [
    entry(0),
    entry(1, noise=0.1),
    entry(2, "bidrop", hparams={"k": 2, "warmup": True, "scope": "layer", "eps": 0.5}),
    entry(3, "bidrop", hparams={"k": 3, "warmup": False, "scope": None}, train_size=300),
    entry(4, "bidrop", task="toy-accept", label="bidrop[k=4]", hparams={"k": 4}, noise=0.2, reduction=0.5),
    entry(5, model="other", typos=0.1),
    entry(6, typos={"value": 0.3, "kind": "swap"}),
]
TEXTS = {"method": ["vanilla", "bidrop"], "model": ["tiny", "other"], "task": ["toy-accept"]}
TEXTS |= {"state": ["queued", "running", "done"], "label": ["bidrop[k=4]", "vanilla"]}
VALUES: list[Value] = [None, True, False, 0, 1, 2, 3, 300, 0.1, 0.2, 0.5, -1, "layer", "3", ""]
OTHERS = [JobField(Home.JOB, "seed")]
OTHERS += [
    JobField(Home.PERTURBATION, name) for name in ("noise", "reduction", "train_size", "typos", "mine")
]
OTHERS += [JobField(Home.HPARAMS, name) for name in ("k", "warmup", "scope", "eps", "noise")]
OTHERS += [JobField(Home.RECIPE, name) for name in ("lr", "epochs", "steps", "schedule", "head")]


def questions() -> st.SearchStrategy[Where]:
    equal = st.sampled_from(["=", "!="])
    texts = st.sampled_from(sorted(TEXTS)).flatmap(
        lambda name: st.builds(
            Question,
            st.just(JobField(Home.JOB, name, "text")),
            equal,
            st.lists(st.sampled_from([None, *TEXTS[name]]), min_size=1, max_size=3).map(tuple),
        )
    )
    any_value = st.lists(st.sampled_from(VALUES), min_size=1, max_size=3).map(tuple)
    others = st.builds(Question, st.sampled_from(OTHERS), equal, any_value)
    one = st.sampled_from([value for value in VALUES if value is not None and not isinstance(value, str)])
    order = st.builds(
        Question, st.sampled_from(OTHERS), st.sampled_from(["<", "<=", ">", ">="]), st.tuples(one)
    )
    return st.one_of(texts, others, order)


def expressions() -> st.SearchStrategy[Where]:
    def wider(inner: st.SearchStrategy[Where]) -> st.SearchStrategy[Where]:
        several = st.lists(inner, min_size=1, max_size=3).map(tuple)
        return st.one_of(st.builds(Every, several), st.builds(Some, several), st.builds(Opposite, inner))

    return st.recursive(questions(), wider, max_leaves=8)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with create_database(str(tmp_path_factory.mktemp("filters") / "runs.db")) as database:
        database.jobs.add(JOBS)
        claim(database)
        yield database


@settings(max_examples=300, deadline=None)
@given(expressions())
def test_sql_and_memory_say_the_same(filled: Database, where: Where) -> None:
    expected = [c.digest for c in filled.results.cells() if holds(where, partial(of_summary, c))]
    assert [row.digest for row in filled.jobs.list(JobFilter(where=where))] == expected


def test_a_spec_that_is_no_json_is_passed_over(database: Database) -> None:
    database.jobs.add([entry(0), entry(1)])
    execute(database, "UPDATE jobs SET spec = '{{' WHERE seed = 0")
    where = JobFilter(where=Question(JobField(Home.RECIPE, "epochs"), "=", (3,)))
    assert database.jobs.cancel(where) == 1


def test_cancel_and_retry_take_the_jobs_of_an_expression(database: Database) -> None:
    database.jobs.add(JOBS)
    noisy = JobFilter(where=Question(JobField(Home.PERTURBATION, "noise"), ">", (0,)))
    assert database.jobs.cancel(noisy) == 2
    assert database.jobs.retry(JobFilter(where=Question(JobField(Home.HPARAMS, "k"), "=", (4,)))) == 1
