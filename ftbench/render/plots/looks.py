"""How methods look in plots: one colour, shape and dash each, in every plot, whatever is drawn beside it.

Every method of the package has a place in ``METHODS``, which gives it its look for good. No two of them are
told apart by hue alone: colours come in three steps of lightness, and two methods of one shape differ in the
step, so that they stay apart where a page is copied in grey and for readers who see few hues. The first
fifteen differ in their colour, too. Methods from elsewhere (of one's own, of a library) get shapes of their
own, by their names. The settings of a method have its shape, in other shades, filled and hollow in turn.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ftbench.render.table import Report, Row

#: In steps of lightness, dark, light, middle (L* 30, 60 and 46), and so on; all stand out on white (3 to 1).
COLOURS = (
    "#474747 #DA7200 #0072B2 #7B1E5A #1F9E89 #C0392B #26479A #DF659D #2B7D3E #6B3E00 "
    "#3B94D9 #8A56C2 #0F5132 #919191 #786D00"
).split()
_STAR = "M0,-1L.25,-.34L.95,-.31L.4,.13L.59,.81L0,.42L-.59,.81L-.4,.13L-.95,-.31L-.25,-.34Z"
_X = "M-.9,-.55L-.55,-.9L0,-.35L.55,-.9L.9,-.55L.35,0L.9,.55L.55,.9L0,.35L-.55,.9L-.9,.55L-.35,0Z"
#: As many as have no divisor in common with the steps: a shape meets each step once.
SHAPES = (
    *"circle square triangle-up diamond cross triangle-down".split(),
    _STAR,
    _X,
    *"triangle-right triangle-left".split(),
)
#: Of methods from elsewhere: hourglass, bow tie, three arms, house, arrow, half a disc.
OTHER_SHAPES = (
    "M-.8,-.9L.8,-.9L-.8,.9L.8,.9Z",
    "M-.9,-.8L.9,.8L.9,-.8L-.9,.8Z",
    "M-.25,.95L.25,.95L.25,.15L.97,-.35L.72,-.78L0,-.3L-.72,-.78L-.97,-.35L-.25,.15Z",
    "M0,-1L.95,-.1L.6,.9L-.6,.9L-.95,-.1Z",
    "M-.9,.5L0,-.8L.9,.5L.9,.95L0,-.1L-.9,.95Z",
    "M-.95,.45A.95,.95,0,0,1,.95,.45Z",
)
DASHES = ((1, 0), (6, 3), (2, 2), (8, 3, 2, 3))
#: The methods of the package in the order in which they got their looks: a new one goes to the end.
METHODS = (
    "vanilla bidrop rdrop mixout child_tuning_d dps_dense dps_mix child_tuning_f r3f recadam lora "
    "weight_mixup top_k prior_wd llrd smart freelb hype sam reinit r4f noisytune bitfit prefix prompt ema "
    "soup lp_ft"
).split()
PLACES = 30
"""How many looks the colours and shapes make for methods of the package."""
HOLLOW = "white"
_SHADES = (0.0, 0.5, 0.25)
"""How much of black (of white, where the colour is dark) is mixed into the colour, by setting."""

MethodSetting = tuple[str, str]
"""A method's name, and its hyper-parameters as JSON with sorted keys."""


@dataclass(frozen=True)
class MethodLook:
    """How a method looks.

    Attributes:
        colour: of lines and outlines, ``#RRGGBB``.
        fill: of points: the colour, or white.
        shape: of points, as Vega takes it: a name, or a path in a square from -1 to 1.
        dash: of lines: pixels drawn and left out in turn.
    """

    colour: str
    fill: str
    shape: str
    dash: tuple[int, ...]


Looks = Mapping[str, MethodLook]
"""What plots call a method -> its look, in the order of the table."""


def assigned(known: Iterable[MethodSetting]) -> dict[MethodSetting, MethodLook]:
    """The looks of settings of methods.

    Args:
        known: all that a database has, in the order in which they were queued: what is added later changes
            nobody's look.
    """
    slots: dict[str, int] = {}
    count: Counter[str] = Counter()
    found = {}
    for method, hparams in dict.fromkeys(known):
        if method not in slots:
            slots[method] = _slot(method, set(slots.values()))
        found[method, hparams] = _look(slots[method], count[method])
        count[method] += 1
    return found


def of_names(names: Iterable[str]) -> dict[str, MethodLook]:
    """The looks of methods by their names or labels; those of one method in the order given.

    Args:
        names: ``bidrop``, ``bidrop[k=3]``; of a group of points any words.
    """
    listed = list(dict.fromkeys(names))
    keys = [(name.partition("[")[0], name) for name in listed]
    found = assigned(keys)
    return {name: found[key] for name, key in zip(listed, keys, strict=True)}


def of_report(report: Report) -> dict[str, MethodLook]:
    """The looks of a report's rows, by what tables call them."""
    groups = (group for section in report.sections for group in section.scores.groups)
    rows = [row for group in groups for row in group.rows]
    known = [(method, setting_text(json.loads(hparams))) for method, hparams in report.known]
    found = assigned([*known, *map(_setting, rows)])
    return {row.shown: found[_setting(row)] for row in rows}


def _setting(row: Row) -> MethodSetting:
    return row.method, setting_text(row.hparams)


def setting_text(hparams: Mapping[str, Any]) -> str:
    """Hyper-parameters as JSON with sorted keys."""
    return json.dumps(dict(hparams), sort_keys=True)


def _slot(method: str, taken: Collection[int]) -> int:
    """A method's place; one from elsewhere has the next free one from where its name points."""
    if method in METHODS:
        return METHODS.index(method)
    others = len(COLOURS) * len(OTHER_SHAPES)
    first = int(hashlib.sha256(method.encode()).hexdigest(), 16)
    places = (PLACES + (first + step) % others for step in range(others))
    return next((place for place in places if place not in taken), PLACES + first % others)


def _look(slot: int, setting: int) -> MethodLook:
    at = slot - PLACES
    shape = SHAPES[slot % len(SHAPES)] if at < 0 else OTHER_SHAPES[at // len(COLOURS)]
    number = slot if at < 0 else at
    # Three shades and two fills: six settings before one comes again.
    colour = _shade(COLOURS[number % len(COLOURS)], number % 3 == 0, _SHADES[setting % len(_SHADES)])
    fill = HOLLOW if setting % 2 else colour
    return MethodLook(colour, fill, shape, DASHES[(number + setting) % len(DASHES)])


def _shade(colour: str, dark: bool, share: float) -> str:
    """A colour with some black, a dark one with some white."""
    parts = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    mixed = (round((1 - share) * part + share * (255 if dark else 0)) for part in parts)
    return "#" + "".join(f"{part:02X}" for part in mixed)
