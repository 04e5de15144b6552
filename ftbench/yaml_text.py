"""YAML as it is written: keys stand once, and values are the texts that would be typed.

YAML's own reading of plain words changes them: ``no`` is false, ``010`` is 8, ``12:30`` is 750. Here only
what is empty, ``~`` or ``null`` has a meaning of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from ftbench.errors import BadValue

if TYPE_CHECKING:
    from yaml import MappingNode, Node

_TAG = "tag:yaml.org,2002:"
_MERGE = f"{_TAG}merge"
_DEPTH = 5


@dataclass(frozen=True)
class Scalar:
    """A value.

    Attributes:
        text: as it is written.
        kind: what YAML takes it for: ``str``, ``bool``, ``int``, …
    """

    text: str
    kind: str

    def switch(self, what: str) -> bool:
        """Whether it says yes.

        Raises:
            BadValue: neither yes nor no; ``what`` names it.
        """
        if self.kind != "bool":
            raise BadValue(f"{what}: '{self.text}' is not true or false")
        return self.text.lower() in ("true", "yes", "on")


Tree: TypeAlias = "Scalar | list[Tree] | Mapping[str, Tree] | None"


def read(path: str, what: str = "flags") -> Tree:
    """The content of a file, which is to say ``what``.

    Raises:
        BadValue: it cannot be read, is not YAML, or a key stands twice in a mapping; with the line.
    """
    import yaml

    try:
        with open(path, encoding="utf-8") as file:
            node = yaml.compose(file, Loader=yaml.SafeLoader)
    except OSError as error:
        raise BadValue(f"{path}: cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark is not None else ""
        problem = getattr(error, "problem", None) or "not YAML"
        raise BadValue(f"{path}{line}: not a YAML file of {what}: {problem}") from error
    return None if node is None else _tree(node, path, 0)


def _tree(node: Node, path: str, depth: int) -> Tree:
    from yaml import MappingNode, SequenceNode

    line = f"{path}:{node.start_mark.line + 1}"
    if depth > _DEPTH:
        raise BadValue(f"{line}: lists stand in lists too deep")
    if not node.tag.startswith(_TAG):
        raise BadValue(f"{line}: '{node.tag}' is not known here; write the value alone")
    if isinstance(node, MappingNode):
        return _mapping(node, path, depth)
    if isinstance(node, SequenceNode):
        return [_tree(item, path, depth + 1) for item in node.value]
    kind = node.tag.removeprefix(_TAG)
    return None if kind == "null" else Scalar(node.value, kind)


def _mapping(node: MappingNode, path: str, depth: int) -> Mapping[str, Tree]:
    from yaml import ScalarNode

    lines: dict[str, int] = {}
    own: dict[str, Tree] = {}
    merged: dict[str, Tree] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, ScalarNode):
            raise BadValue(f"{path}:{line}: a key has to be a word")
        if key.value in lines:
            raise BadValue(f"{path}:{line}: {key.value} is given twice, first in line {lines[key.value]}")
        lines[key.value] = line
        if key.tag == _MERGE:
            found = _tree(value, path, depth + 1)
            for part in reversed(found if isinstance(found, list) else [found]):  # the first one wins
                if not isinstance(part, Mapping):
                    raise BadValue(f"{path}:{line}: << takes what stands in a mapping")
                merged |= part
        else:
            own[key.value] = _tree(value, path, depth + 1)
    return merged | own
