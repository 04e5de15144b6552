"""The text that ``tiny`` is pretrained on, and its vocabulary; `pretrain_tiny` is the script."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ftbench.tasks import toy_lexicon as lexicon
from ftbench.tasks.toy_grammar import NOT_PLURAL, NOT_SINGULAR, Speaker
from ftbench.tasks.toy_meaning import DIFFERS, FOLLOWS, change
from ftbench.tasks.toy_scene import (
    PLURAL,
    PREPOSITIONS,
    SINGULAR,
    Dice,
    Scene,
    draw_phrase,
    draw_relative,
    draw_scene,
)

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
GRAMMAR_WORDS = "by that not , . is are was were has have been can be do does did an".split()


def vocabulary() -> list[str]:
    """Special tokens, every word of the grammar, then characters, so that any other text has tokens too."""
    words = {*GRAMMAR_WORDS, *SINGULAR, *PLURAL, *NOT_PLURAL, *NOT_SINGULAR, *PREPOSITIONS}
    for noun in (*lexicon.NOUNS.values(), *lexicon.GENERAL.values(), *lexicon.PLACES):
        words.update(word for pair in noun.words for word in pair)
    for verb in lexicon.VERBS.values():
        words.update(form for forms in verb.words for form in forms)
    for modifier in (*lexicon.ADJECTIVES.values(), *lexicon.ADVERBS.values()):
        words.update(modifier.words)
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)] + [str(digit) for digit in range(10)]
    marks = [mark for mark in "!\"'();:?-%$&/" if mark not in words]
    single = [letter for letter in letters if letter not in words]
    return [*SPECIAL, *sorted(words), *marks, *single, *(f"##{letter}" for letter in letters)]


@dataclass(frozen=True)
class Passage:
    """One or two sentences [tokens], and whether the second tells of the same scene (0) or not (1)."""

    first: list[int]
    second: list[int]
    label: int


class Author:
    """Writes passages; ``ease`` falls from 1 to 0, and sentences become richer as it does."""

    def __init__(self, seed: int, vocab: list[str]) -> None:
        """Start the text of a seed."""
        self.dice = Dice(seed)
        self.index = {word: number for number, word in enumerate(vocab)}
        self.ease = 1.0

    def scene(self) -> Scene:
        """A scene with everything that the grammar has."""
        dice, rich = self.dice, 1 - self.ease
        drawn = draw_scene(
            dice, quality=0.15, adjective=0.1 + 0.25 * rich, extras=0.3 * rich, negative=0.15 * rich
        )
        if dice.chance(0.15 * rich):
            return replace(drawn, agent=replace(drawn.agent, relative=draw_relative(dice, drawn.agent.noun)))
        if dice.chance(0.15 * rich):
            near = draw_phrase(dice, lexicon.KINDS, adjective=0.0)
            return replace(drawn, agent=replace(drawn.agent, beside=(dice.pick(PREPOSITIONS), near)))
        return drawn

    def say(self, scene: Scene, avoid: list[str]) -> list[str]:
        """A scene in words, with the full stop."""
        recast = 0.25 * (1 - self.ease)
        passive, fronted = self.dice.chance(recast), self.dice.chance(recast)
        return [*Speaker(self.dice, avoid).say(scene, passive=passive, fronted=fronted), "."]

    def passage(self) -> Passage:
        """A sentence alone; or with a second one: the same scene again, a changed scene, or another one.

        A scene is told again in other words, and maybe in wider words or less detail.
        """
        dice = self.dice
        scene = self.scene()
        said = self.say(scene, [])
        if dice.chance(0.25):
            return Passage(self.tokens(said), [], 0)
        same = dice.chance(0.5)
        if same:
            steps = [FOLLOWS] * (0 if scene.negative else dice.pick((0, 0, 1, 2)))
        else:
            steps = [DIFFERS] * dice.pick((1, 2, 3))
        second = scene
        for options in steps:
            second = change(second, dice, options) or second
        if not same and (second == scene or dice.chance(0.15)):
            second = self.scene()
        renamed = dice.pick((0.0, 0.4, 0.8))
        again = self.say(second, [word for word in said if dice.chance(renamed)])
        return Passage(self.tokens(said), self.tokens(again), 0 if same else 1)

    def tokens(self, words: list[str]) -> list[int]:
        """The vocabulary's numbers of words."""
        return [self.index[word] for word in words]


def false_words(vocab: list[str], dice: Dice, many: int) -> list[list[int]]:
    """For each word, plausible false ones: other words of its class, other forms of itself."""
    classes: dict[str, list[str]] = {}
    forms: dict[str, set[str]] = {}

    def enter(name: str, word: str, others: Iterable[str] = ()) -> None:
        classes.setdefault(name, []).append(word)
        forms.setdefault(word, set()).update(others)

    for noun in (*lexicon.NOUNS.values(), *lexicon.GENERAL.values()):
        for pair in noun.words:
            enter("singular", pair[0], pair)
            enter("plural", pair[1], pair)
    for place in lexicon.PLACES:
        for pair in place.words:
            enter("place", pair[0])
    for verb in lexicon.VERBS.values():
        for words in verb.words:
            for form, word in words._asdict().items():
                enter(f"{form} {bool(verb.patients)}", word, words)
    for table in (lexicon.ADJECTIVES, lexicon.ADVERBS):
        for modifier in table.values():
            for word in modifier.words:
                enter(str(bool(modifier.kinds)), word)
    for group in (
        "is are",
        "was were",
        "has have",
        "does do",
        " ".join((*SINGULAR, *PLURAL)),
        "at near behind",
    ):
        for word in group.split():
            enter(group, word)

    index = {word: number for number, word in enumerate(vocab)}
    found = [[number] * many for number in range(len(vocab))]
    for word in sorted(forms):
        others = [w for members in classes.values() if word in members for w in members if w != word]
        own = sorted(forms[word] - {word})
        for column in range(many):
            found[index[word]][column] = index[dice.pick(own if own and column % 3 == 0 else others)]
    return found
