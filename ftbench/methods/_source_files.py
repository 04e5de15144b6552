"""Files of source text, as the digest of a method's code reads them: what each name of one stands for."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
#: What methods are made of; a name from anywhere else in ftbench counts as a name.
FOLLOWED = ("ftbench.nn", "ftbench.methods")
#: The interface and what finds methods: no part of any.
GROUND = frozenset(
    f"ftbench.methods.{name}" for name in ("base", "_registry", "_source", "_source_files", "_source_text")
)

#: How modules of users' files are called; what stands beside the file is found by its name.
USERS = "_ftbench_"


@dataclass(frozen=True)
class Imported:
    """What an import binds a name to.

    Attributes:
        level: dots before the name, as in ``from ..nn import x``.
        dotted: the module, and the name in it, if any.
    """

    level: int
    dotted: tuple[str, ...]


Meaning = ast.stmt | Imported


@dataclass
class Module:
    """The text of a module.

    Attributes:
        tree: its syntax.
        names: name of the module -> the statements and imports that bind it, in their order.
        stars: modules of which it imports all names.
        loose: statements that are no import, definition or words, in their order.
    """

    tree: ast.Module
    names: dict[str, list[Meaning]] = field(default_factory=dict)
    stars: list[Imported] = field(default_factory=list)
    loose: list[ast.stmt] = field(default_factory=list)

    def bind(self, name: str, meaning: Meaning) -> None:
        """Add what a name stands for."""
        self.names.setdefault(name, []).append(meaning)


@dataclass(eq=False)
class File:
    """A module in its place: what it imports is found from there.

    Attributes:
        name: of the module.
        path: of the file.
        root: where other modules of the same author stand; None for those of ftbench.
        own: the package to which these belong; "" for any.
    """

    name: str
    path: Path
    root: Path | None = None
    own: str = ""

    @cached_property
    def module(self) -> Module:
        """Its text. Raises as ``read``."""
        return read(self.path)

    @property
    def followed(self) -> bool:
        """Whether its definitions count, and not their names alone."""
        if self.name.partition(".")[0] != "ftbench":
            return True
        return self.name not in GROUND and any(f"{self.name}.".startswith(f"{f}.") for f in FOLLOWED)

    def absolute(self, imported: Imported) -> tuple[str, ...]:
        """The whole dotted name that an import means."""
        if not imported.level:
            return imported.dotted
        parts = self.name.split(".")
        keep = len(parts) - imported.level + (self.path.name == "__init__.py")
        return (*parts[: max(keep, 0)], *imported.dotted)


def bound(node: ast.stmt) -> Iterator[tuple[str, Imported]]:
    """The names that an import binds, with what they stand for; ``*`` for all names."""
    if isinstance(node, ast.ImportFrom):
        home = tuple(node.module.split(".")) if node.module else ()
        for alias in node.names:
            end = () if alias.name == "*" else (alias.name,)
            yield alias.asname or alias.name, Imported(node.level, (*home, *end))
    elif isinstance(node, ast.Import):
        for alias in node.names:
            parts = tuple(alias.name.split("."))
            yield alias.asname or parts[0], Imported(0, parts if alias.asname else parts[:1])


def of_types(node: ast.AST) -> list[ast.stmt] | None:
    """What runs of an ``if TYPE_CHECKING``, or of an ``if not TYPE_CHECKING``; None for any other part."""
    if not isinstance(node, ast.If):
        return None
    turned = isinstance(node.test, ast.UnaryOp) and isinstance(node.test.op, ast.Not)
    test = node.test.operand if isinstance(node.test, ast.UnaryOp) and turned else node.test
    name = test.id if isinstance(test, ast.Name) else test.attr if isinstance(test, ast.Attribute) else ""
    if name != "TYPE_CHECKING":
        return None
    return node.body if turned else node.orelse


def is_words(node: ast.stmt) -> bool:
    """Whether a statement does nothing: a docstring, ``...``, ``pass``."""
    return isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def stored(node: ast.AST) -> Iterator[str]:
    """The names that a statement binds, in the order of the text; not those of functions in it."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Name):
        if not isinstance(node.ctx, ast.Load):
            yield node.id
    elif isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
        named = (n.target for n in ast.walk(node) if isinstance(n, ast.NamedExpr))
        yield from (target.id for target in named)
    elif not isinstance(node, ast.Lambda):
        if isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            yield node.name
        if isinstance(node, ast.MatchMapping) and node.rest:
            yield node.rest
        for child in ast.iter_child_nodes(node):
            yield from stored(child)


