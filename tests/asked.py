"""What is asked for, as tests write it: the texts of flags."""

from __future__ import annotations

from typing import Any

from ftbench.cli import _requests
from ftbench.domain.target import target_choices
from ftbench.services.planning.asked import Asked
from ftbench.services.planning.queue import QueueRequest

#: Perturbations that have a flag of their own.
NAMED = ("noise", "reduction", "train_size")


def asked(**given: Any) -> Asked:
    """The axes by the flags' texts, ``perturb`` and ``settings`` as tuples of them."""
    named = {name: given.pop(name) for name in NAMED if name in given}
    texts = (*(f"{name}={value}" for name, value in named.items()), *given.pop("perturb", ()))
    return _requests.asked(perturb=texts, **given)


def queue_request(**given: Any) -> QueueRequest:
    """The same with what ``ftbench queue`` takes beside the axes."""
    rest = {name: given.pop(name) for name in ("suite", "baseline", "data_dir") if name in given}
    scored, vary = given.pop("evaluate", None), given.pop("vary", None)
    return QueueRequest(
        asked(suite="suite" in rest, **given),
        evaluate=None if scored is None else target_choices(scored),
        vary=None if vary is None else _requests.names(vary),
        **rest,
    )
