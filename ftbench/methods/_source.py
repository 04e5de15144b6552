"""The digest of a method's code, so that results of older code can be told from newer ones."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import inspect
from pathlib import Path

_CARD = frozenset({"title", "paper", "family", "formula", "cost", "differs", "unsupported_note"})


def source_digest(cls: type) -> str:
    """A digest of the method's syntax tree and of the ``nn`` files it imports; docstrings and comments aside.

    Args:
        cls: the method's class.

    Returns:
        16 hexadecimal characters; "" where the source cannot be read.
    """
    try:
        text = Path(inspect.getsourcefile(cls) or "").read_text(encoding="utf-8")
    except (OSError, TypeError):
        return ""
    tree = ast.parse(text)
    trees = [tree, *(ast.parse(path.read_text(encoding="utf-8")) for path in _nn_files(tree))]
    code = "\n".join(ast.dump(_without_docstrings(t)) for t in trees)
    return hashlib.sha256(code.encode()).hexdigest()[:16]


def _is_card(part: ast.stmt) -> bool:
    """Whether a statement only describes the method."""
    targets = part.targets if isinstance(part, ast.Assign) else []
    return any(isinstance(t, ast.Name) and t.id in _CARD for t in targets)


def _nn_files(tree: ast.Module) -> list[Path]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ftbench.nn"):
            names.add(node.module or "")
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    paths = []
    for name in sorted(names - {"ftbench.nn"}):
        try:
            spec = importlib.util.find_spec(name)
        except ModuleNotFoundError:  # a name inside a module, not a module
            continue
        if spec is not None and spec.origin:
            paths.append(Path(spec.origin))
    return paths


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
