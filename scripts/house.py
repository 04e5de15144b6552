"""The picture of the house: layers as boxes, storey above storey, and the rooms of services inside theirs."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape

import structure

WIDTH, MARGIN, GAP = 1180, 16, 44
ROOM_HEIGHT, LINE = 88, 15
#: Layers that others can be added to by one file, and how the picture marks them.
OPEN = ("methods", "metrics", "tasks", "perturbations", "render", "stats", "trackers")


@dataclass(frozen=True)
class Box:
    """A layer or room in the picture; lengths in pixels."""

    name: str
    said: str
    x: float
    y: float
    width: float
    height: float

    def svg(self, kind: str) -> Iterator[str]:
        """The box with its name and what it is for."""
        yield (
            f'<rect class="{kind}" x="{self.x:g}" y="{self.y:g}" width="{self.width:g}" '
            f'height="{self.height:g}" rx="6"/>'
        )
        yield f'<text class="name" x="{self.x + 10:g}" y="{self.y + 20:g}">{escape(self.name)}</text>'
        lines = textwrap.wrap(self.said.replace("``", ""), max(12, int((self.width - 16) / 6.1)))
        for at, line in enumerate(lines[: int((self.height - 26) / LINE)]):
            y = self.y + 38 + LINE * at
            yield f'<text class="said" x="{self.x + 10:g}" y="{y:g}">{escape(line)}</text>'


def row(names: list[str], said: Mapping[str, str], left: float, width: float, y: float) -> list[Box]:
    """Boxes of one storey, side by side."""
    each = (width - MARGIN * (len(names) - 1)) / len(names)
    return [
        Box(name, said[name], left + at * (each + MARGIN), y, each, ROOM_HEIGHT)
        for at, name in enumerate(names)
    ]


def on(heights: Mapping[str, int], storey: int) -> list[str]:
    """What stands on a storey, by name."""
    return sorted(name for name, height in heights.items() if height == storey)


def boxes(layers: Mapping[str, int], rooms: Mapping[str, int]) -> tuple[list[Box], list[Box]]:
    """The layers, and the rooms of services; the highest storey first.

    Beside the tall box of services stands what is as high as it or higher, the commands aside.

    Args:
        layers: each one's storey.
        rooms: each room's storey inside services.
    """
    said = {name: structure.docstring(structure.ROOT / name) for name in layers}
    inside = {name: structure.docstring(structure.ROOT / "services" / name) for name in rooms}
    floors = max(rooms.values()) + 1
    tall = 46 + floors * (ROOM_HEIGHT + GAP // 2)
    wide = (WIDTH - 3 * MARGIN) * 0.74
    top = max(layers.values())
    placed = row(on(layers, top), said, MARGIN, WIDTH - 2 * MARGIN, MARGIN)
    y = MARGIN + ROOM_HEIGHT + GAP
    placed.append(Box("services", said["services"], MARGIN, y, wide, tall))
    high = {name for name, height in layers.items() if layers["services"] <= height < top}
    beside = sorted(high - {"services"})
    for name in beside:
        at = y + tall - ROOM_HEIGHT - (layers[name] - layers["services"]) * (ROOM_HEIGHT + GAP)
        placed += row([name], said, 2 * MARGIN + wide, WIDTH - wide - 3 * MARGIN, at)
    placed_rooms: list[Box] = []
    for floor in range(floors):
        at = y + 46 + (floors - 1 - floor) * (ROOM_HEIGHT + GAP // 2)
        placed_rooms += row(on(rooms, floor), inside, 2 * MARGIN, wide - 2 * MARGIN, at)
    y += tall + GAP
    for storey in range(layers["services"] - 1, -1, -1):
        placed += row(on(layers, storey), said, MARGIN, WIDTH - 2 * MARGIN, y)
        y += ROOM_HEIGHT + GAP
    return placed, placed_rooms


def lines(placed: list[Box], edges: Mapping[str, set[str]]) -> Iterator[str]:
    """An arrow from each box to those that it uses, but for what follows from other arrows."""
    at = {box.name: box for box in placed}
    for name, ends in sorted(structure.reduced(edges).items()):
        for end in sorted(ends):
            one, other = at[name], at[end]
            x1, y1 = one.x + one.width / 2, one.y + one.height
            x2, y2 = other.x + other.width / 2, other.y
            if one.height > ROOM_HEIGHT:  # from a tall box, straight down where that is possible
                x1 = min(max(x2, one.x + 20), one.x + one.width - 20)
            yield f'<line x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2 - 3:g}" marker-end="url(#end)"/>'


def picture() -> str:
    """The house as SVG."""
    found = structure.imports()
    edges, inner = structure.arrows(found), structure.room_arrows(found)
    layers, rooms = boxes(structure.storeys(edges), structure.storeys(inner))
    height = max(box.y + box.height for box in layers) + MARGIN + 24
    ground = ", ".join(sorted(name for name in structure.GROUND if not name.startswith("_")))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" '
        'font-family="Helvetica, Arial, sans-serif" role="img">',
        "<title>The layers of ftbench, and the rooms of its services</title>",
        "<style>rect{fill:#fff;stroke:#5b6b7b} .layer{fill:#eef3f8} .open{fill:#eaf6ea} .room{fill:#fff}"
        " .name{font-size:14px;font-weight:bold;fill:#1c2733} .said{font-size:11px;fill:#3b4754}"
        " line{stroke:#8796a5;stroke-width:1.2}</style>",
        '<defs><marker id="end" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto"><path d="M0,0 L8,4 L0,8 z" fill="#8796a5"/></marker></defs>',
        f'<rect x="0" y="0" width="{WIDTH}" height="{height:g}" style="fill:#fff;stroke:none"/>',
    ]
    parts += lines(layers, edges)  # they pass behind the boxes, so that no word is struck through
    for box in layers:
        parts += box.svg("open" if box.name in OPEN else "layer")
    parts += lines(rooms, inner)
    for box in rooms:
        parts += box.svg("room")
    parts.append(
        f'<text class="said" x="{MARGIN}" y="{height - 12:g}">Under all of them: {escape(ground)}. '
        "Arrows: uses; what follows from other arrows is left out. Green: takes a new file without an edit "
        "elsewhere.</text>"
    )
    return "\n".join([*parts, "</svg>", ""])
