"""Plans: grids become jobs, each once, in an order that fills every cell evenly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from ftbench.domain import plan
from ftbench.domain.model import ModelRef, ModelSpec
from ftbench.domain.perturbation import Perturbation
from ftbench.domain.task import DataRef, RowSet, TaskSpec
from ftbench.errors import UnknownName
from ftbench.perturbations import grid_of

TRAIN, DEV = RowSet("train"), RowSet("dev")
COLA = plan.GridTask(
    TaskSpec("cola", "CoLA", "glue", ("0", "1"), "matthews", TRAIN, (DEV,)), DataRef("f", "d1"), 800
)
STSB = plan.GridTask(
    TaskSpec("stsb", "STS-B", "glue", (), "spearman", TRAIN, (DEV,)), DataRef("f", "d2", "/data")
)


def model(name: str = "bert", recipe: Mapping[str, Any] | None = None) -> plan.GridModel:
    return plan.GridModel(
        ModelRef(name, "main"), ModelSpec(name, "hub/" + name, "bert", 1), lambda task: recipe or {}
    )


def method(name: str = "vanilla", refuses: str | None = None, **recipe: Any) -> plan.GridMethod:
    return plan.GridMethod(name, name, {}, recipe, lambda m, t: refuses if t.name == "cola" else None)


def grid(**axes: Any) -> plan.Grid:
    start: dict[str, Any] = {"models": (model(),), "tasks": (COLA,), "methods": (method(),), "seeds": (0, 1)}
    return plan.Grid(**start | axes)


def perturbed(**spec: Any) -> plan.GridPerturbation:
    return grid_of(Perturbation.of(spec))


def test_axes_are_crossed_with_seeds_outermost() -> None:
    whole = plan.crossed([grid(tasks=(COLA, STSB), methods=(method(), method("rdrop")))])
    assert [(p.job.seed, p.job.task, p.job.method) for p in whole.jobs] == [
        (0, "cola", "vanilla"),
        (0, "cola", "rdrop"),
        (0, "stsb", "vanilla"),
        (0, "stsb", "rdrop"),
        (1, "cola", "vanilla"),
        (1, "cola", "rdrop"),
        (1, "stsb", "vanilla"),
        (1, "stsb", "rdrop"),
    ]


def test_a_job_of_two_grids_is_planned_once() -> None:
    assert len(plan.crossed([grid(), grid(seeds=(1, 2))]).jobs) == 3


def test_recipes_are_layered_model_method_settings() -> None:
    axes: dict[str, Any] = {
        "models": (model(recipe={"lr": 1e-4, "epochs": 5, "batch_size": 8}),),
        "methods": (method(lr=1e-3, epochs=6),),
    }
    (first, *_) = plan.crossed([grid(settings=({"lr": "5e-5"},), **axes)]).jobs
    assert (first.job.recipe.lr, first.job.recipe.epochs, first.job.recipe.batch_size) == (5e-5, 6, 8)


def test_each_of_several_recipes_stands_over_what_a_model_brings_to_each_task() -> None:
    own = {"cola": {"steps": 100, "lr": 1e-5}, "stsb": {"steps": 300}}
    bert = replace(model(), recipe=lambda task: own[task])
    two = ({"lr": "1e-4"}, {"epochs": "2"})
    whole = plan.crossed([grid(models=(bert,), tasks=(COLA, STSB), seeds=(0,), settings=two)])
    assert [(p.job.task, p.job.recipe.lr, p.job.recipe.steps, p.job.recipe.epochs) for p in whole.jobs] == [
        ("cola", 1e-4, 100, None),
        ("cola", 1e-5, None, 2),
        ("stsb", 1e-4, 300, None),
        ("stsb", 2e-5, None, 2),
    ]


def test_an_unknown_setting_is_named() -> None:
    with pytest.raises(UnknownName, match="recipe setting 'lrr'"):
        plan.crossed([grid(settings=({"lr": "1"}, {"lrr": "1"}))])


def test_regression_tasks_are_left_out_of_noise_and_reduction_but_not_of_the_clean_cells() -> None:
    changes = [perturbed(reduction=r, noise=x) for r in (0.0, 0.5) for x in (0.0, 0.1)]
    whole = plan.crossed([grid(tasks=(COLA, STSB), perturbations=tuple(changes))])
    assert sum(p.job.task == "cola" for p in whole.jobs) == 8
    assert [p.job.perturbation for p in whole.jobs if p.job.task == "stsb"] == [Perturbation()] * 2
    assert sum(cell.jobs for cell in whole.left_out) == 6
    assert {cell.cell for cell in whole.left_out} == {"stsb with noise 0.1", "stsb with reduction 0.5"}
    assert all("regression" in cell.reason for cell in whole.left_out)


def test_what_a_method_does_not_support_is_left_out_with_its_reason() -> None:
    whole = plan.crossed([grid(tasks=(COLA, STSB), methods=(method(refuses="no heads"), method("b")))])
    assert [(c.cell, c.reason, c.jobs) for c in whole.left_out] == [("vanilla on bert, cola", "no heads", 2)]
    assert len(whole.jobs) == 6


def test_more_training_rows_than_there_are_are_left_out() -> None:
    whole = plan.crossed([grid(perturbations=(perturbed(train_size=800), perturbed(train_size=801)))])
    assert [p.job.perturbation.train_size for p in whole.jobs] == [800, 800]
    assert whole.left_out == (plan.LeftOut("cola with train size 801", "CoLA has 800 training rows", 2),)


def test_places_are_not_part_of_the_identity() -> None:
    planned = plan.crossed([grid(tasks=(STSB,))]).jobs[0]
    assert planned.places == {"model": None, "data": "/data", "plugins": []}
    assert "/data" not in str(planned.job.canonical())
    assert planned.digest == planned.job.digest


def test_streams_are_varied_one_at_a_time_and_a_jobs_own_seed_is_the_job_itself() -> None:
    whole = plan.varied(plan.crossed([grid(seeds=(1,))]), ("head", "order"), (1, 2))
    assert [(p.job.seed, dict(p.job.streams)) for p in whole.jobs] == [
        (1, {}),
        (1, {"head": 2}),
        (1, {"order": 2}),
    ]
    assert [p.digest for p in whole.jobs] == [p.job.digest for p in whole.jobs]


def test_rows_of_other_tasks_tell_where_the_data_are_where_the_task_has_no_folder() -> None:
    alone = replace(COLA, others={"stsb:dev@linear": STSB.data})
    (planned,) = plan.crossed([grid(tasks=(alone,), seeds=(0,))]).jobs
    assert planned.places["data"] == "/data" and planned.job.others == {"stsb:dev@linear": "d2"}
    (own,) = plan.crossed([grid(tasks=(STSB,), seeds=(0,))]).jobs
    assert own.places["data"] == "/data"


def test_trials_are_scored_on_held_out_rows_alone() -> None:
    (planned,) = plan.crossed([grid(seeds=(1000,), held_out=("held_out",))]).jobs
    (ordinary,) = plan.crossed([grid(seeds=(1000,))]).jobs
    assert planned.job.evaluation == ("held_out",) and ordinary.job.evaluation == ("dev",)
    assert planned.digest != ordinary.digest


@pytest.mark.parametrize(("rows", "change"), [(199, {}), (800, {"train_size": 150})])
def test_a_task_with_too_few_rows_for_a_trial_is_left_out_and_named(
    rows: int, change: dict[str, int]
) -> None:
    task = replace(COLA, rows=rows)
    whole = plan.crossed([grid(tasks=(task,), perturbations=(perturbed(**change),), held_out=("held_out",))])
    (left,) = whole.left_out
    assert not whole.jobs and left.cell == "cola" and left.jobs == 2
    assert left.reason.startswith(f"{change.get('train_size', rows)} training rows are too few")


def test_rows_that_are_not_known_leave_nothing_out() -> None:
    assert plan.crossed([grid(tasks=(replace(COLA, rows=None),), held_out=("held_out",))]).jobs


@pytest.mark.parametrize(
    ("change", "settings", "held_out", "refused"),
    [
        ({}, {}, (), "leave none of the job's 150 updates between them"),  # 3 epochs of 800 rows, 16 a batch
        ({}, {"epochs": "4"}, (), ""),
        ({}, {"steps": "100"}, (), "the job's 100 updates"),
        ({"train_size": 160}, {"epochs": "4"}, (), "the job's 40 updates"),
        ({}, {"epochs": "4"}, ("held_out",), "the job's 176 updates"),
        ({"noise": 0.1}, {}, (), ""),  # what becomes of the rows is seen when the job begins
        ({"noise": 0.1}, {"steps": "100"}, (), "the job's 100 updates"),
    ],
)
def test_a_method_whose_work_begins_after_the_jobs_end_is_left_out(
    change: dict[str, Any], settings: dict[str, str], held_out: tuple[str, ...], refused: str
) -> None:
    slow = replace(method("slow"), hparams={"tinit": 100, "tfinal": 80})
    axes = {"perturbations": (perturbed(**change),), "settings": (settings,), "held_out": held_out}
    whole = plan.crossed([grid(methods=(slow,), seeds=(0,), **axes)])
    assert [refused in one.reason for one in whole.left_out] == [True] * bool(refused)
    assert len(whole.jobs) == (not refused)