def inside(node: ast.AST) -> Iterator[ast.stmt]:
    """The imports of a statement, in the order of the text; not those of functions in it, nor for types."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield node
    elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
        run = of_types(node)
        for child in ast.iter_child_nodes(node) if run is None else run:
            yield from inside(child)


def read(path: Path) -> Module:
    """The module of a file; parsed once for each state of the file.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is not UTF-8, or not Python (``SyntaxError``, which is none, too).
    """
    state = path.stat()
    return _parsed(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=256)
def _parsed(path: Path, _changed: int, _size: int) -> Module:
    module = Module(ast.parse(path.read_text(encoding="utf-8")))
    _fill(module, module.tree.body)
    return module


def _fill(module: Module, body: list[ast.stmt]) -> None:
    for node in body:
        run = of_types(node)
        if run is not None:
            _fill(module, run)
            continue
        for part in inside(node):
            for name, imported in bound(part):
                module.stars.append(imported) if name == "*" else module.bind(name, imported)
        if isinstance(node, ast.Import | ast.ImportFrom) or is_words(node):
            continue
        for name, imported in _late(node):
            module.bind(name, imported)
        for name in dict.fromkeys(stored(node)):
            module.bind(name, node)
        if not _defines(node):
            module.loose.append(node)


def _late(node: ast.stmt) -> Iterator[tuple[str, Imported]]:
    """The names that ``attach`` (ftbench._lazy) imports when they are first used."""
    call = node.value if isinstance(node, ast.Assign) else None
    if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "attach"):
        return
    for table in (one for one in call.args if isinstance(one, ast.Dict)):
        for key, value in zip(table.keys, table.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(value, ast.Constant):
                yield str(key.value), Imported(0, (*str(value.value).split("."), str(key.value)))


def _defines(node: ast.stmt) -> bool:
    """Whether a statement does no more than to give names to values."""
    targets: list[ast.expr] = []
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.AnnAssign):
        targets = [node.target]
    flat = [e for t in targets for e in (t.elts if isinstance(t, ast.Tuple | ast.List) else [t])]
    if flat:
        return all(isinstance(t, ast.Name) for t in flat)
    kinds = ("FunctionDef", "AsyncFunctionDef", "ClassDef", "TypeAlias")
    return type(node).__name__ in kinds


class SourceFiles:
    """Where the modules stand that a method may be made of.

    Args:
        package: the folder of ftbench.
        others: module -> file, of those that are known beside it.
    """

    def __init__(self, package: Path, others: Mapping[str, Path]) -> None:
        """Nothing is read yet."""
        self._package, self._others = package, others
        self._paths: dict[tuple[Path, str], Path | None] = {}
        self._files: dict[Path, File] = {}

    def start(self, name: str, path: Path) -> File:
        """The module of a method's class."""
        if path not in self._files:
            top, *rest = name.split(".")
            up = len(rest) + (path.name == "__init__.py")
            root = path.parents[up] if len(path.parents) > up else None
            if name.startswith(USERS):
                root, top = path.parent, ""
            self._files[path] = File(name, path, None if top == "ftbench" else root, top)
        return self._files[path]

    def find(self, name: str, home: File) -> File | None:
        """The module that ``home`` imports by a name; None where it is of other packages."""
        top, _, rest = name.partition(".")
        if top == "ftbench":
            path = self._at(self._package, rest)
            return self._files.setdefault(path, File(name, path)) if path else None
        if top not in sys.stdlib_module_names and home.root and home.own in ("", top):
            path = self._at(home.root, name)
            if path:
                return self._files.setdefault(path, File(name, path, home.root, home.own))
        return self.start(name, self._others[name]) if name in self._others else None

    def _at(self, folder: Path, name: str) -> Path | None:
        key = folder, name
        if key not in self._paths:
            base = folder.joinpath(*name.split(".")) if name else folder
            places = base / "__init__.py", base.with_name(f"{base.name}.py")
            self._paths[key] = next((p for p in places if p.is_file()), None)
        return self._paths[key]
