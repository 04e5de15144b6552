"""A YAML file of a space."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ftbench.errors import BadValue, UnknownName

if TYPE_CHECKING:
    from ftbench.cli._yaml import Tree
    from ftbench.services.tuning.spaces import Written, WrittenSpace

_KEYS = ("shared", "methods")


def space(text: str) -> str | WrittenSpace:
    """What ``--space`` names: a built-in space, or a file, read.

    Raises:
        BadValue: a file that cannot be read, or is no space.
        UnknownName: a key that a space does not have.
    """
    if not text.endswith((".yaml", ".yml")):
        return text
    from pathlib import Path

    from ftbench.cli import _yaml
    from ftbench.services.tuning.spaces import WrittenSpace

    content = _branch(_yaml.read(text), text, "shared and methods")
    for key in content:
        if key not in _KEYS:
            raise UnknownName(f"key in {text}:", key, _KEYS)
    methods = _branch(content.get("methods"), text, "a method and its fields on each line of methods")
    return WrittenSpace(
        Path(text).name,
        _dimensions(content.get("shared"), text),
        {name: _dimensions(one, text) for name, one in methods.items()},
        text,
    )


def _branch(tree: Tree, path: str, wanted: str) -> Mapping[str, Tree]:
    if tree is not None and not isinstance(tree, Mapping):
        raise BadValue(f"{path}: write {wanted}")
    return tree or {}


def _dimensions(tree: Tree, path: str) -> dict[str, Written]:
    return {
        name: _written(name, one, path)
        for name, one in _branch(tree, path, "a field and its values on each line, lr: [1e-5, 3e-5]").items()
    }


def _written(name: str, tree: Tree, path: str) -> Written:
    if isinstance(tree, Mapping):
        return {word: _text(one, name, path) for word, one in tree.items()}
    if isinstance(tree, list):
        return [_text(one, name, path) for one in tree]
    return [_text(tree, name, path)]


def _text(tree: Tree, name: str, path: str) -> str:
    if tree is None:
        return "none"
    if isinstance(tree, list | Mapping):
        raise BadValue(f"{path}: {name}: write a list of values, or low, high and log")
    return tree.text
