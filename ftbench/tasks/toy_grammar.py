"""The toy grammar: puts scenes into English sentences, correct ones or with one mistake."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ftbench.tasks import toy_lexicon as lexicon
from ftbench.tasks.toy_lexicon import Forms, Noun, Verb
from ftbench.tasks.toy_scene import Dice, Phrase, Relative, Scene, draw_other

#: Determiners that are wrong before a plural and before a singular noun ("some dog" is fine English).
NOT_PLURAL = ("a", "this", "that")
NOT_SINGULAR = ("these", "those", "many", "several", "two")
#: The mistakes that `Speaker.say` can make.
FAULTS = ("agreement", "determiner", "form", "order", "gap")


class Speaker:
    """Puts scenes into words.

    Args:
        dice: what its choices are drawn from.
        avoid: words it does not use where a synonym says the same.
    """

    def __init__(self, dice: Dice, avoid: Iterable[str] = ()) -> None:
        """Make a speaker; see the class."""
        self.dice = dice
        self.avoid = frozenset(avoid)

    def say(
        self, scene: Scene, *, passive: bool = False, fronted: bool = False, fault: str | None = None
    ) -> list[str]:
        """The words of a scene, in order, without the full stop.

        Args:
            scene: what to say.
            passive: "the cat is chased by the dog", where there is an object.
            fronted: the place first: "near the river , the dog sleeps".
            fault: a mistake to make, one of `FAULTS` that the scene has room for.
        """
        passive = passive and scene.patient is not None
        first, second = (scene.patient, scene.agent) if passive else (scene.agent, scene.patient)
        assert first is not None
        slot = self._faulty_slot(scene, fault)
        subject = self.phrase(first, fault if slot == "subject" else None)
        plural = first.plural != (fault == "agreement")
        verb = self._predicate(scene, plural, passive, fault)
        rest = [] if second is None else self.phrase(second, fault if slot == "object" else None)
        if passive:
            rest = ["by", *rest]
        if scene.adverb is not None:
            manner = self.word(scene.adverb.words)
            if not scene.negative and self.dice.chance(0.4):
                verb = [*verb[:-1], manner, verb[-1]]
            else:
                rest = [*rest, manner]
        core = [*rest, *verb] if slot == "clause" else [*verb, *rest]
        words = [*subject, *core]
        if scene.place is not None:
            where = self._place(scene.place, misplaced=slot == "place")
            words = [*where, ",", *words] if fronted else [*words, *where]
        return _articles(words)

    def _faulty_slot(self, scene: Scene, fault: str | None) -> str:
        """The part of the sentence that a mistake of this kind goes to."""
        if fault == "order":
            options = ["subject"]
            if scene.patient is not None:
                options += ["object", "clause"]
            if scene.place is not None:
                options += ["place"]
            return self.dice.pick(options)
        if fault == "determiner":
            return self.dice.pick(("subject", "object")) if scene.patient is not None else "subject"
        return "subject" if fault == "gap" else ""

    def word(self, options: Sequence[str]) -> str:
        """One of several synonyms."""
        return self.dice.pick([w for w in options if w not in self.avoid] or options)

    def noun(self, noun: Noun, plural: bool) -> str:
        """A noun in its number."""
        return self.word([pair[plural] for pair in noun.words])

    def verb(self, verb: Verb) -> Forms:
        """A verb's forms, of one of its synonyms."""
        allowed = [f for f in verb.words if not self.avoid.intersection(f)]
        return self.dice.pick(allowed or verb.words)

    def phrase(self, phrase: Phrase, fault: str | None = None) -> list[str]:
        """The words of a noun phrase."""
        noun = self.noun(phrase.noun, phrase.plural)
        determiner = phrase.determiner
        if fault == "determiner":
            determiner = self.dice.pick(NOT_PLURAL if phrase.plural else NOT_SINGULAR)
        adjective = [] if phrase.adjective is None else [self.word(phrase.adjective.words)]
        words = [determiner, *adjective, noun]
        if fault == "order":
            words = [determiner, noun, *adjective] if adjective else [noun, determiner]
        if phrase.beside is not None:
            words += [phrase.beside[0], *self.phrase(phrase.beside[1])]
        if phrase.relative is not None:
            words += self._relative(phrase.relative, phrase.plural, fault == "gap")
        return words

    def _place(self, place: tuple[str, Phrase], misplaced: bool) -> list[str]:
        preposition, where = place
        words = self.phrase(where)
        return [*words, preposition] if misplaced else [preposition, *words]

    def _relative(self, relative: Relative, plural: bool, filled: bool) -> list[str]:
        """The clause behind its head; ``filled`` puts something, wrongly, where the head belongs."""
        forms = self.verb(relative.verb)
        other = self.phrase(relative.other)
        doer_plural = plural if relative.subject else relative.other.plural
        verb = forms.past if relative.past else forms.base if doer_plural else forms.third
        if filled:
            extra = draw_other(self.dice, lexicon.ANIMATE, relative.other.noun)
            return ["that", *other, verb, *self.phrase(extra)]
        return ["that", verb, *other] if relative.subject else ["that", *other, verb]

    def _predicate(self, scene: Scene, plural: bool, passive: bool, fault: str | None) -> list[str]:
        """The verb with its auxiliaries, or a form of "to be" with its adjective."""
        if scene.verb is None:
            assert scene.quality is not None
            return [*_be(scene.tense, scene.negative, plural), self.word(scene.quality.words)]
        forms = self.verb(scene.verb)
        wrong = fault == "form"
        if passive:
            participle = self.dice.pick((forms.base, forms.third)) if wrong else forms.participle
            return [*_be(scene.tense, scene.negative, plural), participle]
        return _active(forms, scene.tense, scene.negative, plural, wrong, self.dice)


def _be(tense: str, negative: bool, plural: bool) -> list[str]:
    deny = ["not"] if negative else []
    if tense == "perfect":
        return ["have" if plural else "has", *deny, "been"]
    if tense == "can":
        return ["can", *deny, "be"]
    present, past = ("are", "were") if plural else ("is", "was")
    return [present if tense == "present" else past, *deny]


def _active(forms: Forms, tense: str, negative: bool, plural: bool, wrong: bool, dice: Dice) -> list[str]:
    """The verb group of an active sentence; ``wrong``: in a form that its auxiliary does not take."""
    deny = ["not"] if negative else []
    if tense == "perfect":
        others = [f for f in (forms.base, forms.third) if f != forms.participle]
        return ["have" if plural else "has", *deny, dice.pick(others) if wrong else forms.participle]
    if tense != "can" and not negative:
        return [forms.past if tense == "past" else forms.base if plural else forms.third]
    auxiliary = "can" if tense == "can" else "did" if tense == "past" else "do" if plural else "does"
    return [auxiliary, *deny, dice.pick((forms.third, forms.past)) if wrong else forms.base]


def _articles(words: list[str]) -> list[str]:
    """Words with "an" for "a" before a vowel."""
    following = [*words[1:], ""]
    return ["an" if w == "a" and n[:1] in set("aeiou") else w for w, n in zip(words, following, strict=True)]


def text(words: Sequence[str]) -> str:
    """Words as a written sentence: "Near the river, the dog sleeps."."""
    line = " ".join(words).replace(" ,", ",")
    return line[:1].upper() + line[1:] + "."
