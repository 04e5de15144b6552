"""The words of the toy tasks' English: what they mean, how they inflect, what they go with.

A concept is one meaning with one or two words for it (``boy``, ``lad``). Concepts hang together by kind
(``dog`` is an ``animal``), by field (``chase`` and ``capture`` belong to ``hunt``) and by opposites
(``love``, ``hate``). All sequences are in a fixed order, because the generator draws from them by position.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Forms(NamedTuple):
    """One verb's forms: chase, chases, chased, chased."""

    base: str
    third: str
    past: str
    participle: str


@dataclass(frozen=True)
class Noun:
    """A noun concept: its (singular, plural) words, and the kind it belongs to."""

    name: str
    words: tuple[tuple[str, str], ...]
    kind: str


@dataclass(frozen=True)
class Verb:
    """A verb concept: which kinds do it, to which (``patients`` is empty for an intransitive one)."""

    name: str
    words: tuple[Forms, ...]
    field: str
    agents: tuple[str, ...]
    patients: tuple[str, ...]
    opposite: str


@dataclass(frozen=True)
class Modifier:
    """An adjective or adverb concept; ``kinds`` is what an adjective can describe, () for an adverb."""

    name: str
    words: tuple[str, ...]
    kinds: tuple[str, ...]
    opposite: str


# Words of one concept are joined by "/"; the first one names the concept.
_NOUNS = {
    "person": "boy/lad girl/lass doctor/physician teacher/instructor soldier/warrior lawyer/attorney "
    "thief/robber sailor/seaman",
    "animal": "dog/hound cat/kitty horse/steed rabbit/bunny pig/hog snake/serpent",
    "bird": "hawk/falcon dove/pigeon hen/chicken crow/raven",
    "food": "cookie/biscuit candy/sweet pie/tart stew/soup",
    "vehicle": "car/automobile truck/lorry boat/ship plane/jet",
    "garment": "coat/jacket hat/cap dress/gown sweater/pullover",
    "tool": "hammer/mallet knife/blade spade/shovel axe/hatchet",
    "document": "letter/note book/novel map/chart poem/verse",
    "container": "bag/sack box/carton cup/mug bucket/pail",
}
# The word for a kind itself ("an animal").
_GENERAL = {
    "person": "person/human",
    "animal": "animal/creature",
    "bird": "bird",
    "food": "dish",
    "vehicle": "vehicle",
    "garment": "garment",
    "tool": "tool",
    "document": "document",
    "container": "container",
}
_PLACES = "house/home road/street forest/wood shop/store garden/yard river/stream"
_PLURALS = {"person": "people", "knife": "knives", "thief": "thieves", "seaman": "seamen"}

#: A kind -> the kind that holds it.
PARENTS = {"bird": "animal"}
#: Every kind of noun but places, in order.
KINDS = tuple(_NOUNS)
ANIMATE = ("person", "animal", "bird")

# field: concept words, agents, patients ("-" for none), opposite ("-" for none).
_VERBS = """
hunt     chase/pursue     person,animal  person,animal                                  -
hunt     catch/capture    person,animal  person,animal                                  -
feeling  love/adore       person,animal  person,animal,food                             hate
feeling  hate/detest      person,animal  person,animal,food                             love
feeling  scare/frighten   person,animal  person,animal                                  soothe
feeling  soothe/comfort   person,animal  person,animal                                  scare
social   help/assist      person         person,animal                                  harm
social   harm/injure      person,animal  person,animal                                  help
sense    watch/observe    person,animal  person,animal,vehicle                          ignore
sense    ignore/neglect   person,animal  person,animal,vehicle                          watch
trade    buy/purchase     person         food,vehicle,garment,tool,container,document   sell
trade    sell/peddle      person         food,vehicle,garment,tool,container,document   buy
food     eat/devour       person,animal  food                                           -
move     push/shove       person         vehicle,container                              pull
move     pull/drag        person,animal  vehicle,container                              push
care     repair/fix       person         vehicle,tool,garment                           wreck
care     wreck/destroy    person         vehicle,tool,document                          repair
care     wash/clean       person         garment,container,vehicle                      -
text     write/compose    person         document                                       erase
text     erase/delete     person         document                                       write
search   find/discover    person,animal  tool,document,garment,container,food           lose
search   lose/misplace    person         tool,document,garment,container,food           find
search   hide/conceal     person         tool,document,garment,container                show
search   show/reveal      person         tool,document,garment,container                hide
rest     sleep/doze       person,animal  -                                              -
come     arrive/come      person,animal,vehicle  -                                      depart
come     depart/go        person,animal,vehicle  -                                      arrive
come     vanish/disappear person,animal,vehicle,tool,garment,container,document  -      appear
come     appear/emerge    person,animal,vehicle,tool,garment,container,document  -      vanish
face     smile/grin       person         -                                              frown
face     frown/scowl      person         -                                              smile
face     laugh/giggle     person         -                                              cry
face     cry/weep         person         -                                              laugh
body     fall/tumble      person,animal,container,tool  -                               -
"""
_IRREGULAR = {
    "catch": "caught caught",
    "buy": "bought bought",
    "sell": "sold sold",
    "eat": "ate eaten",
    "drag": "dragged dragged",
    "write": "wrote written",
    "find": "found found",
    "lose": "lost lost",
    "hide": "hid hidden",
    "show": "showed shown",
    "sleep": "slept slept",
    "come": "came come",
    "go": "went gone",
    "grin": "grinned grinned",
    "weep": "wept wept",
    "fall": "fell fallen",
}
#: Verbs that also stand without their object: "the boy eats".
FLEXIBLE = frozenset("help watch sell buy eat push pull wash write find lose hide show".split())

