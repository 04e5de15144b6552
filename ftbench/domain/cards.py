"""Cards: what a user's own method or change to the data says of itself, kept with its jobs.

Its file runs where its user names it, to queue or to train; whatever reads a database takes the cards that
stand among a job's places, and runs nothing. They may come from anybody: what is ill-formed says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

CARDS = "cards"  # among the places of a job
_LONGEST = 300  # characters of a title or a note
_MOST = 1e6  # passes of an update


@dataclass(frozen=True)
class MethodCard:
    """What reports and estimates need of a job's method.

    Attributes:
        title: as papers print it.
        defaults: its hyper-parameters where none are given.
        recipes: the settings that it brings along, of each of its variants, that of the paper first.
        note: what must be said of its scores on the job's task; "" for nothing.
        passes: what an update of the job takes, in passes.
    """

    title: str = ""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    recipes: tuple[Mapping[str, Any], ...] = ({},)
    note: str = ""
    passes: float = 1.0

    def document(self) -> dict[str, Any]:
        """The card as JSON values."""
        return asdict(self)


def card_of_method(places: Mapping[str, Any]) -> MethodCard | None:
    """The card of a job's method; None where its places have none."""
    card = _cards(places).get("method")
    if not isinstance(card, dict):
        return None
    recipes, passes = card.get("recipes"), card.get("passes")
    return MethodCard(
        text_of(card.get("title")),
        plain_values(card.get("defaults")),
        tuple(plain_values(one) for one in recipes[:2]) if isinstance(recipes, list) and recipes else ({},),
        text_of(card.get("note")),
        float(passes) if isinstance(passes, int | float) and 0 < passes <= _MOST else 1.0,
    )


def change_cards(places: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The cards of a job's changes to the data, by name: attributes of a ``Perturber``."""
    found = _cards(places).get("perturbations")
    pairs = found.items() if isinstance(found, dict) else ()
    return {name: card for name, card in pairs if isinstance(card, dict)}


def text_of(value: object) -> str:
    """A text in one line that may be shown; "" for all else."""
    line = " ".join(value.split()) if isinstance(value, str) and len(value) <= _LONGEST else ""
    return line if line.isprintable() else ""


def plain_values(values: object) -> dict[str, Any]:
    """Settings by name, each a number, a text, a truth value or None; without what is none."""
    pairs = values.items() if isinstance(values, dict) else ()
    return {name: value for name, value in pairs if isinstance(value, str | int | float | bool | None)}


def _cards(places: Mapping[str, Any]) -> Mapping[str, Any]:
    cards = places.get(CARDS)
    return cards if isinstance(cards, dict) else {}
