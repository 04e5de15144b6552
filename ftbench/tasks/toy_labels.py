"""Two more toy tasks: one whose rows have several labels, one whose words have labels.

They stand beside the four of ``toy``, in a group of their own. ``toy-topics``: which kinds of things two
sentences are about. ``toy-tags``: which words say who does something, to whom, and where; passives have it
the other way round, so that places in the sentence do not tell.
"""

from __future__ import annotations

import functools
import hashlib
import json
from typing import TYPE_CHECKING

from ftbench.domain.task import MULTI_LABEL, TOKEN_CLASSIFICATION, RowSet, TaskSpec

if TYPE_CHECKING:
    from ftbench.tasks.rows import Rows
    from ftbench.tasks.toy_lexicon import Noun
    from ftbench.tasks.toy_scene import Dice

#: In the identity of every job of theirs; changes with the rows (a test compares it with `digest`).
REVISION = "toy-labels-1-3489058141d3"
BENCHMARK = "toy-labels"
TRAIN_ROWS, DEV_ROWS = 800, 400
LONGEST = 26  # tokens of the longest row, in the vocabulary of ``tiny``

TOPICS = ("animal", "food", "vehicle", "garment", "tool", "document", "container")
TAGS = ("O", "B-DOER", "I-DOER", "B-TARGET", "I-TARGET", "B-PLACE", "I-PLACE")


def _task(name: str, title: str, kind: str, labels: tuple[str, ...], metric: str, note: str) -> TaskSpec:
    return TaskSpec(
        name=name,
        title=title,
        benchmark=BENCHMARK,
        labels=labels,
        metric=metric,
        train=RowSet("train"),
        evaluation=(RowSet("dev"),),
        builtin=True,
        train_rows=TRAIN_ROWS,
        note=note,
        longest=LONGEST,
        kind=kind,
    )


TASKS: tuple[TaskSpec, ...] = (
    _task("toy-topics", "toy topics", MULTI_LABEL, TOPICS, "micro_f1", "what is it about?"),
    _task("toy-tags", "toy tags", TOKEN_CLASSIFICATION, TAGS, "entity_f1", "who does it, to whom, where?"),
)

#: A row: its text and its labels.
_Row = tuple[str, tuple[int, ...]]


def labelled_rows(name: str, set_name: str) -> Rows:
    """The rows of one of the tasks.

    Args:
        name: of the task, ``toy-tags``.
        set_name: ``train`` or ``dev``.

    Raises:
        KeyError: there is no such task or set.
    """
    from ftbench.tasks.rows import Rows

    chosen = {"train": slice(0, TRAIN_ROWS), "dev": slice(TRAIN_ROWS, None)}[set_name]
    drawn = _generate(name)[chosen]
    return Rows(([text for text, _ in drawn],), [labels for _, labels in drawn])


def digest() -> str:
    """What `REVISION` must be: a digest of all rows."""
    written = json.dumps(
        [[task.name, _generate(task.name)] for task in TASKS], separators=(",", ":")
    ).encode()
    return f"toy-labels-1-{hashlib.sha256(written).hexdigest()[:12]}"


@functools.cache
def _generate(name: str) -> tuple[_Row, ...]:
    """Train and dev rows of a task, no text twice."""
    from ftbench.tasks.toy_scene import Dice

    draw, seed = {"toy-topics": (_topics, 505), "toy-tags": (_tags, 606)}[name]
    dice = Dice(seed)
    found: dict[str, tuple[int, ...]] = {}
    while len(found) < TRAIN_ROWS + DEV_ROWS:
        text, labels = draw(dice)
        found.setdefault(text, labels)
    return tuple(found.items())


def _topics(dice: Dice) -> _Row:
    """Two sentences about different things, and for each topic whether a noun of them is of it."""
    from ftbench.tasks import toy_lexicon as lexicon
    from ftbench.tasks.toy_grammar import Speaker, text
    from ftbench.tasks.toy_scene import draw_scene

    scenes = [draw_scene(dice, transitive=0.7, adjective=0.2, extras=0.15) for _ in range(2)]
    said = [text(Speaker(dice).say(scene, passive=dice.chance(0.2))) for scene in scenes]
    phrases = [p for scene in scenes for p in (scene.agent, scene.patient) if p is not None]
    kinds = [phrase.noun.kind for phrase in phrases]
    labels = tuple(int(any(lexicon.within(kind, (topic,)) for kind in kinds)) for topic in TOPICS)
    return " ".join(said), labels


def _tags(dice: Dice) -> _Row:
    """A sentence, its words and marks apart, and the tag of each."""
    from ftbench.tasks.toy_grammar import Speaker
    from ftbench.tasks.toy_scene import draw_scene

    scene = draw_scene(dice, transitive=0.8, adjective=0.4, extras=0.35)
    words = Speaker(dice).say(scene, passive=dice.chance(0.4), fronted=dice.chance(0.3))
    roles = {"DOER": scene.agent.noun}
    if scene.patient is not None:
        roles["TARGET"] = scene.patient.noun
    if scene.place is not None:
        roles["PLACE"] = scene.place[1].noun
    tags = [TAGS.index(tag) for tag in role_tags(words, roles)]
    line = " ".join([*words, "."])
    return line[:1].upper() + line[1:], (*tags, 0)


def role_tags(words: list[str], roles: dict[str, Noun]) -> list[str]:
    """The tag of each word: those of a phrase from its determiner to its noun are one entity.

    Args:
        words: of a sentence.
        roles: type of an entity -> its noun.
    """
    from ftbench.tasks.toy_scene import PLURAL, SINGULAR

    named = {word: role for role, noun in roles.items() for pair in noun.words for word in pair}
    found, begin = ["O"] * len(words), 0
    for at, word in enumerate(words):
        if word in (*SINGULAR, *PLURAL, "an"):
            begin = at
        elif word in named:
            found[begin : at + 1] = [f"B-{named[word]}"] + [f"I-{named[word]}"] * (at - begin)
    return found
