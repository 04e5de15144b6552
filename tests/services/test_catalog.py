"""What methods, tasks and models say of themselves."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import pytest

from ftbench.domain import hparams
from ftbench.domain.hparams import hparam
from ftbench.errors import UnknownName
from ftbench.methods.base import FAMILIES
from ftbench.services import catalog
from tests.tasks.layouts import write


@dataclass(frozen=True)
class Settings:
    """One hyper-parameter of each kind."""

    closed: float = hparam(0.5, range=(0, 1), unit="rows", help="A share.", grid=(0.1, 0.5))
    left: float = hparam(0.5, range=(0, 1), open="low")
    right: float = hparam(0.5, range=(0, 1), open="high")
    both: float = hparam(0.5, range=(0, 1), open="both")
    endless: int = hparam(2, range=(1, math.inf))
    kind: str = hparam("a", choices=("a", "b"))
    free: str = hparam("x")


def test_a_setting_tells_its_range_choices_unit_and_grid() -> None:
    rows = {row["name"]: row for row in map(catalog.setting, hparams.describe(Settings))}
    assert rows["closed"] == {
        "name": "closed",
        "default": 0.5,
        "values": "[0, 1]",
        "unit": "rows",
        "grid": [0.1, 0.5],
        "help": "A share.",
    }
    told = {name: row["values"] for name, row in rows.items() if name != "closed"}
    assert told == {
        "left": "(0, 1]",
        "right": "[0, 1)",
        "both": "(0, 1)",
        "endless": "[1, inf)",
        "kind": "a|b",
        "free": "",
    }


def test_methods_stand_by_family_and_broken_files_last_with_their_error(tmp_path: Path) -> None:
    source = ("from ftbench.methods import Method", "class Own(Method):", "    '''Own.'''")
    own = write(tmp_path / "aaa.py", *source, "    title = 'Mine'", "    family = 'baseline'")
    strange = write(tmp_path / "strange.py", *source, "    family = 'my own'")
    broken = write(tmp_path / "broken.py", "1 / 0")
    rows = catalog.list_methods([str(own), str(strange), str(broken)])
    names = [row["name"] for row in rows]
    assert names[0] == "aaa" and names.index("vanilla") == 1
    assert names[-2:] == ["broken", "strange"]
    *known, bad, odd = rows
    order = [(FAMILIES.index(row["family"]), row["name"]) for row in known]
    assert order == sorted(order) and len(order) > 20
    assert "ZeroDivisionError" in bad["error"] and bad["title"] == ""
    assert (rows[0]["title"], rows[0]["error"], odd["family"]) == ("Mine", None, "my own")
    assert all(row["paper"] and row["cost"] and not row["error"] for row in known[1:])


def test_a_methods_card_is_what_its_class_says() -> None:
    card = catalog.method_card("Bi-Drop")
    assert (card["name"], card["title"], card["family"]) == ("bidrop", "Bi-Drop", "sub-network")
    values = {row["name"]: (row["default"], row["values"]) for row in card["hyper-parameters"]}
    assert (values["k"], values["keep_ratio"]) == ((2, "[1, 64]"), (0.7, "(0, 1]"))
    assert "bi_drop" in card["aliases"] and card["differs"] and card["formula"]
    assert catalog.method_card("dps_dense")["published"]["frozen"] == "drifting"
    assert catalog.method_card("vanilla")["hyper-parameters"] == []
    assert catalog.method_card("lora")["recipe"] == {"lr": 3e-4, "epochs": 20, "warmup_ratio": 0.06}
    with pytest.raises(UnknownName, match="unknown method 'bidrp'; did you mean 'bidrop'"):
        catalog.method_card("bidrp")


def test_a_tasks_card_says_what_is_predicted_and_where_its_rows_are() -> None:
    mnli, stsb = catalog.task("mnli"), catalog.task("STS-B")
    assert (mnli["outputs"], mnli["metric"], mnli["reported"]) == ("3 classes", "accuracy", "mnli")
    assert mnli["classes"] == ["entailment", "neutral", "contradiction"] and mnli["range"] is None
    assert mnli["evaluation"] == ["mnli", "mnli-mm"]
    assert mnli["files"] == [f"MNLI/{name}.tsv" for name in ("train", "dev_matched", "dev_mismatched")]
    assert mnli["hub"][1].endswith("mnli (validation_matched)")
    assert (stsb["outputs"], stsb["range"], stsb["classes"]) == ("a number", [0.0, 5.0], [])
    rows = {row["name"]: row for row in catalog.list_tasks()}
    assert rows["stsb"] == {
        "name": "stsb",
        "title": "STS-B",
        "benchmark": "glue",
        "outputs": "a number",
        "metric": "spearman",
        "reported": "dev",
        "error": "",
    }


def test_a_models_card_has_its_recipe_task_by_task() -> None:
    card = catalog.model("bert-large")
    listed = {row["name"]: row for row in catalog.list_models()}
    assert listed["bert-large"]["hub id"] == card["hub id"] and card["family"] == "bert"
    assert 330 <= card["parameters (M)"] <= 340
    assert "recipe" not in listed["bert-large"]
    assert catalog.model("roberta-base")["recipe by task"]["rte"]["steps"] == 2036
