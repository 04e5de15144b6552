"""The simple types in the annotation of a field, read from its text."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from functools import reduce

KINDS: dict[str, type] = {"int": int, "float": float, "bool": bool, "str": str}


def literal(node: ast.expr | None) -> object:
    """The value that a piece of text stands for; None where it is none."""
    try:
        return ast.literal_eval(node) if node is not None else None
    except ValueError:
        return None


def members(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    """Names and values of an enumeration of words."""
    for one in node.body:
        if isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Name):
            value = literal(one.value)
            if isinstance(value, str):
                yield one.targets[0].id, value


class Kinds:
    """The simple types in an annotation.

    Attributes:
        names: among ``int``, ``float``, ``bool``, ``str``.
        choices: words of a ``Literal`` or an enumeration.
        free: whether any text is taken.
        listed, none: whether a list or None is taken.
    """

    def __init__(self, classes: dict[str, ast.ClassDef]) -> None:
        """Know the classes that an annotation may name."""
        self._classes = classes
        self.names: set[str] = set()
        self.choices: list[str] = []
        self.free = self.listed = self.none = False

    @property
    def complex(self) -> bool:
        """Whether nothing simple is among them."""
        return not self.names

    def of(self, node: ast.expr) -> Kinds:
        """Take in an annotation."""
        if isinstance(node, ast.Constant):
            self._constant(node.value)
        elif isinstance(node, ast.BinOp):
            self.of(node.left).of(node.right)
        elif isinstance(node, ast.Name):
            self._name(node.id)
        elif isinstance(node, ast.Subscript):
            self._subscript(ast.unparse(node.value).rpartition(".")[2], _parts(node.slice))
        return self

    def _constant(self, value: object) -> None:
        self.none = self.none or value is None
        if isinstance(value, str):
            self.of(ast.parse(value, mode="eval").body)

    def _name(self, name: str) -> None:
        if name in KINDS:
            self.names.add(name)
            self.free = self.free or name == "str"
        elif name in self._classes and (found := dict(members(self._classes[name]))):
            self.names.add("str")
            self.choices += found.values()

    def _subscript(self, name: str, parts: Sequence[ast.expr]) -> None:
        if name in ("Optional", "Union"):
            self.none = self.none or name == "Optional"
            reduce(lambda kinds, part: kinds.of(part), parts, self)
        elif name == "Literal":
            self.names.add("str")
            self.choices += [str(value) for part in parts if (value := literal(part)) is not None]
        elif name in ("list", "List", "Sequence") and isinstance(parts[0], ast.Name):
            # A list is written as one text: a free one, whatever stands in it.
            self.listed = self.free = True
            self.names.add("str")


def _parts(node: ast.expr) -> Sequence[ast.expr]:
    return node.elts if isinstance(node, ast.Tuple) else [node]
