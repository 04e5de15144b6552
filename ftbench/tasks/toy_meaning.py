"""Changes to a scene of the toy grammar that keep what it says true, and changes that do not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ftbench.tasks import toy_lexicon as lexicon
from ftbench.tasks.toy_lexicon import Modifier, Noun, Verb
from ftbench.tasks.toy_scene import (
    Dice,
    Phrase,
    Scene,
    adjectives_of,
    draw_place,
    general,
    nouns_of,
    verbs,
)

#: A change: the scene that results, or None where it does not apply.
SceneChange = Callable[[Scene, Dice], Scene | None]


# What follows from a scene -------------------------------------------------------------------------------


def lift_agent(scene: Scene, dice: Dice) -> Scene | None:
    """The dog sleeps -> the animal sleeps."""
    names = general(scene.agent.noun)
    return replace(scene, agent=replace(scene.agent, noun=dice.pick(names))) if names else None


def lift_patient(scene: Scene, dice: Dice) -> Scene | None:
    """The boy sees a dog -> the boy sees an animal."""
    if scene.patient is None or not (names := general(scene.patient.noun)):
        return None
    return replace(scene, patient=replace(scene.patient, noun=dice.pick(names)))


def drop_adjective(scene: Scene, dice: Dice) -> Scene | None:
    """The big dog sleeps -> the dog sleeps."""
    if scene.agent.adjective is not None:
        return replace(scene, agent=replace(scene.agent, adjective=None))
    if scene.patient is not None and scene.patient.adjective is not None:
        return replace(scene, patient=replace(scene.patient, adjective=None))
    return None


def drop_adverb(scene: Scene, dice: Dice) -> Scene | None:
    """The dog sleeps quietly -> the dog sleeps."""
    return None if scene.adverb is None else replace(scene, adverb=None)


def drop_place(scene: Scene, dice: Dice) -> Scene | None:
    """The dog sleeps near a river -> the dog sleeps."""
    return None if scene.place is None else replace(scene, place=None)


def drop_relative(scene: Scene, dice: Dice) -> Scene | None:
    """The dog that chases a cat sleeps -> the dog sleeps."""
    if scene.agent.relative is None:
        return None
    return replace(scene, agent=replace(scene.agent, relative=None))


def only_relative(scene: Scene, dice: Dice) -> Scene | None:
    """The dog that chases a cat sleeps -> the dog chases a cat."""
    clause = scene.agent.relative
    if clause is None:
        return None
    head = replace(scene.agent, relative=None)
    agent, patient = (head, clause.other) if clause.subject else (clause.other, head)
    return Scene(agent, clause.verb, patient, tense="past" if clause.past else "present")


FOLLOWS: tuple[SceneChange, ...] = (
    lift_agent,
    lift_patient,
    drop_adjective,
    drop_adverb,
    drop_place,
    drop_relative,
    only_relative,
)

# What does not follow ------------------------------------------------------------------------------------


def other_agent(scene: Scene, dice: Dice) -> Scene | None:
    """The dog sleeps -> the horse sleeps."""
    kinds = (scene.agent.noun.kind,) if scene.verb is None else scene.verb.agents
    noun = _other_noun(scene.agent, kinds, scene.patient, dice)
    return None if noun is None else replace(scene, agent=replace(scene.agent, noun=noun))


def other_patient(scene: Scene, dice: Dice) -> Scene | None:
    """The boy sees a dog -> the boy sees a horse."""
    if scene.patient is None or scene.verb is None:
        return None
    noun = _other_noun(scene.patient, scene.verb.patients, scene.agent, dice)
    return None if noun is None else replace(scene, patient=replace(scene.patient, noun=noun))


def other_verb(scene: Scene, dice: Dice) -> Scene | None:
    """The boy loves the dog -> the boy hates the dog."""
    if scene.verb is None:
        return None
    fitting = verbs_for(scene)
    related = [v for v in fitting if v.field == scene.verb.field]
    options = related if related and dice.chance(0.6) else fitting
    return replace(scene, verb=dice.pick(options)) if options else None


def other_adjective(scene: Scene, dice: Dice) -> Scene | None:
    """The big dog sleeps -> the small dog sleeps."""
    if scene.quality is not None:
        return replace(scene, quality=_other_adjective(scene.quality, scene.agent.noun, dice))
    if scene.agent.adjective is not None:
        adjective = _other_adjective(scene.agent.adjective, scene.agent.noun, dice)
        return replace(scene, agent=replace(scene.agent, adjective=adjective))
    if scene.patient is not None and scene.patient.adjective is not None:
        adjective = _other_adjective(scene.patient.adjective, scene.patient.noun, dice)
        return replace(scene, patient=replace(scene.patient, adjective=adjective))
    return None


def swap_roles(scene: Scene, dice: Dice) -> Scene | None:
    """The dog chases a cat -> a cat chases the dog."""
    if scene.patient is None or scene.verb is None:
        return None
    if not lexicon.within(scene.patient.noun.kind, scene.verb.agents):
        return None
    if not lexicon.within(scene.agent.noun.kind, scene.verb.patients):
        return None
    return replace(scene, agent=scene.patient, patient=scene.agent)


def deny(scene: Scene, dice: Dice) -> Scene | None:
    """The dog sleeps -> the dog does not sleep."""
    return replace(scene, negative=not scene.negative)


def add_detail(scene: Scene, dice: Dice) -> Scene | None:
    """The dog sleeps -> the big dog sleeps."""
    if scene.agent.adjective is None and scene.quality is None and dice.chance(0.6):
        return replace(scene, agent=described(scene.agent, dice))
    if scene.patient is not None and scene.patient.adjective is None and dice.chance(0.6):
        return replace(scene, patient=described(scene.patient, dice))
    return replace(scene, place=draw_place(dice)) if scene.place is None else None


def described(phrase: Phrase, dice: Dice) -> Phrase:
    """The phrase with an adjective."""
    return replace(phrase, adjective=dice.pick(adjectives_of(phrase.noun.kind)))


def wrong_head(scene: Scene, dice: Dice) -> Scene | None:
    """The dog that chases a cat sleeps -> a cat sleeps."""
    clause = scene.agent.relative
    if clause is None or scene.verb is None or not lexicon.within(clause.other.noun.kind, scene.verb.agents):
        return None
    return replace(scene, agent=clause.other)


#: Another scene altogether, at one point.
DIFFERS: tuple[SceneChange, ...] = (other_agent, other_patient, other_verb, other_adjective, swap_roles)
#: May be true or not.
OPEN: tuple[SceneChange, ...] = (*DIFFERS, add_detail, wrong_head)


def change(scene: Scene, dice: Dice, options: tuple[SceneChange, ...]) -> Scene | None:
    """The scene after one of the changes that apply, or None where none does."""
    left = list(options)
    while left:
        chosen = left.pop(left.index(dice.pick(left)))
        changed = chosen(scene, dice)
        if changed is not None:
            return changed
    return None


def verbs_for(scene: Scene) -> list[Verb]:
    """The other verbs that suit the same agent and patient."""
    agent = scene.agent.noun.kind
    patient = None if scene.patient is None else scene.patient.noun.kind
    return [
        v
        for v in verbs(patient is not None)
        if v is not scene.verb
        and lexicon.within(agent, v.agents)
        and (patient is None or lexicon.within(patient, v.patients))
    ]


def _other_noun(phrase: Phrase, kinds: tuple[str, ...], beside: Phrase | None, dice: Dice) -> Noun | None:
    """A noun, mostly of the same kind, that is neither the same nor holds it; the adjective must fit."""
    same = phrase.noun.kind
    wide = dice.chance(0.3)
    options = [
        n
        for n in (*nouns_of(kinds), *lexicon.GENERAL.values())
        if n != phrase.noun
        and n not in general(phrase.noun)
        and lexicon.within(n.kind, kinds)
        and (wide or n.kind == same)
        and (beside is None or n != beside.noun)
        and (phrase.adjective is None or lexicon.within(n.kind, phrase.adjective.kinds))
    ]
    return dice.pick(options) if options else None


def _other_adjective(adjective: Modifier, noun: Noun, dice: Dice) -> Modifier:
    if dice.chance(0.5):
        return lexicon.ADJECTIVES[adjective.opposite]
    return dice.pick([a for a in adjectives_of(noun.kind) if a is not adjective])
