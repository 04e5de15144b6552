"""Looks: one for each method, for good, and all of them apart for every reader."""

from __future__ import annotations

import itertools
import json
import math
from dataclasses import replace

import pytest

from ftbench import methods
from ftbench.render.plots import looks
from ftbench.render.plots.looks import METHODS, MethodLook, assigned, of_names, of_report
from ftbench.render.table import Group
from tests.render.samples import REPORT, ROWS, SECTION

EVERY = of_names(METHODS)
#: Machado, Oliveira and Fernandes (2009), severity 1: what readers of each kind see of linear RGB.
BLIND = {
    "protan": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deutan": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritan": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}


def linear(colour: str) -> list[float]:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    return [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]


def seen(colour: str, kind: str = "") -> list[float]:
    """Linear RGB as a reader sees it."""
    if not kind:
        return linear(colour)
    return [sum(a * b for a, b in zip(row, linear(colour), strict=True)) for row in BLIND[kind]]


def lightness(rgb: list[float]) -> float:
    """L* of CIELAB, 0 to 100."""
    y = max(0.0, sum(a * b for a, b in zip((0.2126, 0.7152, 0.0722), rgb, strict=True)))
    return 116 * y ** (1 / 3) - 16 if y > 0.008856 else 903.3 * y


def lab(rgb: list[float]) -> tuple[float, float, float]:
    """CIELAB of linear sRGB, under D65."""
    rows = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
    white = (0.9505, 1.0, 1.089)
    x, y, z = (
        sum(a * b for a, b in zip(row, rgb, strict=True)) / w for row, w in zip(rows, white, strict=True)
    )
    a, b, c = (t ** (1 / 3) if t > 0.008856 else 7.787 * max(t, 0.0) + 16 / 116 for t in (x, y, z))
    return 116 * b - 16, 500 * (a - b), 200 * (b - c)


def contrast_to_white(colour: str) -> float:
    y = sum(a * b for a, b in zip((0.2126, 0.7152, 0.0722), linear(colour), strict=True))
    return 1.05 / (y + 0.05)


def test_every_method_of_the_package_has_a_place_of_its_own() -> None:
    assert {entry.name for entry in methods.available()} == set(METHODS)  # a new one is added at the end
    assert len(set(METHODS)) == len(METHODS) <= looks.PLACES


def test_looks_are_as_they_were() -> None:
    """Figures that were made before must go with those that are made now."""
    assert [
        (name, EVERY[name].colour, EVERY[name].shape) for name in ("vanilla", "bidrop", "rdrop", "lp_ft")
    ] == [
        ("vanilla", "#474747", "circle"),
        ("bidrop", looks.COLOURS[1], "square"),
        ("rdrop", looks.COLOURS[2], "triangle-up"),
        ("lp_ft", looks.COLOURS[12], looks.SHAPES[7]),
    ]


def test_all_methods_are_apart_by_colour_and_shape() -> None:
    assert len({(look.colour, look.shape) for look in EVERY.values()}) == len(METHODS)
    assert len({EVERY[name].colour for name in METHODS[:15]}) == 15


def same_shape() -> list[tuple[MethodLook, MethodLook]]:
    pairs = itertools.combinations(EVERY.values(), 2)
    return [(one, other) for one, other in pairs if one.shape == other.shape]


def test_methods_of_one_shape_are_apart_in_grey() -> None:
    for one, other in same_shape():
        assert abs(lightness(seen(one.colour)) - lightness(seen(other.colour))) > 10, (one, other)


@pytest.mark.parametrize("kind", BLIND)
def test_methods_of_one_shape_are_apart_for_readers_who_see_few_hues(kind: str) -> None:
    for one, other in same_shape():
        assert math.dist(lab(seen(one.colour, kind)), lab(seen(other.colour, kind))) > 12, (one, other)


@pytest.mark.parametrize("colour", looks.COLOURS)
def test_colours_stand_out_on_paper(colour: str) -> None:
    assert contrast_to_white(colour) >= 3  # what WCAG 2.1 asks of graphics


def test_settings_of_a_method_have_its_shape_in_shades_and_fills_of_their_own() -> None:
    found = list(assigned(("bidrop", f"k={k}") for k in range(6)).values())
    assert {look.shape for look in found} == {EVERY["bidrop"].shape} and found[0] == EVERY["bidrop"]
    assert len({(look.colour, look.fill) for look in found}) == 6
    assert [look.fill == looks.HOLLOW for look in found] == [False, True] * 3


def test_what_is_queued_later_changes_nobodys_look() -> None:
    known = [("bidrop", "k=3"), ("mine", ""), ("bidrop", "k=2")]
    before = assigned(known)
    after = assigned([*known, ("other", ""), ("bidrop", "k=4"), *((f"own_{n}", "") for n in range(20))])
    assert before.items() <= after.items()


def test_methods_from_elsewhere_look_the_same_in_every_plot_and_like_none_of_the_package() -> None:
    own = [f"peft:{name}" for name in ("lora", "dora", "ia3", "vera", "oft")] + ["mine", "./x.py"]
    alone = {name: of_names([name])[name] for name in own}
    assert {look.shape for look in alone.values()} <= set(looks.OTHER_SHAPES)
    assert not set(looks.OTHER_SHAPES) & set(looks.SHAPES)
    together = of_names([*METHODS, *own])
    assert len({(look.colour, look.shape) for look in together.values()}) == len(METHODS) + len(own)
    assert sum(together[name] == alone[name] for name in own) >= len(own) - 1  # two may point at one place


def test_as_many_methods_from_elsewhere_as_there_are_places_are_apart() -> None:
    many = len(looks.COLOURS) * len(looks.OTHER_SHAPES)
    found = of_names(f"own_{n}" for n in range(many + 5))  # and a few more do no harm
    assert len({(look.colour, look.shape) for look in list(found.values())[:many]}) == many


def test_a_report_gives_looks_by_the_whole_database() -> None:
    row = replace(ROWS[1], title="Ours")
    report = replace(REPORT, sections=(replace(SECTION, groups=(Group("", None, (ROWS[0], row)),)),))
    assert of_report(report) == {"vanilla": EVERY["vanilla"], "Ours": EVERY["bidrop"]}
    known = (("bidrop", json.dumps({"k": 2}, separators=(",", ":"))), ("bidrop", '{"k":3}'))
    second = list(assigned([("bidrop", "a"), ("bidrop", "b")]).values())[1]
    assert of_report(replace(report, known=known))["Ours"] == second != EVERY["bidrop"]


def test_a_look_says_all_of_itself() -> None:
    assert EVERY["vanilla"] == MethodLook("#474747", "#474747", "circle", (1, 0))
