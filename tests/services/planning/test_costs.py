"""What jobs will take: measured or modelled, and what fits into a budget."""

from __future__ import annotations

import inspect
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ftbench import methods, tasks
from ftbench.db.rows import Axes
from ftbench.domain.job import Job
from ftbench.domain.plan import Plan
from ftbench.domain.recipe import Recipe
from ftbench.domain.task import RowSet, TaskSpec
from ftbench.errors import UsageError
from ftbench.services.planning import costs, queue
from ftbench.services.planning.queue import QueueRequest
from tests.asked import queue_request
from tests.places import data_folder, model_folder

#: A method of one's own that declares nothing, and what it may declare.
PLUGIN = """
from ftbench.methods import Method

class Mine(Method):
    pass
"""
TWICE = """
    def passes(self, task, epochs):
        return 2 if task.regression else 1 + 3 / epochs
"""


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FTBENCH_DATA", str(data_folder(tmp_path / "data")))
    model_folder(tmp_path / "model")
    return tmp_path


def request(**given: Any) -> QueueRequest:
    start = {"suite": "bidrop/table7", "models": "./model", "tasks": "cola", "seeds": "2"}
    return queue_request(**{**start, **given})


def job(method: str = "vanilla", task: str = "cola", **hyperparameters: Any) -> Job:
    values = {**methods.find(method).defaults(), **hyperparameters}
    return Job("bert-base", "", task, "", ("dev",), method, values, 0)


def work(jobs: list[Job]) -> float:
    """The seconds without what every job takes for loading."""
    return costs.estimate(jobs, {}).seconds - costs.OVERHEAD * len(jobs)


# -- the model of the work --------------------------------------------------------------------------------


def test_an_estimate_is_measured_where_it_can_be_and_by_the_stated_model_elsewhere() -> None:
    jobs = [
        p.job
        for p in queue.make_plan(
            request(methods="bidrop", seeds="1", train_size="1", suite="dps/table1")
        ).jobs
    ]
    vanilla, bidrop = jobs
    known = {Axes("folder:model", "cola", "vanilla", 1): 7.0}
    found = costs.estimate(jobs, known)
    # 3 updates of 16 rows of 64 tokens, 110 million parameters, 6 operations, two passes, at 4e13 a second
    by_hand = 20 + 6 * 110e6 * 64 * 3 * 16 * 2 / 4e13
    assert bidrop.recipe == Recipe(optimizer="adamw_hf") and found.seconds == pytest.approx(7.0 + by_hand)
    assert (found.jobs, found.measured) == (2, 1) and "1 of 2 jobs measured" in found.basis
    assert vanilla.method == "vanilla"


@pytest.mark.parametrize(
    ("given", "passes"),
    [
        (job("bidrop", k=3), 3),
        (job("smart", steps=2), 4),
        (job("smart", alpha=0.0), 1),
        (job("r3f"), 2),
        (job("r4f", task="stsb"), 1),
        (job("freelb", steps=3), 3),
        (job("soup", members=5), 5),
        (job("child_tuning_d"), 4 / 3),  # one epoch more than the recipe's three
        (job("lp_ft", probe_epochs=3.0), 4 / 3),  # three more without a backward
        (job("weight_mixup"), 49 / 3),
        (job("weight_mixup", **methods.find("weight_mixup").published), 61 / 3),
    ],
)
def test_passes_are_those_that_the_method_says(given: Job, passes: float) -> None:
    assert work([given]) == pytest.approx(passes * work([job(task=given.task)]))


def test_steps_are_counted_in_epochs_of_the_task() -> None:
    """107 updates are a fifth of an epoch of cola: a pass over all rows takes five times as much."""
    recipe = Recipe(epochs=None, steps=107)
    short = [Job("bert-base", "", "cola", "", (), "child_tuning_d", {"keep_ratio": 0.3}, 0, recipe=recipe)]
    plain = [Job("bert-base", "", "cola", "", (), "vanilla", {}, 0, recipe=recipe)]
    assert work(short) == pytest.approx((1 + 5) * work(plain))


