"""The toy tasks: four small tasks drawn from the toy grammar, for the embedded model ``tiny``.

They have the shapes of GLUE's small tasks: acceptability (CoLA), entailment (RTE), paraphrase (MRPC),
similarity (STS-B). Right and wrong rows share their words, so that counting words does not solve them; what
helps is knowing which words mean the same, which hold which, and how sentences are built: what `tiny` could
learn from its pretraining text. The rows are generated, the same ones on every machine.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from ftbench.domain.task import RowSet, TaskSpec

if TYPE_CHECKING:
    from ftbench.tasks.rows import Rows
    from ftbench.tasks.toy_lexicon import Noun
    from ftbench.tasks.toy_scene import Dice, Phrase, Scene

#: In the identity of every toy job; changes with the rows (a test compares it with `digest`).
REVISION = "toy-1-147f9a94f265"
TRAIN_ROWS = 800
LONGEST = 39  # tokens of the longest row, in the vocabulary of ``tiny``
DEV_ROWS = 400


def _task(name: str, title: str, labels: tuple[str, ...], metric: str, note: str) -> TaskSpec:
    return TaskSpec(
        name=name,
        title=title,
        benchmark="toy",
        labels=labels,
        metric=metric,
        train=RowSet("train"),
        evaluation=(RowSet("dev"),),
        label_range=None if labels else (0.0, 5.0),
        builtin=True,
        train_rows=TRAIN_ROWS,
        note=note,
        longest=LONGEST,
    )


TASKS: tuple[TaskSpec, ...] = (
    _task("toy-accept", "toy accept", ("unacceptable", "acceptable"), "matthews", "is it English?"),
    _task(
        "toy-entail", "toy entail", ("entailment", "not_entailment"), "accuracy", "does the second follow?"
    ),
    _task("toy-para", "toy para", ("not_equivalent", "equivalent"), "f1", "do both say the same?"),
    _task("toy-sim", "toy sim", (), "spearman", "how alike are both, 0 to 5?"),
)

#: A row: its texts and its label.
_Row = tuple[tuple[str, ...], float]


def rows(name: str, set_name: str) -> Rows:
    """The rows of a toy task.

    Args:
        name: of the task, ``toy-accept``.
        set_name: ``train`` or ``dev``.

    Raises:
        KeyError: there is no such task or set.
    """
    from ftbench.tasks.rows import Rows

    chosen = {"train": slice(0, TRAIN_ROWS), "dev": slice(TRAIN_ROWS, None)}[set_name]
    drawn = _generate(name)[chosen]
    columns = tuple(list(column) for column in zip(*(texts for texts, _ in drawn), strict=True))
    if name == "toy-sim":
        return Rows(columns, [label for _, label in drawn])
    return Rows(columns, [int(label) for _, label in drawn])


def digest() -> str:
    """What `REVISION` must be: a digest of all rows."""
    content = [[task.name, _generate(task.name)] for task in TASKS]
    written = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
    return f"toy-1-{hashlib.sha256(written).hexdigest()[:12]}"


@functools.cache
def _generate(name: str) -> tuple[_Row, ...]:
    """Train and dev rows of a task, no text twice; classes take turns, so that they are balanced."""
    from ftbench.tasks.toy_scene import Dice

    draw, seed, classes = _GENERATORS[name]
    dice = Dice(seed)
    found: dict[tuple[str, ...], float] = {}
    while len(found) < TRAIN_ROWS + DEV_ROWS:
        row = draw(dice, len(found) % classes)
        if row is not None and row[0] not in found:
            found[row[0]] = row[1]
    return tuple(found.items())


# Acceptability -------------------------------------------------------------------------------------------

# Sentences of both classes are drawn to have room for the same mistake; only one class makes it.
_MISTAKES = (
    *("agreement", "agreement", "agreement", "determiner", "determiner"),
    *("form", "form", "order", "order", "gap", "missing", "surplus"),
)


def _accept(dice: Dice, label: int) -> _Row | None:
    from ftbench.tasks.toy_grammar import Speaker, text
    from ftbench.tasks.toy_lexicon import KINDS
    from ftbench.tasks.toy_scene import PREPOSITIONS, draw_phrase, draw_relative

    mistake = dice.pick(_MISTAKES)
    scene = _room_for(mistake, dice)
    if mistake == "gap" or dice.chance(0.15):
        scene = replace(scene, agent=replace(scene.agent, relative=draw_relative(dice, scene.agent.noun)))
        if scene.agent.relative is None:
            return None
    elif dice.chance(0.4 if mistake == "agreement" else 0.15):
        near = draw_phrase(dice, KINDS, adjective=0.0)
        scene = replace(scene, agent=replace(scene.agent, beside=(dice.pick(PREPOSITIONS), near)))
    if label == 0 and mistake in ("missing", "surplus"):
        scene = _miscount(scene, dice)
        mistake = ""
    passive = mistake not in ("missing", "surplus", "order", "") and dice.chance(0.2)
    words = Speaker(dice).say(
        scene, passive=passive, fronted=dice.chance(0.2), fault=(mistake or None) if label == 0 else None
    )
    return (text(words),), label


def _room_for(mistake: str, dice: Dice) -> Scene:
    """A scene in which this mistake can be made, and would show."""
    from ftbench.tasks.toy_lexicon import FLEXIBLE
    from ftbench.tasks.toy_scene import TENSES, draw_scene

    while True:
        tenses = {"agreement": ("present", "perfect"), "form": ("can", "perfect")}.get(mistake, TENSES)
        transitive = {"missing": 1.0, "surplus": 0.0}.get(mistake, 0.6)
        quality = 0.2 if mistake == "agreement" else 0.0
        extras = 0.6 if mistake in ("missing", "surplus") else 0.25
        scene = draw_scene(dice, transitive=transitive, quality=quality, tenses=tenses, extras=extras)
        if scene.verb is None or not any(w.base in FLEXIBLE for w in scene.verb.words):
            return scene


def _miscount(scene: Scene, dice: Dice) -> Scene:
    """An intransitive verb with an object, a transitive one without."""
    from ftbench.tasks.toy_lexicon import KINDS
    from ftbench.tasks.toy_scene import draw_other

    if scene.patient is not None:
        return replace(scene, patient=None)
    return replace(scene, patient=draw_other(dice, KINDS, scene.agent.noun, adjective=0.35))


# Pairs ---------------------------------------------------------------------------------------------------


def _pair(
    dice: Dice, first: Scene, second: Scene, *, renamed: float, recast: float = 0.25
) -> tuple[str, str]:
    """Two scenes in words; the second avoids each word of the first with probability ``renamed``."""
    from ftbench.tasks.toy_grammar import Speaker, text

    said = Speaker(dice).say(first, passive=dice.chance(recast), fronted=dice.chance(recast))
    avoid = [w for w in said if dice.chance(renamed)]
    again = Speaker(dice, avoid).say(second, passive=dice.chance(recast), fronted=dice.chance(recast))
    return text(said), text(again)


def _entail(dice: Dice, label: int) -> _Row | None:
    from ftbench.tasks.toy_meaning import FOLLOWS, OPEN, change
    from ftbench.tasks.toy_scene import draw_relative, draw_scene

    premise = draw_scene(dice, transitive=0.8, negative=0.0, adjective=0.4, extras=0.35)
    if dice.chance(0.25):
        clause = draw_relative(dice, premise.agent.noun)
        premise = replace(premise, agent=replace(premise.agent, relative=clause))
    hypothesis: Scene | None = premise
    # Both classes are told in less detail, and in wider words; one of them also tells of something else.
    steps = [FOLLOWS] * dice.pick((1, 2))
    for options in steps if label == 0 else [*steps, OPEN]:
        hypothesis = hypothesis and change(hypothesis, dice, options)
    if hypothesis is None:
        return None
    return _pair(dice, premise, hypothesis, renamed=0.3), label


def _para(dice: Dice, label: int) -> _Row | None:
    from ftbench.tasks.toy_meaning import DIFFERS, change
    from ftbench.tasks.toy_scene import draw_scene

    scene = draw_scene(dice, transitive=0.85, negative=0.1, adjective=0.35, extras=0.25)
    other = scene if label == 1 else change(scene, dice, DIFFERS)
    if other is None:
        return None
    return _pair(dice, scene, other, renamed=0.6), label


def _sim(dice: Dice, label: int) -> _Row | None:
    """Two scenes whose agent, verb and object are each the same, related, or not; the label says how much."""
    from ftbench.tasks.toy_meaning import change, other_agent, other_patient, other_verb
    from ftbench.tasks.toy_scene import draw_scene

    scene = draw_scene(dice, transitive=1.0, negative=0.0, adjective=0.2, extras=0.15)
    other = scene
    for step in (other_agent, other_patient, other_verb):
        if dice.chance(0.5):
            other = change(other, dice, (step,)) or other
    assert scene.verb and other.verb and scene.patient and other.patient
    verb = 1.0 if scene.verb is other.verb else 0.4 if scene.verb.field == other.verb.field else 0.0
    score = 1.6 * _alike(scene.agent, other.agent) + 1.6 * _alike(scene.patient, other.patient) + 1.8 * verb
    return _pair(dice, scene, other, renamed=0.6), round(score, 2)


def _alike(first: Phrase, second: Phrase) -> float:
    """1 for the same noun, 0.7 for one that holds the other, 0.4 for the same kind."""
    from ftbench.tasks.toy_scene import general

    if first.noun == second.noun:
        return 1.0
    if first.noun in general(second.noun) or second.noun in general(first.noun):
        return 0.7
    return 0.4 if _root(first.noun) == _root(second.noun) else 0.0


def _root(noun: Noun) -> str:
    from ftbench.tasks.toy_lexicon import PARENTS

    return PARENTS.get(noun.kind, noun.kind)


_GENERATORS: dict[str, tuple[Callable[[Dice, int], _Row | None], int, int]] = {
    "toy-accept": (_accept, 101, 2),
    "toy-entail": (_entail, 202, 2),
    "toy-para": (_para, 303, 2),
    "toy-sim": (_sim, 404, 1),
}
