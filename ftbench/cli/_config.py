"""A YAML file of flags."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ftbench.errors import BadValue, UnknownName

_SWITCHES = ("keep-head", "no-baseline", "dry-run", "json", "yes")
_NUMBERS = ("priority", "budget")
_REPEATED = ("set", "perturb")


def read(path: str, known: Iterable[str]) -> dict[str, Any]:
    """The flags of a YAML file, as the command line would have given them.

    Lists become comma-separated text, and ``set`` and ``perturb`` lists of ``key=value``; a list of values in
    ``set`` is a grid, ``key=value|value``.

    Raises:
        BadValue: the file cannot be read, is not YAML, or a value is not one of a flag.
        UnknownName: a key that is no flag.
    """
    import yaml

    try:
        with open(path, encoding="utf-8") as file:
            content = yaml.safe_load(file)
    except OSError as error:
        raise BadValue(f"{path}: cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark is not None else ""
        problem = getattr(error, "problem", None) or "not YAML"
        raise BadValue(f"{path}{line}: not a YAML file of flags: {problem}") from error
    if content is None:
        return {}
    if not isinstance(content, Mapping):
        raise BadValue(f"{path}: write one flag per line, such as methods: rdrop,bidrop")
    names = list(known)
    flags: dict[str, Any] = {}
    for key, value in content.items():
        name = str(key).replace("_", "-")
        if name not in names:
            raise UnknownName(f"key in {path}:", str(key), names)
        if value is not None:
            flags[name] = _flag(name, value, path)
    return flags


def under(given: Mapping[str, Any], flags: Mapping[str, Any]) -> dict[str, Any]:
    """What the command line gave, and from the file what it did not."""
    merged = {name: flags.get(name) if value is None else value for name, value in given.items()}
    if given.get("set") and flags.get("set"):
        by_hand = {pair.partition("=")[0].strip() for pair in given["set"]}
        kept = [pair for pair in flags["set"] if pair.partition("=")[0].strip() not in by_hand]
        merged["set"] = [*kept, *given["set"]]
    return merged


def _flag(name: str, value: Any, path: str) -> Any:
    if name in _REPEATED:
        if isinstance(value, Mapping):
            between = "|" if name == "set" else ","
            return [f"{k}={_listed(v, name, path, between)}" for k, v in value.items()]
        return [_scalar(v, name, path) for v in (value if isinstance(value, list) else [value])]
    if name in _SWITCHES or name in _NUMBERS:
        kinds = (bool,) if name in _SWITCHES else (int, float) if name == "budget" else (int,)
        if type(value) not in kinds:
            wanted = (
                "true or false" if name in _SWITCHES else "a number" if len(kinds) > 1 else "a whole number"
            )
            raise BadValue(f"{path}: {name}: '{value}' is not {wanted}")
        return value if name == "budget" else value or None
    text = _listed(value, name, path)
    return text + "," if name == "seeds" and isinstance(value, list) else text  # [7] is seed 7, not 7 seeds


def _listed(value: Any, name: str, path: str, between: str = ",") -> str:
    if isinstance(value, list):
        return between.join(_scalar(v, name, path) for v in value)
    return _scalar(value, name, path)


def _scalar(value: Any, name: str, path: str) -> str:
    if value is None:
        return "none"
    if not isinstance(value, str | int | float):
        raise BadValue(f"{path}: {name}: '{value}' is neither a value nor a list of values")
    return str(value)
