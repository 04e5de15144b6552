"""Spaces: the default one, that of the papers, and one from a file, checked against recipe and cards."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from ftbench import methods
from ftbench.domain import hparams
from ftbench.domain.hparams import HParamSpec, Value
from ftbench.domain.recipe import Recipe, layered
from ftbench.domain.space import EITHER, Dimension, Space
from ftbench.errors import BadValue, UnknownName
from ftbench.methods import Method
from ftbench.suites import searched

DEFAULT, PAPER = "default", "paper"

#: The rate's range holds what each method brings along, from that of plain fine-tuning to that of prompts.
USUAL = (
    Dimension("lr", low=1e-5, high=1e-2, log=True),
    Dimension("epochs", (3.0, 5.0, 10.0, 20.0)),
    Dimension("warmup_ratio", (0.0, 0.06, 0.1)),
    Dimension("weight_decay", (0.0, 0.01, 0.1)),
)
_RECIPE = {spec.name: spec for spec in hparams.describe(Recipe)}
_WORDS = ("low", "high", "log")

#: A dimension as it is written: values, or ``low``, ``high`` and ``log``.
Written = Sequence[str] | Mapping[str, str]


@dataclass(frozen=True)
class WrittenSpace:
    """A space as a file has it.

    Attributes:
        name: of the file.
        shared: setting -> its values.
        methods: method -> its own; one that is not there has those of its card.
        path: where the file stands; "" for none.
    """

    name: str
    shared: Mapping[str, Written] = field(default_factory=dict)
    methods: Mapping[str, Mapping[str, Written]] = field(default_factory=dict)
    path: str = ""


@dataclass(frozen=True)
class Tuned:
    """A method that is tuned.

    Attributes:
        label: as tables name it.
        cls: its class.
        given: the hyper-parameters that were given, which are not searched.
    """

    label: str
    cls: type[Method]
    given: frozenset[str] = frozenset()


def space_of(asked: str | WrittenSpace, tuned: Sequence[Tuned], fixed: Collection[str] = ()) -> Space:
    """The space of some methods.

    Args:
        asked: ``default``, ``paper``, or what a file says.
        tuned: the methods.
        fixed: settings that were given by hand, which are not searched, nor what excludes them.

    Raises:
        UsageError: a field that does not exist, an empty range, or a value that a card refuses.
    """
    out = {*fixed, *(name for pair in EITHER if set(pair) & set(fixed) for name in pair)}
    if isinstance(asked, WrittenSpace):
        for name in asked.methods:
            methods.find(name)
        shared = tuple(_setting(name, one) for name, one in asked.shared.items())
        written = {methods.canonical(name): one for name, one in asked.methods.items()}
        own = {one.label: _own(one, written.get(one.cls.name())) for one in tuned}
        called = asked.name
    elif asked == PAPER:
        shared = tuple(Dimension(name, values) for name, values in searched.SHARED.items())
        papers = {k: {n: [str(v) for v in g] for n, g in own.items()} for k, own in searched.OWN.items()}
        own = {one.label: _own(one, papers.get(one.cls.name())) for one in tuned}
        called = PAPER
    elif asked == DEFAULT:
        shared, own, called = USUAL, {one.label: _own(one, None) for one in tuned}, DEFAULT
    else:
        raise UnknownName("space", asked, [DEFAULT, PAPER])
    kept = {k: tuple(d for d in one if d.hparam or d.name not in out) for k, one in own.items()}
    return Space(called, tuple(d for d in shared if d.name not in out), kept)


def _own(one: Tuned, written: Mapping[str, Written] | None) -> tuple[Dimension, ...]:
    """A method's own dimensions: as they are written, else by its card."""
    specs = hparams.describe(one.cls.HParams)
    if written is None:
        return tuple(_of_card(spec) for spec in specs if spec.grid and spec.name not in one.given)
    own = {spec.name: spec for spec in specs}
    found = []
    for name, text in written.items():
        if name in own and name not in one.given:
            found.append(_dimension(name, text, own[name], partial(_taken, one.cls, name), hparam=True))
        elif name not in own and name not in _RECIPE:
            raise UnknownName(f"space: field of {one.cls.name()}", name, [*own, *_RECIPE])
        elif name not in own:
            found.append(_setting(name, text))
    return tuple(found)


def _taken(cls: type[Method], name: str, text: str) -> Value:
    return hparams.as_dict(cls.resolve({name: text}))[name]


def _of_card(spec: HParamSpec) -> Dimension:
    if not spec.log:
        return Dimension(spec.name, spec.grid, hparam=True)
    ends = [float(value) for value in spec.grid if isinstance(value, int | float)]
    whole = spec.type == "int"
    return Dimension(spec.name, low=min(ends), high=max(ends), log=True, whole=whole, hparam=True)


def _setting(name: str, text: Written) -> Dimension:
    """A dimension of the recipe.

    Raises:
        UnknownName: there is no such setting.
        BadValue: a value that it does not take.
    """
    if name not in _RECIPE:
        raise UnknownName("space: field", name, _RECIPE)
    return _dimension(name, text, _RECIPE[name], lambda one: hparams.as_dict(layered({name: one}))[name])


def _dimension(
    name: str, text: Written, spec: HParamSpec, take: Callable[[str], Value], *, hparam: bool = False
) -> Dimension:
    """A dimension as it is written; ``take`` reads a value, or refuses it."""
    if not isinstance(text, Mapping):
        if not text:
            raise BadValue(f"space: {name} has no values: list some, or give low and high")
        return Dimension(name, tuple(map(_named(take), text)), hparam=hparam)
    for word in text:
        if word not in _WORDS:
            raise UnknownName(f"space: word of {name}", word, _WORDS)
    ends = [_number(name, word, text.get(word)) for word in ("low", "high")]
    log = text.get("log", "false").lower()
    if log not in ("true", "false"):
        raise BadValue(f"space: {name}: log is '{log}'; write true or false")
    whole = "float" not in spec.type.split("|")
    if whole and "int" not in spec.type.split("|"):
        raise BadValue(f"space: {name} is no number: list its values")
    low, high = ends
    dimension = Dimension(name, low=low, high=high, log=log == "true", whole=whole, hparam=hparam)
    for end in dimension.ends():
        _named(take)(str(end))
    return dimension


def _named(take: Callable[[str], Value]) -> Callable[[str], Value]:
    """The same, which says that it is of a space."""

    def named(text: str) -> Value:
        try:
            return take(text)
        except BadValue as error:
            raise BadValue(f"space: {error}") from None

    return named


def _number(name: str, word: str, text: str | None) -> float:
    if text is None:
        raise BadValue(f"space: {name} lacks {word}: give low and high, or list values")
    try:
        return float(text)
    except ValueError:
        raise BadValue(f"space: {name}: {word} is '{text}', no number") from None