def test_a_grid_of_recipes_is_estimated_recipe_by_recipe() -> None:
    def work_of(epochs: str) -> tuple[int, float]:
        took = costs.estimate_plan(queue.make_plan(request(settings=(f"epochs={epochs}",))), {})
        return took.jobs, took.seconds

    (n, one), (m, three), (both, together) = map(work_of, ("1", "3", "1|3"))
    assert both == n + m == 2 * n and together == pytest.approx(one + three) and three > one


def test_a_method_of_ones_own_is_estimated_by_what_it_declares(places: Path) -> None:
    def planned(body: str, task: str) -> float:
        (places / "mine.py").write_text(PLUGIN + body)
        plan = queue.make_plan(queue_request(methods="./mine.py", models="./model", tasks=task, seeds="1"))
        plain, mine = sorted(plan.jobs, key=lambda p: p.job.method != "vanilla")
        took = [costs.estimate_plan(Plan((one,), ()), {}).seconds - costs.OVERHEAD for one in (plain, mine)]
        (places / "mine.py").unlink()  # its jobs carry what it said of itself
        assert costs.estimate_plan(Plan((mine,), ()), {}).seconds == pytest.approx(took[1] + costs.OVERHEAD)
        bare = replace(mine, places={})
        assert costs.estimate_plan(Plan((bare,), ()), {}).seconds == pytest.approx(took[0] + costs.OVERHEAD)
        return took[1] / took[0]

    assert planned("", "cola") == 1
    assert planned(TWICE, "cola") == pytest.approx(2)  # three epochs
    assert planned(TWICE, "toy-sim") == pytest.approx(2)


def test_rows_are_those_that_the_task_says(monkeypatch: pytest.MonkeyPatch) -> None:
    assert all(entry.spec.train_rows for entry in tasks.available() if entry.spec is not None)
    for rows, updates in ((1600, 300), (None, 1875)):  # of 16 rows in 3 epochs; 10,000 where nothing is said
        spec = TaskSpec("own", "Own", "own", ("a", "b"), "accuracy", RowSet("train"), (), train_rows=rows)
        monkeypatch.setattr(tasks, "find", lambda name, spec=spec: spec)
        assert work([job(task="own")]) == pytest.approx(6 * 110e6 * 64 * updates * 16 / 4e13)


def test_the_estimate_names_no_method() -> None:
    words = set(re.findall(r"\w+", inspect.getsource(costs)))
    assert not words & {entry.name for entry in methods.available()}


# -- a budget ---------------------------------------------------------------------------------------------


def test_a_budget_keeps_whole_seeds() -> None:
    whole = queue.make_plan(request(seeds="5"))
    known = {Axes("folder:model", "cola", name, None): 600.0 for name in ("vanilla", "bidrop")}
    kept, out = costs.capped(whole, 2.5, known)  # six jobs of ten minutes a seed
    assert (len(kept.jobs), out) == (12, 3)
    assert {p.job.seed for p in kept.jobs} == {0, 1}
    with pytest.raises(UsageError, match=r"one seed of this grid takes about 1\.0 hours"):
        costs.capped(whole, 0.5, known)


def test_a_budget_leaves_no_seed_out_between_two_that_it_keeps() -> None:
    whole = queue.make_plan(request(seeds="3"))
    known = {Axes("folder:model", "cola", name, None): 600.0 for name in ("vanilla", "bidrop")}
    *others, last = [p for p in whole.jobs if p.job.seed == 2]
    short = Plan(tuple(p for p in whole.jobs if p not in others), ())
    kept, out = costs.capped(short, 1.2, known)  # the one job of seed 2 would fit, those of seed 1 do not
    assert last in short.jobs
    assert ({p.job.seed for p in kept.jobs}, out) == ({0}, 2)
