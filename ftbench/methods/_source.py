"""The digest of a method's code, so that results of older code can be told from newer ones."""

from __future__ import annotations

import ast
import hashlib
import inspect
from collections.abc import Iterator
from pathlib import Path

_CARD = frozenset(
    {"title", "paper", "family", "formula", "cost", "memory", "differs", "unsupported_note"}
    | {"neutral", "neutral_start", "neutral_scale", "neutral_recipe"}
)
_NN = Path(__file__).parents[1] / "nn"
_GROUND = frozenset({"builtins", "ftbench.methods.base"})


def source_digest(cls: type) -> str:
    """A digest of the method's syntax tree and of what it builds on; docstrings and comments aside.

    What it builds on: the files of its base classes but ``Method``'s own, and the ``nn`` files that any of
    these imports for more than its types.

    Args:
        cls: the method's class.

    Returns:
        16 hexadecimal characters; "" where the source cannot be read.
    """
    try:
        trees = [_parse(Path(inspect.getsourcefile(c) or "")) for c in _classes(cls)]
    except (OSError, TypeError):
        return ""
    paths = dict.fromkeys(path for tree in trees for path in _nn_files(tree))
    trees += [_parse(path) for path in paths]
    code = "\n".join(ast.unparse(_without_docstrings(t)) for t in trees)  # ast.dump differs by Python
    return hashlib.sha256(code.encode()).hexdigest()[:16]


def _parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _classes(cls: type) -> list[type]:
    """The class and the methods that it builds on, one for each file; not the interface."""
    by_file = {c.__module__: c for c in reversed(cls.__mro__) if c.__module__ not in _GROUND}
    return [by_file[name] for name in dict.fromkeys(c.__module__ for c in cls.__mro__) if name in by_file]


def _is_card(part: ast.stmt) -> bool:
    """Whether a statement only describes the method."""
    targets: list[ast.expr] = part.targets if isinstance(part, ast.Assign) else []
    if isinstance(part, ast.AnnAssign):
        targets = [part.target]
    return any(isinstance(t, ast.Name) and t.id in _CARD for t in targets)


def _run(tree: ast.AST) -> Iterator[ast.AST]:
    """Every part but what only type checkers read."""
    yield tree
    for node in ast.iter_child_nodes(tree):
        if not (isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")):
            yield from _run(node)


def _nn_files(tree: ast.Module) -> list[Path]:
    names: set[str] = set()
    for node in _run(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names if alias.name.startswith("ftbench.nn."))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ftbench.nn"):
            names.add(node.module or "")
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    # By name, not by import: that would load torch. A name inside a module is no file.
    paths = [_NN / f"{name.removeprefix('ftbench.nn.')}.py" for name in sorted(names - {"ftbench.nn"})]
    return [path for path in paths if path.is_file()]


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            node.body = [part for part in node.body if not _is_card(part)]
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                node.body = node.body[1:]
    return tree
