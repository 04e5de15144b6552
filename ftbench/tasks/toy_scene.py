"""Scenes of the toy grammar: what a sentence means, before it has words.

A scene is drawn from the lexicon so that it makes sense: dogs chase cats, nobody eats a sofa. Everything
draws from `random.Random.random` alone, whose sequence Python promises for a given integer seed on every
platform and version.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from ftbench.tasks import toy_lexicon as lexicon
from ftbench.tasks.toy_lexicon import Modifier, Noun, Verb

T = TypeVar("T")

SINGULAR = ("the", "a", "this", "that")
PLURAL = ("the", "some", "these", "those", "many", "several", "two")
TENSES = ("present", "past", "perfect", "can")
PREPOSITIONS = ("at", "near", "behind")


class Dice:
    """Random choices that come out the same on every machine."""

    def __init__(self, seed: int) -> None:
        """Start the sequence of ``seed``."""
        self._random = random.Random(seed)

    def chance(self, probability: float) -> bool:
        """True with ``probability``."""
        return self._random.random() < probability

    def pick(self, options: Sequence[T]) -> T:
        """One of ``options``, all equally likely."""
        return options[int(self._random.random() * len(options))]


@dataclass(frozen=True)
class Phrase:
    """A noun phrase: "the big dogs near a cat that the boy loves"."""

    noun: Noun
    plural: bool
    determiner: str
    adjective: Modifier | None = None
    beside: tuple[str, Phrase] | None = None
    relative: Relative | None = None


@dataclass(frozen=True)
class Relative:
    """A relative clause; its head is the one who does it (``subject``) or the one it is done to."""

    verb: Verb
    other: Phrase
    subject: bool
    past: bool


@dataclass(frozen=True)
class Scene:
    """What a sentence means: who does what to whom, how and where, or how somebody is (``quality``)."""

    agent: Phrase
    verb: Verb | None
    patient: Phrase | None = None
    quality: Modifier | None = None
    adverb: Modifier | None = None
    place: tuple[str, Phrase] | None = None
    tense: str = "present"
    negative: bool = False


@functools.cache
def nouns_of(kinds: tuple[str, ...]) -> tuple[Noun, ...]:
    """The nouns of these kinds, in the lexicon's order."""
    return tuple(n for n in lexicon.NOUNS.values() if lexicon.within(n.kind, kinds))


@functools.cache
def adjectives_of(kind: str) -> tuple[Modifier, ...]:
    """The adjectives that can describe a noun of this kind."""
    return tuple(a for a in lexicon.ADJECTIVES.values() if lexicon.within(kind, a.kinds))


@functools.cache
def verbs(transitive: bool) -> tuple[Verb, ...]:
    """The verbs with, or without, an object."""
    return tuple(v for v in lexicon.VERBS.values() if bool(v.patients) == transitive)


def general(noun: Noun) -> tuple[Noun, ...]:
    """The nouns that name what holds this one: hawk -> bird, animal."""
    kinds = (noun.kind, lexicon.PARENTS.get(noun.kind, ""))
    found = tuple(lexicon.GENERAL[kind] for kind in kinds if kind in lexicon.GENERAL)
    return tuple(n for n in found if n != noun)


def draw_phrase(dice: Dice, kinds: tuple[str, ...], *, adjective: float = 0.35, vague: float = 0.1) -> Phrase:
    """A noun phrase about one of these kinds; with probability ``vague`` by a kind's own name."""
    noun = dice.pick(nouns_of(kinds))
    if dice.chance(vague):
        noun = dice.pick(general(noun))
    plural = dice.chance(0.5)
    determiner = "the" if dice.chance(0.3) else dice.pick(PLURAL if plural else SINGULAR)
    described = dice.pick(adjectives_of(noun.kind)) if dice.chance(adjective) else None
    return Phrase(noun, plural, determiner, described)


def draw_place(dice: Dice) -> tuple[str, Phrase]:
    """Where a scene is set: "near the river"."""
    determiner = dice.pick(("the", "a", "this", "that"))
    return dice.pick(PREPOSITIONS), Phrase(dice.pick(lexicon.PLACES), False, determiner)


def draw_scene(
    dice: Dice,
    *,
    transitive: float = 0.7,
    quality: float = 0.0,
    adjective: float = 0.35,
    extras: float = 0.3,
    negative: float = 0.15,
    tenses: Sequence[str] = TENSES,
) -> Scene:
    """A scene that makes sense.

    Args:
        dice: where it is drawn from.
        transitive: probability of a verb with an object.
        quality: probability of a scene without verb: "the dog is big".
        adjective: probability of an adjective, per noun phrase.
        extras: probability of an adverb, and of a place.
        negative: probability of "not".
        tenses: the tenses to draw from.
    """
    tense = dice.pick(tenses)
    denied = dice.chance(negative)
    place = draw_place(dice) if dice.chance(extras) else None
    if dice.chance(quality):
        agent = draw_phrase(dice, lexicon.KINDS, adjective=0.0)
        described = dice.pick(adjectives_of(agent.noun.kind))
        return Scene(agent, None, quality=described, place=place, tense=tense, negative=denied)
    verb = dice.pick(verbs(dice.chance(transitive)))
    agent = draw_phrase(dice, verb.agents, adjective=adjective)
    patient = draw_other(dice, verb.patients, agent.noun, adjective) if verb.patients else None
    living = lexicon.within(agent.noun.kind, lexicon.ANIMATE)
    adverb = dice.pick(tuple(lexicon.ADVERBS.values())) if living and dice.chance(extras) else None
    return Scene(agent, verb, patient, adverb=adverb, place=place, tense=tense, negative=denied)


def draw_other(dice: Dice, kinds: tuple[str, ...], unlike: Noun, adjective: float = 0.0) -> Phrase:
    """A noun phrase about these kinds with another noun than ``unlike``."""
    while True:
        phrase = draw_phrase(dice, kinds, adjective=adjective)
        if phrase.noun != unlike:
            return phrase


def draw_relative(dice: Dice, head: Noun) -> Relative | None:
    """A relative clause that suits its head, or None where a few tries find none."""
    subject = dice.chance(0.5)
    fitting = [v for v in verbs(True) if lexicon.within(head.kind, v.agents if subject else v.patients)]
    if not fitting:
        return None
    verb = dice.pick(fitting)
    other = draw_other(dice, verb.patients if subject else verb.agents, head)
    return Relative(verb, other, subject, dice.chance(0.3))
