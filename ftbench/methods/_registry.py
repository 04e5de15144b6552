"""Where methods are found: this folder, entry points, and files of the user's own."""

from __future__ import annotations

import hashlib
import importlib
import importlib.metadata
import importlib.util
import pkgutil
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from types import ModuleType

from ftbench.errors import PluginError, UnknownName
from ftbench.methods.base import Method

GROUP = "ftbench.methods"
BUILT_IN = "built-in"

#: Other spellings of a method's name, in lower case; published tables write ``r_drop``.
ALIASES = {
    "finetune": "vanilla",
    "fine-tuning": "vanilla",
    "finetuning": "vanilla",
    "baseline": "vanilla",
    "r-drop": "rdrop",
    "r_drop": "rdrop",
    "bi-drop": "bidrop",
    "bi_drop": "bidrop",
    "wdecay": "prior_wd",
    "weight-decay": "prior_wd",
    "topk": "top_k",
    "top-k": "top_k",
    "re-init": "reinit",
    "re_init": "reinit",
    "child-tuning-d": "child_tuning_d",
    "ctd": "child_tuning_d",
    "ct_d": "child_tuning_d",
    "child-tuning-f": "child_tuning_f",
    "ctf": "child_tuning_f",
    "ct_f": "child_tuning_f",
    "dps": "dps_mix",
    "dps-mix": "dps_mix",
    "dps-dense": "dps_dense",
    "blo": "weight_mixup",
    "weight-mixup": "weight_mixup",
    "model_soup": "soup",
    "prefix_tuning": "prefix",
    "prompt_tuning": "prompt",
}


@dataclass(frozen=True)
class MethodEntry:
    """A method that was found, or the reason why it cannot be used.

    Attributes:
        name: what users type.
        source: ``built-in``, the file, or ``entry point package.module``.
        error: one line, where it cannot be used.
        cls: the class, where it can.
    """

    name: str
    source: str
    error: str | None = None
    cls: type[Method] | None = None


def find(name: str, plugins: Iterable[str | Path] = ()) -> type[Method]:
    """The class behind a name.

    Args:
        name: a method's name or alias, or the path of a file that holds one (``./mine.py``).
        plugins: files whose methods may be named, too.

    Raises:
        UnknownName: nothing carries the name.
        PluginError: the file or entry point that carries it cannot be used.
    """
    files = [str(p) for p in plugins]
    if is_file(name):
        files.append(name)
        name = Path(name).stem
        matches = [e for e in _found(files) if e.name == name]
    else:
        key = name.strip().lower()
        wanted = {name.strip(), ALIASES.get(key, key)}
        matches = list(_found(files, only=wanted))
        name = ALIASES.get(key, key)
    if not matches:
        raise UnknownName("method", name, [n for n, _, _ in _sources(files)])
    entry = _settle(matches)
    if entry.cls is None:
        raise PluginError(entry.error)
    return entry.cls


def canonical(name: str) -> str:
    """The name that jobs carry for an alias, in any case; every other text as it is."""
    return ALIASES.get(name.lower(), name)


def available(plugins: Iterable[str | Path] = ()) -> list[MethodEntry]:
    """Every method there is, by name; what cannot be used is listed with its error."""
    by_name: dict[str, list[MethodEntry]] = {}
    for entry in _found([str(p) for p in plugins]):
        by_name.setdefault(entry.name, []).append(entry)
    return [_settle(by_name[name]) for name in sorted(by_name)]


def is_file(name: str) -> bool:
    """Whether a method is named by its file."""
    return name.endswith(".py") or "/" in name or "\\" in name


def _settle(entries: list[MethodEntry]) -> MethodEntry:
    """The one entry of a name; an error where several sources carry it."""
    first, *others = dict.fromkeys(entries)
    if not others:
        return first
    sources = " and ".join([first.source, *(e.source for e in others)])
    return MethodEntry(first.name, sources, f"two methods are called '{first.name}': {sources}; rename one")


