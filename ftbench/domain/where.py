"""Where: a small language that says which jobs are meant, ``method=bidrop and not (noise>0 or seed=1)``.

A text is read once, into frozen values; ``holds`` asks them of a job in memory, ``ftbench.db`` of a table.

    expression  conjunction {"or" conjunction}
    conjunction unit {"and" unit}
    unit        "not" unit | "(" expression ")" | test
    test        field relation value | field ["not"] "in" "(" value {"," value} ")"
    relation    = != < <= > >=
    value       a number, a word, true, false, none, or a text in quotes
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from ftbench.domain.hparams import Value
from ftbench.errors import BadValue, nearest

LONGEST = 2000  # characters of a text; deeper and longer ones are nobody's, and databases refuse them
DEEPEST = 50  # brackets and nots inside one another

_TOKEN = re.compile(
    r"""\s*(?:(?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)(?![\w./@:+-])
    |(?P<word>[\w./@:+~-]+)
    |(?P<quoted>"[^"]*"|'[^']*')
    |(?P<sign><=|>=|!=|==|[=<>(),])
    |(?P<wrong>\S))""",
    re.VERBOSE,
)
_PART = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_WORDS: dict[str, Value] = {"none": None, "true": True, "false": False}
_JOINS = frozenset({"and", "or", "not", "in"})


class Home(StrEnum):
    """What a field is a part of; ``home.name`` names it where two have the same name."""

    JOB = "job"
    PERTURBATION = "perturbation"
    RECIPE = "recipe"
    HPARAMS = "hparams"


@dataclass(frozen=True)
class JobField:
    """What can be asked of a job.

    Attributes:
        home: what it is a part of.
        name: its name there.
        kind: what its values are; texts have no order.
        choices: all its values, where these are few.
        spelled: other spellings of its values, in lower case.
    """

    home: Home
    name: str
    kind: Literal["any", "number", "text"] = "any"
    choices: tuple[str, ...] = ()
    spelled: Mapping[str, str] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class Question:
    """One question: whether a field stands in a relation to a value, or to one of several.

    Of what a job does not have, everything but ``!=`` is false.

    Attributes:
        field: of the job.
        relation: ``= != < <= > >=``; the first two take several values, of which one is meant or none.
        values: one or more.
    """

    field: JobField
    relation: str
    values: tuple[Value, ...]


@dataclass(frozen=True)
class Every:
    """All of them hold."""

    parts: tuple[Where, ...]


@dataclass(frozen=True)
class Some:
    """One of them holds, or more."""

    parts: tuple[Where, ...]


@dataclass(frozen=True)
class Opposite:
    """It does not hold."""

    part: Where


Where = Question | Every | Some | Opposite

#: The fields that can be named, by the names that they have without their home.
JobFields = Mapping[str, JobField]


def vocabulary(fields: Iterable[JobField]) -> JobFields:
    """The fields by name; of two that have the same name, the first one is meant without its home."""
    named: dict[str, JobField] = {}
    for one in fields:
        named.setdefault(one.name, one)
        named[f"{one.home}.{one.name}"] = one
    return named


def holds(where: Where, value: Callable[[JobField], Value]) -> bool:
    """Whether an expression is true of a job.

    Args:
        where: the expression.
        value: gives what the job has; None for nothing.
    """
    match where:
        case Every(parts):
            return all(holds(part, value) for part in parts)
        case Some(parts):
            return any(holds(part, value) for part in parts)
        case Opposite(part):
            return not holds(part, value)
        case Question(asked, relation, values):
            return _answer(value(asked), relation, values)


def _answer(found: Value, relation: str, values: tuple[Value, ...]) -> bool:
    if relation in ("=", "!="):
        return (found in values) is (relation == "=")
    (limit,) = values
    if isinstance(found, str | None) or isinstance(limit, str | None):
        return False
    return {"<": found < limit, "<=": found <= limit, ">": found > limit, ">=": found >= limit}[relation]


def parse(text: str, fields: JobFields) -> Where:
    """The expression that a text says.

    Raises:
        BadValue: it says none; names the place and the nearest right name.
    """
    if len(text) > LONGEST:
        raise BadValue(f"--where: {len(text):,} characters, and no more than {LONGEST:,} are read")
    return _Reader(text, fields).whole()


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    at: int  # of its first character, from 0


def _tokens(text: str) -> Iterator[_Token]:
    for found in _TOKEN.finditer(text):
        kind = str(found.lastgroup)
        yield _Token(kind, found[kind], found.start(kind))


class _Reader:
    """Reads one text from left to right."""

    def __init__(self, text: str, fields: JobFields) -> None:
        self._text, self._fields = text, fields
        self._tokens, self._at, self._deep = [*_tokens(text), _Token("end", "", len(text))], 0, 0

    def whole(self) -> Where:
        found = self._expression()
        if self._next.kind != "end":
            raise self._wrong("'and', 'or' or the end is missing here")
        return found

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _take(self) -> _Token:
        token = self._next
        self._at += token.kind != "end"
        return token

    def _is(self, word: str) -> bool:
        """Whether this word or sign stands here; it is then taken."""
        there = self._next.kind in ("word", "sign") and self._next.text.lower() == word
        self._at += there
        return there

    def _expression(self) -> Where:
        parts = [self._conjunction()]
        while self._is("or"):
            parts.append(self._conjunction())
        return Some(tuple(parts)) if len(parts) > 1 else parts[0]

    def _conjunction(self) -> Where:
        parts = [self._unit()]
        while self._is("and"):
            parts.append(self._unit())
        return Every(tuple(parts)) if len(parts) > 1 else parts[0]

    def _unit(self) -> Where:
        self._deep += 1
        if self._deep > DEEPEST:
            raise self._wrong(f"more than {DEEPEST} brackets and 'not' inside one another")
        if self._is("not"):
            found: Where = Opposite(self._unit())
        elif self._is("("):
            found = self._expression()
            self._expect(")")
        else:
            found = self._test()
        self._deep -= 1
        return found

    def _test(self) -> Where:
        asked = self._field()
        turned, sign = self._is("not"), self._next
        if self._is("in"):
            self._expect("(")
            values = [self._value(asked)]
            while self._is(","):
                values.append(self._value(asked))
            self._expect(")")
            return Question(asked, "!=" if turned else "=", tuple(values))
        relation = "=" if sign.text == "==" else sign.text
        if turned or relation not in ("=", "!=", "<", "<=", ">", ">="):
            raise self._wrong("'in' is missing here" if turned else "= != < <= > >= or 'in' is missing here")
        if relation not in ("=", "!=") and asked.kind == "text":
            raise self._wrong(f"'{asked.name}' is a text, which has no order: ask with =, != or in")
        self._take()
        at = self._next
        value = self._value(asked)
        if relation not in ("=", "!=") and isinstance(value, str | None):
            raise self._wrong(f"'{relation}' needs a number", at)
        return Question(asked, relation, (value,))

    def _field(self) -> JobField:
        token = self._next
        name = token.text.lower()
        if token.kind != "word" or name in _JOINS:
            raise self._wrong("a field is missing here, such as method or noise")
        if name in self._fields:
            self._take()
            return self._fields[name]
        home, _, inner = token.text.partition(".")
        if home in (Home.HPARAMS, Home.PERTURBATION) and _PART.fullmatch(inner):
            self._take()
            kind: Literal["any", "number"] = "any" if home == Home.HPARAMS else "number"
            return JobField(Home(home), inner, kind)  # of a method or perturbation of one's own
        plain = [known for known in self._fields if "." not in known]
        raise self._wrong(f"there is no such field{nearest(name, plain)}")

    def _value(self, asked: JobField) -> Value:
        token = self._next
        if token.kind == "quoted":
            value: Value = token.text[1:-1]
        elif token.kind == "word" and token.text.lower() not in _JOINS:
            value = _WORDS.get(token.text.lower(), token.text)
        elif token.kind == "number":
            value = token.text if asked.kind == "text" else self._number(token.text)
        else:
            raise self._wrong("a value is missing here")
        if asked.kind == "text" and isinstance(value, bool):
            value = token.text
        if isinstance(value, str):
            value = asked.spelled.get(value.lower(), value)
            if asked.choices and value not in asked.choices:
                raise self._wrong(f"no {asked.name} is called so{nearest(value, asked.choices)}")
            if asked.kind == "number":
                raise self._wrong(f"'{asked.name}' is a number")
        self._take()
        return value

    def _number(self, text: str) -> int | float:
        number = float(text)
        if not math.isfinite(number) or abs(number) >= 2**63:
            raise self._wrong("the number is too large")
        return int(number) if number == int(number) and abs(number) < 2**53 else number

    def _expect(self, sign: str) -> None:
        if not self._is(sign):
            raise self._wrong(f"'{sign}' is missing here")

    def _wrong(self, what: str, token: _Token | None = None) -> BadValue:
        token = token or self._next
        place = f"at '{token.text}' (character {token.at + 1})" if token.text else "at its end"
        return BadValue(f"--where '{self._text}': {place}: {what}")
