"""A YAML file of flags."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ftbench.errors import BadValue, UnknownName

if TYPE_CHECKING:
    from ftbench.yaml_text import Scalar, Tree

_SWITCHES = ("keep-head", "no-baseline", "tuned", "dry-run", "json", "yes")
_NUMBERS = ("priority", "budget")
_REPEATED = ("set", "perturb")


def read(path: str, known: Iterable[str]) -> dict[str, Any]:
    """The flags of a YAML file, as the command line would have given them.

    Lists become comma-separated text, and ``set`` and ``perturb`` lists of ``key=value``; a list of values in
    ``set`` is a grid, ``key=value|value``.

    Raises:
        BadValue: the file cannot be read, is not YAML, gives a flag twice, or a value is not one of a flag.
        UnknownName: a key that is no flag.
    """
    from ftbench import yaml_text

    content = yaml_text.read(path)
    if content is None:
        return {}
    if not isinstance(content, Mapping):
        raise BadValue(f"{path}: write one flag per line, such as methods: rdrop,bidrop")
    names = list(known)
    flags: dict[str, Any] = {}
    for key, value in content.items():
        name = key.replace("_", "-")
        if name not in names:
            raise UnknownName(f"key in {path}:", key, names)
        if name in flags:
            raise BadValue(f"{path}: {name} is given twice")
        if value is not None:
            flags[name] = _flag(name, value, path)
    _check_plugins(flags, path)
    return flags


def _check_plugins(flags: Mapping[str, Any], path: str) -> None:
    """Refuse a plug-in file that the YAML file alone names: it may be a stranger's, and loading it runs it.

    Raises:
        BadValue: one that was not named on this machine, as it is now.
    """
    from ftbench import trust
    from ftbench.domain import lists, shell
    from ftbench.plugins import is_file
    from ftbench.settings import place

    entries = lists.divided(flags.get("methods") or "", brackets=True)
    mine = [("methods", name, name) for name in (lists.unescaped(lists.cut(one, "[")[0]) for one in entries)]
    for text in flags.get("perturb") or ():
        name = lists.unescaped(lists.cut(lists.cut(text.strip(), "=")[0], "[")[0])
        mine.append(("perturbations", name, name.rpartition(":")[0] if ".py:" in name else name))
    for command, name, file in mine:
        if is_file(file) and not trust.is_named(place(file, "plug-in").resolve()):
            raise BadValue(
                f"{path}: names the plug-in {file}, which was not named on this machine as it is now: look "
                f"at it, then name it by `ftbench {command} {shell.quoted(name)}`, or in {trust.VARIABLE}"
            )


def under(given: Mapping[str, Any], flags: Mapping[str, Any]) -> dict[str, Any]:
    """What the command line gave, and from the file what it did not."""
    merged = {name: flags.get(name) if value is None else value for name, value in given.items()}
    if given.get("set") and flags.get("set"):
        by_hand = {pair.partition("=")[0].strip() for pair in given["set"]}
        kept = [pair for pair in flags["set"] if pair.partition("=")[0].strip() not in by_hand]
        merged["set"] = [*kept, *given["set"]]
    return merged


def _flag(name: str, value: Tree, path: str) -> Any:
    if name in _REPEATED:
        if isinstance(value, Mapping):
            between = "|" if name == "set" else ","
            return [f"{k}={_listed(v, name, path, between)}" for k, v in value.items()]
        return [_text(v, name, path) for v in (value if isinstance(value, list) else [value])]
    if name in _SWITCHES:
        return _scalar(value, name, path).switch(f"{path}: {name}") or None
    if name in _NUMBERS:
        return _number(_scalar(value, name, path).text, name, path)
    text = _listed(value, name, path)
    return text + "," if name == "seeds" and isinstance(value, list) else text  # [7] is seed 7, not 7 seeds


def _number(text: str, name: str, path: str) -> float | None:
    try:
        return float(text) if name == "budget" else int(text) or None
    except ValueError:
        wanted = "a number" if name == "budget" else "a whole number"
        raise BadValue(f"{path}: {name}: '{text}' is not {wanted}") from None


def _listed(value: Tree, name: str, path: str, between: str = ",") -> str:
    if isinstance(value, list):
        return between.join(_entry(_text(v, name, path), name) for v in value)
    return _text(value, name, path)


def _entry(text: str, name: str) -> str:
    """An item of a YAML list, which is one entry whatever commas it has."""
    from ftbench.domain import lists

    if name in _REPEATED:
        return text
    end = text.rfind("[") if name == "methods" and text.endswith("]") else len(text)
    return lists.escaped(text[:end], ",[]" if name == "methods" else ",") + text[end:]


def _text(value: Tree, name: str, path: str) -> str:
    return "none" if value is None else _scalar(value, name, path).text


def _scalar(value: Tree, name: str, path: str) -> Scalar:
    from ftbench.yaml_text import Scalar

    if not isinstance(value, Scalar):
        raise BadValue(f"{path}: {name}: write a value, or a list of values")
    return value
