"""Users' own methods and changes to the data: what jobs tell of them, without running anything."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ftbench import perturbations, trust
from ftbench.db import Database, Entry
from ftbench.domain.cards import CARDS, MethodCard, card_of_method, change_cards
from ftbench.services.scores.jobs import MethodKey
from ftbench.services.scores.own import own_changes, own_methods
from tests.db.samples import entry


def test_files_of_methods_that_are_not_installed_are_found_in_their_jobs(
    database: Database, tmp_path: Path
) -> None:
    here, gone = str(tmp_path / "here.py"), str(tmp_path / "gone.py")
    own = [
        Entry(entry(seed, "mine").job, "mine", places={"plugins": [file]})
        for seed, file in enumerate((gone, here, gone))
    ]
    database.jobs.add([*own, entry(0, "vanilla"), entry(0, "other")])
    cells = database.results.cells()
    for file in (here, gone):
        Path(file).write_text("")
    assert own_methods(database, cells).files == {"mine": (), "other": ()}, "only the database names them"
    for file in (here, gone):
        trust.name(file)
        Path(file).unlink()
    assert own_methods(database, cells).files == {"mine": (gone,), "other": ()}, (
        "the last, where none is there"
    )
    Path(here).write_text("")
    assert own_methods(database, cells).files == {"mine": (here,), "other": ()}


def test_cards_of_the_job_that_was_queued_last_speak_for_a_method(database: Database) -> None:
    def of(seed: int, title: str, note: str) -> Entry:
        card = MethodCard(title, {"k": 1}, ({"lr": 1e-3}, {}), note, 2.0).document()
        return Entry(entry(seed, "mine").job, "mine", places={CARDS: {"method": card}})

    database.jobs.add([of(0, "Old", ""), of(1, "New", "no noise"), entry(0, "vanilla")])
    cells = database.results.cells()
    own = own_methods(database, cells)
    assert own.cards == {"mine": MethodCard("New", {"k": 1}, ({"lr": 1e-3}, {}), "no noise", 2.0)}
    assert own.notes == {(MethodKey("mine", cells[1].hparams.text), cells[1].task): "no noise"}


@pytest.mark.parametrize(
    "card",
    [
        *(None, 5, "x", [], {}, {"title": "\x1b]0;x\x07", "note": 7, "recipes": 3, "passes": "many"}),
        {"title": "x" * 1000, "defaults": [1], "recipes": [[1]], "passes": -1, "note": "a\x00"},
        {"recipes": [], "passes": 1e300, "defaults": None},
    ],
)
def test_a_card_that_is_ill_formed_says_nothing(card: Any) -> None:
    assert card_of_method({CARDS: {"method": card}}) in (None, MethodCard())
    assert card_of_method({CARDS: card}) is None and change_cards({CARDS: card}) == {}


def test_a_change_to_the_data_is_known_by_its_card(database: Database) -> None:
    class Mine(perturbations.Perturber):
        name, title, percent, order = "mine", "My change", True, 7

    card = json.loads(json.dumps(perturbations.card_of_change(Mine)))
    places = {"perturbations": {"mine": "/nowhere/mine.py"}, CARDS: {"perturbations": {"mine": card}}}
    database.jobs.add([Entry(entry(0, mine=0.5).job, "vanilla", places=places)])
    files, known = own_changes(database, database.results.cells())
    assert files == {}, "only the database names it"
    found = known["mine"]
    assert (found.name, found.title, found.percent, found.order) == ("mine", "My change", True, 7)
    for wrong in ({}, {"title": 5, "percent": "yes", "order": 1.5}, {"title": "\x1b]0;x\x07"}):
        assert perturbations.of_card("mine", wrong).title == "mine"