def _found(files: list[str], only: set[str] | None = None) -> Iterator[MethodEntry]:
    for name, source, load in _sources(files):
        if only is not None and name not in only:
            continue
        try:
            cls = load()
        except (Exception, SystemExit) as error:  # a plug-in may raise anything
            if source == BUILT_IN and only is not None:
                raise  # a bug of ours, with its traceback
            told = error if isinstance(error, PluginError) else _told(source, error)
            yield MethodEntry(name, source, str(told))
        else:
            yield MethodEntry(name, source, None, cls)


@cache
def _points(
    read: Callable[..., Iterable[importlib.metadata.EntryPoint]],
) -> list[importlib.metadata.EntryPoint]:
    """The entry points of installed packages, read once: it takes longer than all else about a method."""
    return list(read(group=GROUP))


def _sources(files: list[str]) -> Iterator[tuple[str, str, Callable[[], type[Method]]]]:
    """Name, source and loader of every method; loads none."""
    for name in _modules():
        yield name, BUILT_IN, partial(_built_in, name)
    for point in _points(importlib.metadata.entry_points):
        yield point.name, f"entry point {point.value}", partial(_entry_point, point)
    for path in dict.fromkeys(str(Path(f).expanduser().resolve()) for f in files):
        yield Path(path).stem, path, partial(_file, Path(path))


@cache
def _modules() -> list[str]:
    """The built-in methods; the folder is listed once, not for each row of a table."""
    package = importlib.import_module("ftbench.methods")
    names = (module.name for module in pkgutil.iter_modules(package.__path__))
    return [name for name in names if not name.startswith("_") and name != "base"]


def _built_in(name: str) -> type[Method]:
    return _only_method(importlib.import_module(f"ftbench.methods.{name}"), f"ftbench/methods/{name}.py")


def _entry_point(point: importlib.metadata.EntryPoint) -> type[Method]:
    found = point.load()
    source = f"entry point {point.value}"
    cls = _only_method(found, source) if isinstance(found, ModuleType) else found
    if not (isinstance(cls, type) and issubclass(cls, Method)):
        raise PluginError(f"{source}: is not a subclass of ftbench.methods.Method")
    if cls.name() != point.name:
        raise PluginError(f"{source}: is called '{point.name}' but stands in a module called '{cls.name()}'")
    return cls


def _file(path: Path) -> type[Method]:
    """Load a file under a module name that ends in its stem and follows its content.

    A worker's child lives long: a file that was edited between two jobs is loaded anew.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise PluginError(f"{path}: cannot be read: {error.strerror}") from error
    digest = hashlib.sha256(str(path).encode() + b"\0" + content).hexdigest()[:16]
    name = f"_ftbench_{digest}.{path.stem}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        if spec is None or spec.loader is None:
            raise PluginError(f"{path}: is not a Python file")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module  # dataclasses look their module up there
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
    return _only_method(sys.modules[name], str(path))


def _only_method(module: ModuleType, source: str) -> type[Method]:
    own = [
        value
        for name, value in vars(module).items()
        if isinstance(value, type)
        and issubclass(value, Method)
        and value.__module__ == module.__name__
        and not name.startswith("_")
    ]
    own = list(dict.fromkeys(own))
    if len(own) != 1:
        names = ", ".join(c.__name__ for c in own) or "none"
        raise PluginError(f"{source}: holds {len(own)} subclasses of Method ({names}), and must hold one")
    return own[0]


def _told(source: str, error: BaseException) -> PluginError:
    """A plug-in's exception in one line, with the line of its file that raised it."""
    text = " ".join(str(error).split())
    said = f"{type(error).__name__}: {text}" if text else type(error).__name__
    line, trace = 0, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == source:
            line = trace.tb_lineno
        trace = trace.tb_next
    if isinstance(error, SyntaxError) and error.lineno and not line:
        line = error.lineno
        said = f"SyntaxError: {error.msg}"
    return PluginError(f"{source}{f':{line}' if line else ''}: {said}")
