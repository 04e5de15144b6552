"""Suites under axes of one's own, queued, and within a budget."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftbench import suites
from ftbench.domain.recipe import Recipe
from ftbench.errors import DataError, UnknownName, UsageError
from ftbench.services.planning import queue
from ftbench.services.planning.queue import QueueRequest
from ftbench.services.planning.suite_grid import adapted, differs, doubled
from tests.asked import asked, queue_request
from tests.places import data_folder, model_folder


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FTBENCH_DATA", str(data_folder(tmp_path / "data")))
    model_folder(tmp_path / "model")
    return tmp_path


def under(name: str, **given: str) -> list[tuple[str, str]]:
    return [(block.title, block.setting) for block in adapted(suites.find(name), asked(**given)).blocks]


def test_a_ratio_concerns_the_blocks_that_have_one() -> None:
    titles = [title for title, _ in under("bidrop/table5", noise="0.1")]
    reduced = [f"label 1 reduced by {n} %" for n in (70, 60, 50)]
    assert titles == ["clean", "noise 10 %", *reduced]
    assert ("noise 20 %", "noise=0.2") in under("bidrop/table5", noise="0.2")


def test_a_ratio_concerns_all_blocks_where_none_has_one() -> None:
    assert under("dps/table5", noise="0.1") == [("noise 10 %", "noise=0.1")]


def test_training_rows_concern_all_and_keep_the_printed_numbers_beside_them() -> None:
    assert under("bidrop/table6", train_size="500") == [("500 rows", "n=500")]
    suite = adapted(suites.find("bidrop/table4"), asked(perturb=("train_size=300",), models="minilm"))
    assert [b.setting for b in suite.blocks] == ["ood:train=snli,n=5000", "ood:train=mnli,n=5000"]
    assert suite.blocks[0].departs == (
        "300 training rows, not 5000 training rows",
        "model minilm, not bert-large",
    )
    assert suite.blocks[0].printed_model == "bert-large"


def test_training_rows_stand_in_the_titles_only_where_they_tell_conditions_apart() -> None:
    given = {"noise": "0,0.1", "reduction": "0.6"}
    one = under("bidrop/table5", train_size="500", **given)
    assert [title for title, _ in one] == ["clean", "noise 10 %", "label 1 reduced by 60 %"]
    two = [title for title, _ in under("bidrop/table5", train_size="300,500", **given)]
    assert two[:2] == ["clean, 300 training rows", "clean, 500 training rows"] and len(set(two)) == len(two)


def test_several_models_become_one_and_lose_the_printed_numbers() -> None:
    suite = adapted(suites.find("bidrop/table3"), asked(models="minilm"))
    assert [b.model for b in suite.blocks] == ["minilm"] and suite.blocks[0].printed_model == "-"
    kept = adapted(suites.find("bidrop/table3"), asked(models="bert-large"))
    assert [b.model for b in kept.blocks] == ["bert-large"]


def test_methods_are_chosen_and_others_get_a_line_of_their_own() -> None:
    suite = adapted(suites.find("dps/table1"), asked(methods="dps-dense,bidrop[k=3]"))
    assert [line.title for line in suite.blocks[0].lines] == [
        "vanilla fine-tuning",
        "DPS Dense",
        "Bi-Drop (k=3)",
    ]
    assert [line.ours for line in suite.blocks[0].lines] == [False, False, True]


def test_how_it_departs_is_said_in_words() -> None:
    given = asked(models="minilm", seeds="3", perturb=("train_size=500",), settings=("lr=1e-4",))
    assert differs(suites.find("bidrop/table2"), given) == (
        "minilm instead of bert-large",
        "3 seeds instead of 10",
        "training rows 500 instead of all",
        "lr=1e-4",
    )
    (told,) = differs(suites.find("bidrop/table2"), asked(settings=("lr=1e-4|5e-4",)))
    assert told == "lr=1e-4|5e-4"
    assert differs(suites.find("bidrop/table2"), asked(models="bert-large", seeds="10")) == ()


@pytest.mark.parametrize(
    ("name", "given", "told"),
    [
        ("bidrop/table4", {"tasks": "cola"}, "has no cells with --tasks cola"),
        ("bidrop/table2", {"tasks": "colb"}, "did you mean 'cola'"),
        ("bidrop/table2", {"methods": "bidrob"}, "did you mean 'bidrop'"),
    ],
)
def test_what_leaves_nothing_or_does_not_exist_is_refused(
    name: str, given: dict[str, str], told: str
) -> None:
    with pytest.raises(UsageError, match=told):
        adapted(suites.find(name), asked(**given))


def request(**given: str) -> QueueRequest:
    start = {"suite": "bidrop/table7", "models": "./model", "tasks": "cola", "seeds": "2"}
    return queue_request(**{**start, **given})


def test_data_that_are_not_there_are_named() -> None:
    with pytest.raises(DataError, match="MRPC/train.tsv"):
        queue.make_plan(request(tasks="cola,mrpc"))
    with pytest.raises(UsageError, match="a suite has its own evaluation sets"):
        queue.make_plan(request(evaluate="stsb"))
    with pytest.raises(UnknownName, match="unknown suite"):
        queue.make_plan(request(suite="bidrop/table99"))


def test_half_of_an_odd_number_of_updates_is_rounded_up() -> None:
    plain = Recipe(epochs=None, steps=5, warmup_ratio=None, warmup_steps=3, batch_size=8)
    assert doubled(plain, "epochs") == {"batch_size": 16, "steps": 3, "warmup_steps": 2}
    assert doubled(plain, "updates") == {"batch_size": 16}
    assert doubled(Recipe(epochs=3, batch_size=8), "updates") == {"batch_size": 16, "epochs": 6}
