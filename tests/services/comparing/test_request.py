"""Which runs a comparison is about."""

from __future__ import annotations

import pytest

from ftbench.errors import BadValue, FtbenchError, UnknownName
from ftbench.services.comparing.request import compared_runs
from tests.services.comparing.runs import request
from tests.services.stored import finish, job_of, store


def pairs(database, *methods: str, **more) -> list[list[tuple[str, str]]]:
    """The labels of the pairs, setting by setting."""
    found = compared_runs(database, request(*methods, **more))
    return [[(one.labels[left], one.labels[right]) for left, right in one.pairs] for one in found]


@pytest.fixture
def filled(database):
    store(database, {(method, "rte"): [0.6, 0.7] for method in ("vanilla", "bidrop", "rdrop")})
    return database


def test_pairs_have_the_direction_in_which_methods_were_named(filled):
    assert pairs(filled, "rdrop", "vanilla") == [[("rdrop", "vanilla")]]
    assert pairs(filled, "vanilla", "rdrop") == [[("vanilla", "rdrop")]]
    three = [("bidrop", "vanilla"), ("bidrop", "rdrop"), ("vanilla", "rdrop")]
    assert pairs(filled, "Bi-Drop", "vanilla", "r-drop") == [three]


def test_settings_of_one_method_are_told_apart_and_ordered_by_their_labels(database):
    for k in (2, 3):
        finish(database, job_of("bidrop", "rte", 0, hparams={"k": k}), 0.6, label=f"bidrop[k={k}]")
    assert pairs(database, "bidrop[k=3]", "bidrop[k=2]") == [[("bidrop[k=3]", "bidrop[k=2]")]]


def test_methods_are_compared_within_a_setting_and_never_across(filled):
    job = job_of("bidrop", "rte", 0)
    more = {name: getattr(job, name) for name in ("task", "data_revision", "evaluation", "method", "hparams")}
    for model, methods in (("bert-large", ("vanilla", "bidrop")), ("minilm", ("bidrop",))):
        for method in methods:
            finish(filled, type(job)(model, "main", seed=0, **{**more, "method": method}), 0.8)
    found = compared_runs(filled, request("bidrop", "vanilla"))
    assert sorted(one.setting.model for one in found) == ["bert-base", "bert-large"]
    (large,) = compared_runs(filled, request("bidrop", "vanilla", models="bert-large"))
    assert large.setting.model == "bert-large" and large.title.startswith("bert-large")


def test_tasks_are_filtered_and_stand_in_the_order_asked_for(filled):
    store(filled, {(method, "sst2"): [0.9] for method in ("vanilla", "bidrop")})
    (both,) = compared_runs(filled, request("bidrop", "vanilla", tasks="sst2,rte"))
    assert [task.name for task in both.block.tasks] == ["sst2", "rte"]
    (one,) = compared_runs(filled, request("bidrop", "vanilla", tasks="sst2"))
    assert [task.name for task in one.block.tasks] == ["sst2"]


def test_a_method_without_scores_makes_no_pair(filled):
    finish(filled, job_of("mixout", "rte", 0), None)
    assert pairs(filled, "mixout", "bidrop", "vanilla") == [[("bidrop", "vanilla")]]
    with pytest.raises(FtbenchError) as caught:
        compared_runs(filled, request("mixout", "vanilla"))
    assert str(caught.value) == "no scores of two of these methods under one setting: mixout, vanilla"


@pytest.mark.parametrize(
    ("methods", "message"),
    [(("bidrp", "vanilla"), "unknown method 'bidrp'; did you mean 'bidrop'?")],
)
def test_a_name_that_nothing_carries_is_refused(filled, methods, message):
    with pytest.raises(UnknownName) as caught:
        compared_runs(filled, request(*methods))
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("fields", "error", "message"),
    [
        ({"test": "wilcoxn"}, UnknownName, "unknown test 'wilcoxn'; did you mean 'wilcoxon'?"),
        ({"correction": "hol"}, UnknownName, "unknown correction 'hol'; did you mean 'holm'?"),
        ({"region": -0.01}, BadValue, "region -1: give points from 0 to below 100"),
        ({"region": 1.0}, BadValue, "region 100: give points from 0 to below 100"),
    ],
)
def test_what_no_comparison_can_be_is_refused_at_once(fields, error, message):
    with pytest.raises(error) as caught:
        request("bidrop", "vanilla", **fields)
    assert str(caught.value) == message


def test_a_name_alone_means_the_default_setting(filled):
    for k in (3, 4):
        finish(filled, job_of("bidrop", "rte", 0, hparams={"k": k}), 0.6, label=f"bidrop[k={k}]")
    (one,) = compared_runs(filled, request("bidrop", "vanilla"))
    assert [one.labels[key] for key in one.block.compared] == ["bidrop", "vanilla"]
    assert one.aside[-1] == (
        "bidrop: its default setting alone; for the other 2 of this database, too: 'bidrop[*]'."
    )
    assert pairs(filled, "vanilla", "bidrop[k=4]") == [[("vanilla", "bidrop[k=4]")]]
    assert pairs(filled, "bidrop", "bidrop[k=3]") == [[("bidrop", "bidrop[k=3]")]]
    (every,) = pairs(filled, "bidrop[*]", "vanilla")
    assert len(every) == 6


def test_a_name_whose_default_has_no_run_means_the_only_setting_or_is_refused(database):
    store(database, {("vanilla", "rte"): [0.6, 0.7]})
    finish(database, job_of("bidrop", "rte", 0, hparams={"k": 3}), 0.6, label="bidrop[k=3]")
    assert pairs(database, "bidrop", "vanilla") == [[("bidrop[k=3]", "vanilla")]]
    finish(database, job_of("bidrop", "rte", 0, hparams={"k": 4}), 0.6, label="bidrop[k=4]")
    with pytest.raises(BadValue) as refused:
        compared_runs(database, request("bidrop", "vanilla"))
    assert str(refused.value) == (
        "method 'bidrop': no runs with its default setting; name one of bidrop[k=3], bidrop[k=4], or all of "
        "them: 'bidrop[*]'"
    )


def test_a_method_that_is_named_by_its_file_first_is_the_left_one(database):
    store(database, {(method, "rte"): [0.6, 0.7] for method in ("vanilla", "mine")})
    assert pairs(database, "./mine.py", "vanilla") == [[("mine", "vanilla")]]
    assert pairs(database, "vanilla", "./mine.py") == [[("vanilla", "mine")]]
