"""What can be wrong with a task that a package brings."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ftbench import tasks
from ftbench.domain.task import HubSplit, RowSet, TaskSpec, TsvFile
from ftbench.tasks import check
from ftbench.training import evaluation
from tests.tasks import layouts

GOOD = layouts.pairs()
SCORES = layouts.pairs(regression=True)
TSV, HUB = GOOD.train.tsv, GOOD.train.hub
assert TSV is not None and HUB is not None
BARE = replace(TSV, header=False, text=(0, 1), label=2, width=3)


def rows(name: str = "dev", tsv: TsvFile | None = TSV, hub: HubSplit | None = HUB) -> RowSet:
    return RowSet(name, tsv, hub)


@pytest.mark.parametrize("name", tasks.names())
def test_the_tasks_that_come_with_ftbench_are_right(name: str) -> None:
    found = tasks.find(name)
    made = "builtin: rows come from files or the hub" if found.builtin else ""
    assert check.wrong(found).partition(";")[0] == made  # the last thing that is looked at but for rows


@pytest.mark.parametrize(
    "task",
    [
        GOOD,
        SCORES,
        replace(GOOD, labels=("a", "b", "c"), metric="accuracy_label1"),
        replace(GOOD, metric="matthews", label_names={"0": 0, "y": 1, "Yes": 1}),
        replace(SCORES, metric="mse", label_range=None),
        replace(GOOD, train=rows("train", BARE), evaluation=(rows("dev", BARE), rows("test", BARE))),
        replace(GOOD, train=rows("train", None), evaluation=(rows("dev", None),)),
        replace(GOOD, train=rows("train", hub=None), evaluation=(rows("dev", hub=None),)),
    ],
)
def test_a_task_that_can_be_read_and_reported_is_right(task: TaskSpec) -> None:
    assert check.wrong(task) == ""


@pytest.mark.parametrize("task", [GOOD, SCORES, replace(GOOD, labels=("a", "b", "c"))])
def test_the_metrics_that_a_task_may_report_are_those_that_are_computed(task: TaskSpec) -> None:
    logits, labels = np.eye(3, task.outputs, dtype=np.float32), np.asarray([0.0, 1.0, 1.0])
    for metric in check.metrics_of(task):
        assert metric in evaluation.scored(replace(task, metric=metric), logits, labels)


WRONG: list[tuple[TaskSpec, dict[str, Any], str]] = [
    (
        GOOD,
        {"metric": "f1_macro"},
        "metric 'f1_macro' is not computed for 2 classes; did you mean 'macro",
    ),
    (GOOD, {"metric": "acuracy"}, "metric 'acuracy' is not computed for 2 classes; did you mean 'accuracy'?"),
    (GOOD, {"metric": "spearman"}, "metric 'spearman' is not computed for 2 classes"),
    (GOOD, {"labels": ("a", "b", "c"), "metric": "f1"}, "metric 'f1' is not computed for 3 classes"),
    (SCORES, {"metric": "accuracy"}, "metric 'accuracy' is not computed for regression"),
    (GOOD, {"metric": None}, "metric 'None' is not computed"),
    (GOOD, {"evaluation": ()}, "evaluation: no sets"),
    (GOOD, {"evaluation": rows()}, "give a tuple of RowSets"),
    (GOOD, {"evaluation": (rows(), rows())}, "set 'dev' stands there twice"),
    (GOOD, {"evaluation": (rows("train"),)}, "set 'train' stands there twice"),
    (GOOD, {"evaluation": (rows("a:b"),)}, "set 'a:b': letters"),
    (GOOD, {"train": None}, "train None: give a RowSet"),
    (GOOD, {"train": RowSet("train")}, "set 'train' has no"),
    (GOOD, {"train": RowSet("train"), "evaluation": (RowSet("dev"),)}, "give all sets one of both"),
    (GOOD, {"evaluation": (rows(hub=None),)}, "set 'dev' has no split of the hub, though others have"),
    (GOOD, {"evaluation": (rows(tsv=None),)}, "set 'dev' has no file, though others have"),
    (GOOD, {"evaluation": (rows(hub=replace(HUB, dataset="me/other")),)}, "of several data sets"),
    (GOOD, {"train": rows("train", replace(TSV, text=("first",)))}, "text: give one column, or two"),
    (GOOD, {"train": rows("train", replace(TSV, text=(0, 1)))}, "the header names the columns"),
    (GOOD, {"train": rows("train", replace(BARE, label=3))}, "columns are numbers, 0 to 2"),
    (GOOD, {"train": rows("train", replace(BARE, width=0))}, "below width, which is not given"),
    (GOOD, {"train": rows("train", replace(TSV, path="../train.tsv"))}, "is not below the data folder"),
    (GOOD, {"train": rows("train", replace(TSV, path="/train.tsv"))}, "is not below the data folder"),
    (GOOD, {"labels": ["no", "yes"]}, "give a tuple of names"),
    (GOOD, {"labels": "no"}, "give a tuple of names"),
    (GOOD, {"labels": (0, 1)}, "give a tuple of names"),
    (GOOD, {"labels": ("yes",)}, "one class leaves nothing to predict"),
    (GOOD, {"labels": ("yes", "Yes")}, "two classes differ by nothing"),
    (GOOD, {"label_names": {"2": 2}}, "label_names: 2 for '2' is not one of 0 to 1"),
    (GOOD, {"label_names": {"1": "yes"}}, "label_names: 'yes' for '1' is not one of 0 to 1"),
    (GOOD, {"label_names": {1: 1}}, "label_names: 1 is no text"),
    (GOOD, {"label_names": {"no": 1}}, "'no' stands for class 1, but is the name of another"),
    (GOOD, {"label_names": ("no", "yes")}, "give a mapping"),
    (SCORES, {"label_names": {"low": 0}}, "has no place in regression"),
    (GOOD, {"label_range": (0, 1)}, "label_range: for regression alone"),
    (SCORES, {"label_range": (5.0, 0.0)}, "give the smallest and the largest label"),
    (SCORES, {"label_range": (0.0, float("inf"))}, "give the smallest and the largest label"),
    (GOOD, {"name": "a,b"}, "name 'a,b': letters"),
    (GOOD, {"name": ""}, "name '': letters"),
    (GOOD, {"name": "rte@linear"}, "name 'rte@linear': letters"),
    (GOOD, {"benchmark": "my tasks"}, "benchmark 'my tasks': letters"),
    (GOOD, {"title": "two\nlines"}, "give one line of text"),
    (GOOD, {"title": None}, "give one line of text"),
    (GOOD, {"builtin": True}, "only ftbench's own tasks are generated"),
]


@pytest.mark.parametrize(("task", "change", "said"), WRONG)
def test_what_is_wrong_is_told_in_one_line(task: TaskSpec, change: dict[str, Any], said: str) -> None:
    told = check.wrong(replace(task, **change))
    assert said in told and "\n" not in told
