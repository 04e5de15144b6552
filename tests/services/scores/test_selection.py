"""Which jobs the filters mean, by any of their names."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftbench.db import JobFilter
from ftbench.domain import axes
from ftbench.errors import UnknownName
from ftbench.render.table import Row
from ftbench.services.scores.selection import Selection, in_order, roughly
from tests.places import model_folder
from tests.services.report_rows import Rows


@pytest.fixture
def rows() -> Rows:
    """Each job another one: its seed says which."""
    rows = Rows()
    rows.job("vanilla", "rte", 0)
    rows.job("bidrop", "rte", 1, hparams_={"k": 2})
    rows.job("bidrop", "sst2", 2, hparams_={"k": 3}, label="bidrop[k=3]")
    rows.job("rdrop", "stsb", 3, model="minilm")
    rows.job("mine", "theirs", 4, model="someone/model")
    return rows


def let(rows: Rows, **asked: tuple[str, ...]) -> list[int]:
    """The seeds of the jobs that are let through."""
    methods = tuple(axes.methods(",".join(asked.pop("methods", ()))))
    return [cell.seed for cell in Selection(methods=methods, **asked).lets_through(rows.cells)]


def test_an_empty_selection_lets_everything_through(rows: Rows) -> None:
    assert let(rows) == [0, 1, 2, 3, 4]


def test_methods_are_found_by_alias_label_and_hyper_parameters_and_the_baseline_stays(rows: Rows) -> None:
    assert let(rows, methods=("Bi-Drop",)) == [0, 1, 2]
    assert let(rows, methods=("bidrop[k=3]",)) == [0, 2]
    assert let(rows, methods=("bidrop[k=3.0]", "r_drop")) == [0, 2, 3]
    assert let(rows, methods=("./plugins/mine.py",)) == [0, 4]


def test_the_baseline_is_the_one_that_was_named_or_none(rows: Rows) -> None:
    rdrop, bidrop = axes.methods("rdrop,bidrop[k=3]")
    seeds = [
        [cell.seed for cell in Selection(methods=(rdrop,), baseline=base).lets_through(rows.cells)]
        for base in (bidrop, axes.methods("Bi-Drop")[0], None)
    ]
    assert seeds == [[2, 3], [1, 2, 3], [3]]
    assert Selection(baseline=None).baseline_label == ""


def test_models_and_tasks_are_found_by_any_of_their_names(rows: Rows) -> None:
    assert let(rows, models=("bert-base-uncased",)) == [0, 1, 2]
    assert let(rows, models=("someone/model", "minilm")) == [3, 4]
    assert let(rows, tasks=("SST-2",)) == [2]
    assert let(rows, tasks=("glue-small", "theirs")) == [0, 1, 3, 4]
    assert let(rows, models=("minilm",), tasks=("rte",)) == []


def test_a_models_folder_is_known_by_its_name(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "own")
    assert Selection(models=(str(folder), "bert-large@v1")).model_ids() == ["folder:own", "bert-large"]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"models": ("minilmm",)}, "unknown model 'minilmm'; did you mean 'minilm'"),
        ({"tasks": ("theirz",)}, "unknown task 'theirz'; did you mean 'theirs'"),
        ({"methods": axes.methods("mime")}, "unknown method 'mime'; did you mean 'mine'"),
        ({"baseline": axes.methods("vanila")[0]}, "unknown method 'vanila'; did you mean 'vanilla'"),
    ],
)
def test_a_name_that_neither_jobs_nor_registries_carry_is_refused(
    rows: Rows, asked: dict[str, tuple[str, ...]], message: str
) -> None:
    with pytest.raises(UnknownName) as caught:
        Selection(**asked).check(rows.cells)
    assert str(caught.value).startswith(message)


def test_names_of_the_jobs_places_and_files_pass(rows: Rows) -> None:
    methods = axes.methods("mine,./other.py,sam")
    Selection(("someone/model", "me/unknown", "roberta-base"), ("theirs", "cola"), methods).check(rows.cells)


def test_methods_of_which_a_report_has_no_row_are_told() -> None:
    asked = axes.methods("bidrop[k=3],rdrop,r3f")
    shown = [Row("bidrop", "bidrop", {"k": 2}, ()), Row("rdrop", "rdrop", {}, ())]
    assert [choice.text for choice in Selection(methods=asked).absent(shown)] == ["bidrop[k=3]", "r3f"]


def test_tasks_stand_in_the_order_asked_for_else_in_that_of_the_listing() -> None:
    assert in_order(["rte", "theirs", "cola", "rte"], []) == ["cola", "rte", "theirs"]
    assert in_order(["cola", "mrpc", "rte"], ["rte", "cola"]) == ["rte", "cola", "mrpc"]


def test_a_rough_filter_lets_the_chosen_jobs_through_and_all_is_no_filter(rows: Rows) -> None:
    assert roughly(rows.cells, rows.cells) == JobFilter()
    some = roughly(rows.cells[:2], rows.cells)
    assert (some.models, some.tasks, set(some.methods)) == (("bert-base",), ("rte",), {"vanilla", "bidrop"})
    assert roughly([], rows.cells).models == ("",)  # a value that no job has: nothing, not all