_LIVING = "person,animal"
_THINGS = "vehicle,garment,tool,document,container"
_ADJECTIVES = f"""
big/large        {_LIVING},food,{_THINGS}   small
small/little     {_LIVING},food,{_THINGS}   big
happy/glad       {_LIVING}                  sad
sad/unhappy      {_LIVING}                  happy
angry/furious    {_LIVING}                  calm
calm/peaceful    {_LIVING}                  angry
brave/bold       {_LIVING}                  timid
timid/shy        {_LIVING}                  brave
strong/powerful  {_LIVING},vehicle          weak
weak/feeble      {_LIVING},vehicle          strong
new/modern       {_THINGS}                  old
old/ancient      {_THINGS}                  new
dirty/filthy     garment,tool,container,vehicle  tidy
tidy/neat        garment,tool,container,vehicle  dirty
cheap/affordable food,{_THINGS}             costly
costly/expensive food,{_THINGS}             cheap
pretty/beautiful {_LIVING},food,{_THINGS}   ugly
ugly/hideous     {_LIVING},food,{_THINGS}   pretty
"""
_ADVERBS = """
quickly/rapidly     slowly
slowly/gradually    quickly
quietly/silently    loudly
loudly/noisily      quietly
secretly/covertly   openly
openly/publicly     secretly
"""


def _plural(word: str) -> str:
    if word in _PLURALS:
        return _PLURALS[word]
    if word[-1] == "y" and word[-2] not in "aeiou":
        return word[:-1] + "ies"
    return word + ("es" if word.endswith(("s", "x", "ch", "sh")) else "s")


def _forms(base: str) -> Forms:
    third = "goes" if base == "go" else _plural(base)
    if base in _IRREGULAR:
        past, participle = _IRREGULAR[base].split()
    else:
        stem = base[:-1] + "i" if base[-1] == "y" and base[-2] not in "aeiou" else base
        past = participle = stem + ("d" if stem[-1] == "e" else "ed")
    return Forms(base, third, past, participle)


def _noun(entry: str, kind: str) -> Noun:
    words = entry.split("/")
    return Noun(words[0], tuple((w, _plural(w)) for w in words), kind)


def _verb(line: str) -> Verb:
    field, entry, agents, patients, opposite = line.split()
    words = entry.split("/")
    return Verb(
        name=words[0],
        words=tuple(_forms(w) for w in words),
        field=field,
        agents=tuple(agents.split(",")),
        patients=() if patients == "-" else tuple(patients.split(",")),
        opposite="" if opposite == "-" else opposite,
    )


def _adjective(line: str) -> Modifier:
    entry, kinds, opposite = line.split()
    words = tuple(entry.split("/"))
    return Modifier(words[0], words, tuple(kinds.split(",")), opposite)


def _adverb(line: str) -> Modifier:
    entry, opposite = line.split()
    words = tuple(entry.split("/"))
    return Modifier(words[0], words, (), opposite)


def _lines(table: str) -> list[str]:
    return table.strip().splitlines()


#: Concepts by name, each table in its order.
NOUNS = {n.name: n for kind, entries in _NOUNS.items() for n in (_noun(e, kind) for e in entries.split())}
#: A kind -> the noun that names it.
GENERAL = {kind: _noun(entry, kind) for kind, entry in _GENERAL.items()}
PLACES = tuple(_noun(entry, "place") for entry in _PLACES.split())
VERBS = {v.name: v for v in map(_verb, _lines(_VERBS))}
ADJECTIVES = {a.name: a for a in map(_adjective, _lines(_ADJECTIVES))}
ADVERBS = {a.name: a for a in map(_adverb, _lines(_ADVERBS))}


def within(kind: str, kinds: tuple[str, ...]) -> bool:
    """Whether a kind is one of ``kinds``, or held by one of them."""
    return kind in kinds or PARENTS.get(kind, "") in kinds
