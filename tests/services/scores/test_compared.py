"""Runs laid out for a comparison: by setting, and with the pairs that they allow."""

from __future__ import annotations

import numpy as np
import pytest

from ftbench.domain.topup import TopupPlan
from ftbench.services.scores.compared import Compared, arranged
from ftbench.services.scores.jobs import MethodKey, reported
from ftbench.services.scores.levels import Topped
from ftbench.services.scores.own import NO_METHODS
from tests.services.report_rows import Rows


def laid_out(rows: Rows, tasks: str = "sst2 rte", topped: list[Topped] | None = None) -> list[Compared]:
    jobs = rows.joined()
    shown = reported(tasks.split(), rows.cells, rows.scores)
    order = list(dict.fromkeys(job.key for job in jobs))
    return list(arranged(jobs, shown, order, NO_METHODS, ", noise 10 %", topped or []))


def names(pairs: tuple[tuple[MethodKey, MethodKey], ...]) -> list[str]:
    return [f"{left.method}-{right.method}" for left, right in pairs]


@pytest.fixture
def rows() -> Rows:
    rows = Rows()
    for at, method in enumerate(("vanilla", "bidrop", "rdrop")):
        rows.jobs(method, "rte", [0.6 + at / 10, 0.7 + at / 10])
        rows.job(method, "sst2", 0, 0.8 + at / 100)
    return rows


def test_pairs_are_of_the_methods_that_have_scores_in_their_order(rows: Rows) -> None:
    rows.job("sam", "rte", 0, state="queued")
    (found,) = laid_out(rows)
    assert names(found.pairs) == ["vanilla-bidrop", "vanilla-rdrop", "bidrop-rdrop"]
    assert found.title == "bert-base · all training rows, noise 10 %"
    assert found.labels[found.pairs[0][1]] == "bidrop"
    assert (found.level, found.said) == (0.05, ())


def test_columns_are_the_tasks_in_their_order_and_the_average_of_whole_seeds(rows: Rows) -> None:
    (found,) = laid_out(rows)
    left, right = found.pairs[0]
    columns = {title: (mine, theirs) for title, mine, theirs in found.columns(right, left)}
    assert list(columns) == ["SST-2", "RTE", "Avg"]
    np.testing.assert_allclose(columns["RTE"], [[0.7, 0.8], [0.6, 0.7]])
    np.testing.assert_allclose(columns["SST-2"], [[0.81, np.nan], [0.8, np.nan]])
    np.testing.assert_allclose(columns["Avg"], [[0.755, np.nan], [0.7, np.nan]])


def test_one_task_is_its_own_average(rows: Rows) -> None:
    rows.cells = [row for row in rows.cells if row.task == "rte"]
    (found,) = laid_out(rows)
    assert [title for title, *_ in found.columns(*found.pairs[0])] == ["RTE"]


def test_runs_of_another_model_and_size_are_compared_apart(rows: Rows) -> None:
    rows.jobs("vanilla", "rte", [0.1, 0.2], model="minilm", train_size=500)
    rows.jobs("bidrop", "rte", [0.3, 0.4], model="minilm", train_size=500)
    first, second = laid_out(rows)
    assert (first.setting.model, second.setting.model) == ("bert-base", "minilm")
    assert second.title == "minilm · 500 training rows, noise 10 %"
    assert [task.name for task in second.block.tasks] == ["rte"]
    assert names(second.pairs) == ["vanilla-bidrop"]
    assert second.block.scores[second.pairs[0][1]].tolist() == [[0.3], [0.4]]


def test_a_setting_with_topped_up_runs_is_marked_at_their_level(rows: Rows) -> None:
    other = rows.job("vanilla", "rte", 0, 0.6, train_size=500)
    plan = TopupPlan("p", (), 0.05, 0.0, (0, 1, 2), (1, 2))
    small, whole = laid_out(rows, topped=[Topped(plan, frozenset({other}))])
    assert (whole.level, whole.said) == (0.05, ())
    assert small.level == 0.025 and small.said == (plan.said(),)


def test_a_diverged_run_is_compared_at_chance_and_said_to_be(rows: Rows) -> None:
    rows.job("bidrop", "rte", 7, state="failed", outcome="diverged", noise=0.1)
    (found,) = laid_out(rows)
    bidrop = next(key for key in found.block.methods if key.method == "bidrop")
    assert 0.5 in found.block.scores[bidrop][-1]
    assert found.said == ("Diverged runs: 1; they score the chance level of their metric.",)
