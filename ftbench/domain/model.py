"""ModelSpec: what a pretrained model is, without its weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: What a method may need of a model's layers: biases, and linear maps that are ``nn.Linear``.
BIASES, LINEAR = "biases", "linear layers"


@dataclass(frozen=True)
class ModelSpec:
    """An entry of the registry.

    Attributes:
        name: the short name that users type, ``bert-large``.
        hub_id: its name on the hub, or "" for one that comes with a package.
        family: ``bert``, ``roberta``, …: whose recipe it takes.
        parameters: millions of parameters, for the listing.
        layers: transformer layers with weights of their own, those of encoder and decoder together; 0 where
            not known.
        recipe: what its recipe changes of the default one.
        task_recipes: what it changes further, task by task.
        note: a line for the listing.
        positions: the most tokens that it reads; 0 where there is no limit or it is not known.
        head: the width of the classification head that its weights have already, 0 where they have none;
            None where it is not known.
        labels: the names of that head's classes, in their order.
        config: its configuration, as its files have it; empty where they are not here.
        prefix: what a wrapper put before the names of its weights (``module.``): it is taken off.
        lacks: what methods may need of a model and it has not: ``BIASES``, ``LINEAR``.
    """

    name: str
    hub_id: str
    family: str
    parameters: float
    recipe: Mapping[str, Any] = field(default_factory=dict)
    task_recipes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    note: str = ""
    layers: int = 0
    positions: int = 0
    head: int | None = 0
    labels: tuple[str, ...] = ()
    prefix: str = ""
    lacks: frozenset[str] = frozenset()
    config: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class ModelRef:
    """The weights a job starts from.

    Attributes:
        id: the registry's short name, the hub id, or ``folder:<name>``.
        revision: of the hub, or the digest of the folder's content (``sha256:…``).
        path: the folder on this machine, where it is one; not part of the identity.
    """

    id: str
    revision: str
    path: str | None = None
