"""What a method says of itself, checked without training: card, hyper-parameters, recipe, imports."""

from __future__ import annotations

import dataclasses
import math
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from ftbench import methods
from ftbench.domain import hparams
from ftbench.domain.hparams import HParamSpec
from ftbench.domain.recipe import Recipe, layered
from ftbench.errors import BadValue, FtbenchError, nearest
from ftbench.methods.base import FAMILIES, VARIANTS, Method
from ftbench.testing.subject import Failed, Subject, written

#: What a hyper-parameter may be.
TYPES = frozenset({"int", "float", "bool", "str"})


def check_title(subject: Subject) -> str:
    """The method has a title, which no other method has: tables print it."""
    own = subject.cls.title.strip()
    if not own:
        raise Failed("the class has no title: tables, plots and LaTeX print it")
    for entry in methods.available(subject.plugins):
        other = entry.cls
        if other is None or other is subject.cls or entry.name == subject.cls.name():
            continue
        if other.title.strip().lower() == own.lower():
            raise Failed(f"title '{own}' is that of {entry.name}: a table would have two rows of one name")
    return f"'{own}', which no other method has"


def check_family(subject: Subject) -> str:
    """The family is one of those that listings have."""
    own = subject.cls.family
    if own not in FAMILIES:
        raise Failed(f"unknown family '{own}'{nearest(str(own), FAMILIES)} ('other' always fits)")
    return own


def check_card(subject: Subject) -> str:
    """Paper, update and cost are named."""
    missing = [name for name in ("paper", "formula", "cost") if not getattr(subject.cls, name)]
    if missing:
        raise Failed(f"the card lacks {', '.join(missing)}: set them on the class")
    return "paper, formula and cost are named"


def check_hyperparameters(subject: Subject) -> str:
    """Every one is explained, has a default in its range, refuses what is outside, and is read back."""
    cls = subject.cls
    specs = _specs(cls)
    for spec in specs:
        _spec(cls, spec)
    for name, values in (("published", cls.published), ("neutral", cls.neutral or {})):
        try:
            cls.resolve(values)
        except FtbenchError as error:
            raise Failed(f"{name}: {error}") from error
    points: list[dict[str, Any]] = [{"variant": variant} for variant in VARIANTS]
    points += [{s.name: value} for s in specs for value in s.grid]
    for point in [dict(subject.given), *points]:
        _read_back(cls, point)
    return f"{len(specs)}, all explained, with ranges; {len(points) + 1} settings are read back"


def _specs(cls: type[Method]) -> tuple[HParamSpec, ...]:
    kind: Any = cls.HParams
    settings = getattr(kind, "__dataclass_params__", None)
    if "__dataclass_fields__" not in vars(kind) or settings is None or not settings.frozen:
        raise Failed("HParams is no frozen dataclass: write @dataclass(frozen=True) above it")
    for field in dataclasses.fields(kind):
        if field.default is dataclasses.MISSING:
            raise Failed(f"{field.name} has no default: declare it with hparam(DEFAULT, …)")
    return hparams.describe(kind)


def _spec(cls: type[Method], spec: HParamSpec) -> None:
    kinds = set(spec.type.split("|"))
    if not kinds <= TYPES:
        raise Failed(f"{spec.name} is of type {spec.type}: int, float, bool, str, or one of them | None")
    if not spec.help:
        raise Failed(f"no help for {spec.name}: declare it with hparam(…, help=…)")
    try:
        hparams.parse(cls.HParams, {spec.name: spec.default}, owner=cls.name())
    except FtbenchError as error:
        raise Failed(f"the default of {spec.name}: {error}") from error
    if not kinds & {"int", "float"}:
        return
    if spec.range is None:
        raise Failed(f"{spec.name} has no range, so that nothing is refused: hparam(…, range=(low, high))")
    low, high = spec.range
    for beyond in (low - 1, high + 1):
        if math.isfinite(beyond) and not _refused(cls, {spec.name: beyond}):
            raise Failed(f"{spec.name}={beyond:g} is taken, outside its range {spec.interval}")


def _refused(cls: type[Method], given: Mapping[str, Any]) -> bool:
    try:
        cls.resolve(given)
    except BadValue:
        return True
    return False


def _read_back(cls: type[Method], point: Mapping[str, Any]) -> None:
    made = cls.resolve(point)
    values = hparams.as_dict(made)
    text = {name: written(value) for name, value in values.items()}
    for again in (values, text, hparams.normalise(values)):
        if hparams.parse(cls.HParams, again, owner=cls.name()) != made:
            raise Failed(f"{dict(point)} is not read back as it was written")


def check_recipe(subject: Subject) -> str:
    """What the method brings along are settings of the recipe."""
    brought: dict[str, Any] = {}
    for variant in VARIANTS:
        brought = dict(subject.cls.recipe_defaults(variant))
        try:
            layered(hparams.as_dict(Recipe()), brought)
        except FtbenchError as error:
            raise Failed(f"recipe_defaults('{variant}'): {error}") from error
    return f"brings {', '.join(brought)}" if brought else "brings no settings of its own"


def check_light_import(subject: Subject) -> str:
    """The card and the hyper-parameters are read without torch."""
    code = (
        "import sys; from ftbench import methods; cls = methods.find(sys.argv[1]); cls.defaults(); "
        "sys.exit('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, subject.text], capture_output=True, text=True)
    if done.returncode:
        raise Failed("reading the card loads torch: import it inside the functions")
    return "torch is not loaded"
