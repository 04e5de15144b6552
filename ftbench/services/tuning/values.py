"""Values: what a choice sets otherwise than the default recipe of its method."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ftbench.domain import hparams
from ftbench.domain.hparams import Value


def departures(
    recipe: Mapping[str, Any], own: Mapping[str, Any], start: Mapping[str, Any], start_own: Mapping[str, Any]
) -> dict[str, Value]:
    """Settings and hyper-parameters that differ, by name; a setting that is unset is left out.

    Args:
        recipe: of a trial.
        own: its hyper-parameters.
        start: the default recipe.
        start_own: the hyper-parameters where none are drawn.
    """
    values, usual = hparams.normalise(recipe), hparams.normalise(start)
    changed = {k: v for k, v in values.items() if v is not None and usual.get(k) != v}
    mine, theirs = hparams.normalise(own), hparams.normalise(start_own)
    return changed | {k: v for k, v in mine.items() if theirs.get(k) != v}


def spelled(values: Mapping[str, Value]) -> str:
    """Values in a line, as they are typed."""
    return ", ".join(f"{name}={value}" for name, value in values.items()) or "the default recipe"
