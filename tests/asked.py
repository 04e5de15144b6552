"""What is asked of the data, as tests write it."""

from __future__ import annotations

from typing import Any


def perturb(given: dict[str, Any]) -> dict[str, Any]:
    """Fields of a request, with ``noise``, ``reduction`` and ``train_size`` as the flags give them."""
    named = {name: given[name] for name in ("noise", "reduction", "train_size") if name in given}
    rest = {name: value for name, value in given.items() if name not in named}
    texts = tuple(f"{name}={value}" for name, value in named.items())
    return {**rest, "perturb": (*texts, *given.get("perturb", ()))} if texts else rest
