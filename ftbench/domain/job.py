"""Job: one cell and seed of a grid, and its identity."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from ftbench.domain import hparams
from ftbench.domain.perturbation import Perturbation
from ftbench.domain.recipe import Recipe

SHORT_DIGEST = 12  # characters of a digest as listings show it
DIGEST = re.compile(r"[0-9a-f]{64}")  # a whole one
STREAMS = ("head", "order", "dropout", "subset", "perturbation", "split", "method")


class JobTexts(NamedTuple):
    """The canonical JSON that the jobs of a cell share, which differ in their seeds alone.

    Attributes:
        before: all that stands before the seed.
        after: all that stands behind it.
        hparams: the part that is the hyper-parameters.
        perturbation: likewise.
        recipe: likewise.
    """

    before: str
    after: str
    hparams: str
    perturbation: str
    recipe: str


@dataclass(frozen=True)
class Job:
    """Model × task × method × seed × perturbation × recipe; everything that decides the score.

    Attributes:
        model: the model's id; see ``ModelRef``.
        model_revision: which weights.
        task: the task's name.
        data_revision: which rows; see ``DataRef``.
        evaluation: names of what is scored (see ``Target``), the reported set of the task first.
        method: the method's name, aliases resolved.
        hparams: the method's hyper-parameters, every one explicit.
        seed: the seed of every stream that ``streams`` does not name.
        perturbation: the change to the training data.
        recipe: the training settings, every one explicit.
        streams: a stream's own seed, where it differs from ``seed``.
        others: which rows of other tasks are scored: a name of ``evaluation`` -> their revision.
    """

    model: str
    model_revision: str
    task: str
    data_revision: str
    evaluation: tuple[str, ...]
    method: str
    hparams: Mapping[str, hparams.Value]
    seed: int
    perturbation: Perturbation = field(default_factory=Perturbation)
    recipe: Recipe = field(default_factory=Recipe)
    streams: Mapping[str, int] = field(default_factory=dict)
    others: Mapping[str, str] = field(default_factory=dict)

    def canonical(self) -> dict[str, Any]:
        """The job as plain JSON values: equal jobs give equal text."""
        spec: dict[str, Any] = {
            "model": {"id": self.model, "revision": self.model_revision},
            "task": {"name": self.task, "revision": self.data_revision, "evaluation": list(self.evaluation)},
            "method": {"name": self.method, "hparams": dict(self.hparams)},
            "seed": self.seed,
            "perturbation": self.perturbation.canonical(),
            "recipe": self.recipe.canonical(),
        }
        if self.streams:
            spec["streams"] = dict(self.streams)
        if self.others:
            spec["task"]["others"] = dict(self.others)
        normal: dict[str, Any] = hparams.normalise(spec)
        return normal

    def seed_of(self, stream: str) -> int:
        """The seed of a random stream."""
        return self.streams.get(stream, self.seed)

    @cached_property
    def texts(self) -> JobTexts:
        """The canonical JSON without the seed."""
        spec = self.canonical()
        del spec["seed"]
        parts = spec["method"]["hparams"], spec["perturbation"], spec["recipe"]
        before = _json({key: value for key, value in spec.items() if key < "seed"})
        after = _json({key: value for key, value in spec.items() if key > "seed"})
        return JobTexts(f'{before[:-1]},"seed":', f",{after[1:]}", *map(_json, parts))

    @property
    def text(self) -> str:
        """The canonical JSON; equal jobs have the same."""
        return f"{self.texts.before}{self.seed}{self.texts.after}"

    @cached_property
    def digest(self) -> str:
        """The identity: SHA-256 of the canonical JSON, in hexadecimal (64 characters)."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def with_seed(self, seed: int) -> Job:
        """The job of the same cell with another seed; what they share is written once."""
        other = object.__new__(Job)
        vars(other).update(vars(self), texts=self.texts, seed=seed)
        vars(other).pop("digest", None)
        return other

    @classmethod
    def from_canonical(cls, spec: Mapping[str, Any]) -> Job:
        """The job that ``canonical`` described.

        Raises:
            KeyError: the text is not a job's.
            UnknownName: it has a recipe setting that this version does not know.
        """
        return cls(
            model=spec["model"]["id"],
            model_revision=spec["model"]["revision"],
            task=spec["task"]["name"],
            data_revision=spec["task"]["revision"],
            evaluation=tuple(spec["task"]["evaluation"]),
            method=spec["method"]["name"],
            hparams=dict(spec["method"]["hparams"]),
            seed=int(spec["seed"]),
            perturbation=Perturbation.of(spec["perturbation"]),
            recipe=_recipe(json.dumps(spec["recipe"])),
            streams={k: int(v) for k, v in spec.get("streams", {}).items()},
            others=dict(spec["task"].get("others", {})),
        )


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


@lru_cache(maxsize=256)
def _recipe(text: str) -> Recipe:
    """A recipe of its JSON, which most jobs of a queue share: to check its settings takes long."""
    return hparams.parse(Recipe, json.loads(text), kind="recipe setting")


def label(
    method: str,
    values: Mapping[str, Any],
    defaults: Mapping[str, Any],
    published: Mapping[str, Any] | None = None,
) -> str:
    """A method as a table names it: ``bidrop``, or ``bidrop[k=3]`` where it departs from its defaults.

    What stands in the brackets can be typed after ``--methods``. Where it is shorter, it is what departs from
    the published variant: ``dps_mix[variant=published,keep_ratio=0.5]``.

    Args:
        method: its name.
        values: every hyper-parameter.
        defaults: where none are given.
        published: of ``variant=published``, where there is one.
    """
    changed = _departures(values, defaults)
    if published is not None:
        from_published = ["variant=published", *_departures(values, published)]
        changed = min(changed, from_published, key=len)
    return f"{method}[{','.join(changed)}]" if changed else method


def _departures(values: Mapping[str, Any], base: Mapping[str, Any]) -> list[str]:
    plain = {k: hparams.normalise(v) for k, v in values.items()}
    return [f"{k}={_spelled(v)}" for k, v in plain.items() if hparams.normalise(base.get(k)) != v]


def _spelled(value: Any) -> str:
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)
