"""The grid as a heat map."""

from __future__ import annotations

from ftbench.db.board_rows import GridCount
from ftbench.domain.perturbation import Perturbation
from ftbench.domain.result import State
from ftbench.services.board.grid import heat_maps

CLEAN, NOISY = Perturbation.of({}), Perturbation.of({"noise": 0.1})


def count(
    label: str, task: str, jobs: int, state: State = State.DONE, change: Perturbation = CLEAN
) -> GridCount:
    return GridCount(label, "tiny", task, change, state, jobs=jobs)


def test_what_was_never_queued_is_missing() -> None:
    (found,) = heat_maps([count("a", "cola", 5), count("b", "rte", 5), count("a", "rte", 2, State.QUEUED)])
    kinds = {
        (label, column): cell.kind
        for label, cells in found.rows
        for column, cell in zip(found.columns, cells, strict=True)
    }
    assert kinds == {
        ("a", ("cola", "")): "done",
        ("a", ("rte", "")): "queued",
        ("b", ("cola", "")): "missing",
        ("b", ("rte", "")): "done",
    }
    assert found.missing == 1


def test_conditions_of_a_task_stand_beside_each_other() -> None:
    (found,) = heat_maps([count("a", "cola", 1), count("a", "rte", 1), count("a", "cola", 1, change=NOISY)])
    assert found.columns == (("cola", ""), ("cola", "noise 0.1"), ("rte", ""))


def test_a_cell_says_how_far_it_is_and_what_is_worst() -> None:
    rows = [
        count("a", "cola", 5),
        count("b", "cola", 3),
        count("c", "cola", 3),
        count("c", "cola", 2, State.FAILED),
    ]
    (found,) = heat_maps([*rows, count("d", "cola", 1, State.RUNNING)])
    cells = {label: cell for label, (cell,) in found.rows}
    assert {label: cell.kind for label, cell in cells.items()} == {
        "a": "done",
        "b": "fewer",
        "c": "failed",
        "d": "running",
    }
    assert {label: cell.tenths for label, cell in cells.items()} == {"a": 10, "b": 6, "c": 6, "d": 0}
    assert cells["b"].words == "3 done, 2 not queued" and cells["c"].words == "3 done, 2 failed"


def test_methods_are_counted_against_those_of_their_column() -> None:
    (found,) = heat_maps([count("a", "cola", 10), count("b", "cola", 9), count("a", "rte", 3)])
    (_, (full, small)), (_, (fewer, missing)) = found.rows
    assert [cell.kind for cell in (full, small, fewer, missing)] == ["done", "done", "fewer", "missing"]
    assert small.wanted == missing.wanted == 3 and small.tenths == 10


def test_each_model_has_a_map() -> None:
    rows = [count("a", "cola", 1), GridCount("a", "other", "cola", CLEAN, State.DONE, jobs=1)]
    assert [one.model for one in heat_maps(rows)] == ["tiny", "other"]


def test_trials_have_a_map_of_their_own_and_leave_runs_complete() -> None:
    trials = GridCount("a", "tiny", "cola", CLEAN, State.DONE, "lr", 24)
    runs, of_study = heat_maps([count("a", "cola", 5), trials])
    assert (runs.study, of_study.model, of_study.study) == ("", "tiny", "lr")
    assert [cell.kind for _, cells in (*runs.rows, *of_study.rows) for cell in cells] == ["done", "done"]
