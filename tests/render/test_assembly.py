"""Whole pictures: the legend below, headings, and sizes as papers need them."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ftbench.errors import BadValue
from ftbench.render import plots
from ftbench.render.plots import assembly, legend, theme
from ftbench.render.plots.assembly import assembled
from ftbench.render.plots.canvas import PIXELS, Canvas, inches
from ftbench.render.plots.looks import METHODS, of_names
from ftbench.render.plots.theme import Plot
from tests.render.specs import found, looks_in

LOOKS = of_names(METHODS)
ROWS = [{"label": name, "x": at, "y": at} for at, name in enumerate(METHODS)]


def plot(panels: int = 3, title: str = "What it shows", rigid: bool = False) -> Plot:
    place = {"x": theme.field("x:Q"), "y": theme.field("y:Q")}
    drawn = [
        theme.layered_plot([theme.method_marks(ROWS, place, LOOKS)], theme.WIDTH, theme.HEIGHT, f"T{at}")
        for at in range(panels)
    ]
    return Plot(theme.side_by_side(drawn), title, "How to read it.", LOOKS, lines=True, rigid=rigid)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("3.25", 3.25),
        ("3.25in", 3.25),
        ("2.54 cm", 1.0),
        ("25.4mm", 1.0),
        ("397.48pt", 397.48 / 72.27),
        ("column", 3.0315),
        ("Text", 6.2992),
        ("0.5text", 3.1496),
        (r"0.5\textwidth", 3.1496),
        (r"\columnwidth", 3.0315),
        (None, None),
    ],
)
def test_lengths_are_those_of_papers(text: str | None, found: float | None) -> None:
    assert inches("--width", text) == (None if found is None else pytest.approx(found, abs=1e-3))


@pytest.mark.parametrize("text", ["", "wide", "3 furlongs", "-1", "0", "1e9", "in", "0.1", "nan", "3,5"])
def test_what_is_no_length_is_refused(text: str) -> None:
    with pytest.raises(BadValue, match="--width '"):
        inches("--width", text)


def test_a_picture_has_no_heading_unless_one_is_asked_for() -> None:
    plain = assembled([plot()])
    assert "What it shows" not in str(found(plain, "text")) and "How to read" not in str(found(plain, "text"))
    assert plain["description"] == "What it shows. How to read it."  # for readers of screens
    headed = assembled([plot()], Canvas(title="My heading"))
    assert headed["title"]["text"] == ["My heading"]
    both = assembled([plot(title="A"), plot(title="B")])
    texts = found(both, "text")
    assert texts.count(["A"]) == texts.count(["B"]) == 1


def test_one_legend_stands_below_all_plots_and_names_each_method_once() -> None:
    spec = assembled([plot(title="A"), plot(title="B")])
    body, below = spec["vconcat"]
    (rows,) = {id(rows): rows for rows in spec["datasets"].values() if "shown" in rows[0]}.values()
    assert [row["label"] for row in rows] == METHODS
    assert looks_in(below).keys() == looks_in(body).keys() == set(METHODS)
    assert looks_in(below)["bidrop"] == LOOKS["bidrop"]


@pytest.mark.parametrize("wide", [200, 300, 600, 900])
def test_a_legend_has_the_columns_that_its_width_has_room_for(wide: int) -> None:
    spec = legend.legend_below(LOOKS, wide, lines=True)
    rows = spec["layer"][0]["data"]["values"]
    assert max(row["text"] for row in rows) + legend.LETTER * 14 <= wide + legend.ROOM
    places = {(row["from"], row["y"]) for row in rows}
    assert len(places) == len(rows) and spec["height"] == legend.LINE * len({row["y"] for row in rows})


def drawn_like(a: float, b: float) -> Any:
    """A stand-in for drawing: as large as its panels with what stands around each, and the legend below."""

    def drawn(spec: dict[str, Any]) -> str:
        body, below = spec["vconcat"] if "vconcat" in spec else (spec, {"height": 0.0})
        columns = body["columns"]
        panel = body["concat"][0]
        rows = -(-len(body["concat"]) // columns)
        wide, high = (
            columns * (panel["width"] + a),
            rows * (panel["height"] + b) + below["height"],
        )
        return f'<svg class="x" width="{wide}" height="{high}" viewBox="">'

    return drawn


@pytest.mark.parametrize("width", [3.03, 5.5, 6.3, 12.0])
def test_a_picture_is_as_wide_as_it_should_be(width: float) -> None:
    drawn = drawn_like(50, 40)
    spec = assembled([plot()], Canvas(width=width), drawn)
    size = re.search(r'width="([\d.]+)"', drawn(spec))
    assert size and float(size[1]) == pytest.approx(PIXELS * width, abs=1)
    panel = spec["vconcat"][0]["concat"][0]
    assert panel["width"] >= assembly.NARROWEST * theme.WIDTH


def test_narrow_pictures_have_fewer_panels_in_a_row() -> None:
    columns = {
        width: assembled([plot()], Canvas(width=width), drawn_like(50, 40))["vconcat"][0]["columns"]
        for width in (2.0, 3.03, 4.5, 6.3)
    }
    assert columns == {2.0: 1, 3.03: 1, 4.5: 2, 6.3: 3}


def test_a_picture_is_as_high_as_it_should_be_and_keeps_its_width() -> None:
    drawn = drawn_like(50, 40)
    spec = assembled([plot()], Canvas(width=6.3, height=4.0), drawn)
    size = re.search(r'width="([\d.]+)" height="([\d.]+)"', drawn(spec))
    assert size and float(size[1]) == pytest.approx(6.3 * PIXELS, abs=1)
    assert float(size[2]) == pytest.approx(4.0 * PIXELS, abs=1)


def test_what_does_not_fit_is_refused_with_what_it_needs() -> None:
    with pytest.raises(BadValue, match=r"--width: this figure needs 1\.78 inches at least"):
        assembled([plot()], Canvas(width=1.0), drawn_like(50, 40))
    with pytest.raises(BadValue, match=r"--height: this figure needs [\d.]+ inches at least"):
        assembled([plot()], Canvas(height=1.0), drawn_like(50, 40))
    with pytest.raises(BadValue, match="--height does not go with such a figure"):
        assembled([plot(rigid=True)], Canvas(height=3.0), drawn_like(50, 40))


def test_the_font_of_a_paper_is_that_of_all_text() -> None:
    assert assembled([plot()], Canvas(fonts=("Source Sans 3", "It's")))["config"]["font"].startswith(
        "'Source Sans 3', 'Its', "
    )
    assert set(map(str, found(assembled([plot()]), "font"))) == {theme.FONT}


def test_text_that_cannot_be_drawn_is_refused() -> None:
    for canvas in ({"title": "a\x00b"}, {"title": "x" * 301}, {"fonts": ("\x1b[1m",)}):
        with pytest.raises(BadValue, match="give printable text"):
            Canvas(**canvas)


@pytest.mark.slow
@pytest.mark.parametrize("end", [".svg", ".pdf", ".png"])
def test_files_have_the_size_that_was_asked_for(end: str, tmp_path) -> None:
    path = tmp_path / f"plot{end}"
    plots.write([plot()], path, Canvas("Title", 6.3, 4.0, "DejaVu Serif"))
    content = path.read_bytes()
    if end == ".svg":
        size = re.search(rb'width="([\d.]+)" height="([\d.]+)"', content)
        assert size
        wide, high = float(size[1]) / PIXELS, float(size[2]) / PIXELS
    elif end == ".pdf":
        box = re.search(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)", content)
        assert box
        wide, high = float(box[1]) / 72, float(box[2]) / 72
    else:
        wide, high = (int.from_bytes(content[at : at + 4], "big") / plots.DOTS for at in (16, 20))
        at = content.index(b"pHYs") + 4
        assert int.from_bytes(content[at : at + 4], "big") == pytest.approx(plots.DOTS / 0.0254, abs=1)
    assert (wide, high) == (pytest.approx(6.3, abs=0.02), pytest.approx(4.0, abs=0.02))
