"""The structure of the package, read from its files: every import, and the layer and room of each file.

Used by the tests of the architecture and by the picture of it; nothing of the package is imported.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent / "ftbench"
#: What stands beside the layers and may be used by all of them.
GROUND = {p.stem for p in ROOT.glob("*.py")} - {"__init__", "__main__"}


@dataclass(frozen=True)
class Import:
    """One import: of which module, where, and when it happens.

    Attributes:
        file: below the package.
        line: in it.
        module: the dotted name; of ``from a import b`` that of b, where b is a module.
        names: what is taken from it; () for the module itself.
        eager: whether it happens when the file is loaded.
        typing: whether type checkers alone read it.
    """

    file: str
    line: int
    module: str
    names: tuple[str, ...]
    eager: bool
    typing: bool

    @property
    def layer(self) -> str:
        """Where the import stands: a folder of the package, or a file beside them."""
        return self.file.split("/")[0].removesuffix(".py")

    @property
    def target(self) -> str:
        """The imported layer of ftbench, or ""."""
        parts = self.module.split(".")
        return parts[1] if parts[0] == "ftbench" and len(parts) > 1 else ""

    def __str__(self) -> str:
        """Where it is, and what it imports."""
        return f"{self.file}:{self.line} imports {self.module}"


def dotted(path: Path) -> str:
    """The name under which a file of the package is imported."""
    return ".".join(("ftbench", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")


FILES = {dotted(path): path for path in sorted(ROOT.rglob("*.py"))}


@cache
def imports() -> tuple[Import, ...]:
    """Every import of the package, those inside functions and for type checkers too."""
    return tuple(_read())


def _read() -> Iterator[Import]:
    for path in FILES.values():
        relative = str(path.relative_to(ROOT))
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node, eager, typing in _walk(tree, eager=True, typing=False):
            for module, names in _modules(node, relative).items():
                yield Import(relative, node.lineno, module, names, eager and not typing, typing)


def _walk(
    node: ast.AST, eager: bool, typing: bool
) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool, bool]]:
    """Every import under a node."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child, eager, typing
        elif isinstance(child, ast.expr):
            continue  # most of a tree, and no place for an import
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            for part in child.body:
                yield from _walk(ast.Module([part], []), eager, True)
            for part in child.orelse:
                yield from _walk(ast.Module([part], []), eager, typing)
        else:
            inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
            yield from _walk(child, eager and not inside, typing)


def _modules(node: ast.Import | ast.ImportFrom, where: str) -> dict[str, tuple[str, ...]]:
    if isinstance(node, ast.Import):
        return {alias.name: () for alias in node.names}
    assert node.level == 0, f"{where}:{node.lineno}: write imports whole"
    module = node.module or ""
    found: dict[str, tuple[str, ...]] = {}
    for alias in node.names:
        if f"{module}.{alias.name}" in FILES or module == "ftbench":
            found[f"{module}.{alias.name}"] = ()
        else:
            found[module] = (*found.get(module, ()), alias.name)
    return found


def room_of(module: str) -> str:
    """The room of services in which a module stands; "" beside the rooms and elsewhere."""
    parts = module.split(".")
    return parts[2] if parts[:2] == ["ftbench", "services"] and len(parts) > 3 else ""


def arrows(found: Iterable[Import]) -> dict[str, set[str]]:
    """Layer -> the layers that its files import; the ground is none."""
    layers = {p.name for p in ROOT.iterdir() if p.is_dir() and any(p.rglob("*.py"))}
    edges: dict[str, set[str]] = {layer: set() for layer in sorted(layers)}
    for one in found:
        if one.layer in edges and one.target in layers - {one.layer}:
            edges[one.layer].add(one.target)
    return edges


def room_arrows(found: Iterable[Import]) -> dict[str, set[str]]:
    """Room of services -> the rooms that its files import."""
    rooms = {room_of(name) for name in FILES} - {""}
    edges: dict[str, set[str]] = {room: set() for room in sorted(rooms)}
    for one in found:
        here, there = room_of(dotted(ROOT / one.file)), room_of(one.module)
        if here and there and here != there:
            edges[here].add(there)
    return edges


def storeys(edges: Mapping[str, set[str]]) -> dict[str, int]:
    """How high each node stands: 0 where it needs no other, else one above the highest that it needs."""
    found: dict[str, int] = {}

    def height(node: str) -> int:
        if node not in found:
            found[node] = 1 + max((height(below) for below in edges[node]), default=-1)
        return found[node]

    for node in edges:
        height(node)
    return found


def reduced(edges: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """The arrows without those that follow from others."""

    def below(node: str) -> set[str]:
        return edges[node] | {deeper for one in edges[node] for deeper in below(one)}

    return {
        node: {one for one in ends if not any(one in below(other) for other in ends - {one})}
        for node, ends in edges.items()
    }


def docstring(folder: Path) -> str:
    """The first sentence of a package's docstring, or of a module's."""
    path = folder / "__init__.py" if folder.is_dir() else folder
    said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return " ".join(said.split("\n\n")[0].split())


def main() -> None:
    """Print each layer and room: its storey, files and lines."""
    found = imports()
    for title, edges, above in (
        ("layers", arrows(found), ROOT),
        ("rooms of services", room_arrows(found), ROOT / "services"),
    ):
        print(f"{title:20}  storey  files  lines")
        for name, storey in sorted(storeys(edges).items(), key=lambda one: (-one[1], one[0])):
            texts = [path.read_text(encoding="utf-8") for path in (above / name).rglob("*.py")]
            print(f"  {name:18}  {storey:6}  {len(texts):5}  {sum(len(t.splitlines()) for t in texts):5}")


if __name__ == "__main__":
    main()
