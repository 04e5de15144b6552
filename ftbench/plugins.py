"""Where plug-ins are found: a folder of the package, entry points, and files of the user's own."""

from __future__ import annotations

import hashlib
import importlib
import importlib.metadata
import importlib.util
import pkgutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from types import ModuleType
from typing import Generic, TypeVar

from ftbench import settings
from ftbench.errors import PluginError, UnknownName

P = TypeVar("P")
BUILT_IN = "built-in"


@dataclass(frozen=True)
class PluginEntry(Generic[P]):
    """A plug-in that was found, or the reason why it cannot be used.

    Attributes:
        name: what users type.
        source: ``built-in``, the file, or ``entry point package.module``.
        error: one line, where it cannot be used.
        cls: the class, where it can.
    """

    name: str
    source: str
    error: str | None = None
    cls: type[P] | None = None


class Registry(Generic[P]):
    """The plug-ins of one kind: subclasses of one class.

    Args:
        kind: what one is called, in the singular: ``method``.
        base: the class that they derive from.
        package: the folder of the built-in ones, one a file; entry points have its name as their group.
        named: the name of a plug-in.
        aliases: other spellings of names, in lower case.
        several: whether a user's file may hold several of them; files are then given as ``FILE:NAME``. Where
            it holds one, that has the file's name.
    """

    def __init__(
        self,
        kind: str,
        base: type[P],
        package: str,
        named: Callable[[type[P]], str],
        *,
        aliases: Mapping[str, str] | None = None,
        several: bool = False,
    ) -> None:
        """Look nothing up yet."""
        self.kind, self.package, self.aliases = kind, package, aliases or {}
        self._base, self._named, self._several = base, named, several

    def find(self, name: str, files: Iterable[str | Path] = ()) -> type[P]:
        """The class behind a name.

        Args:
            name: a name or alias, or a file (``./mine.py``; ``./mine.py:NAME`` where it may hold several).
            files: whose plug-ins may be named, too.

        Raises:
            UnknownName: nothing carries the name.
            PluginError: the file or entry point that carries it cannot be used.
        """
        known = [str(file) for file in files]
        if is_file(name):
            known.append(name)
            name = self._split(name)[1]
            matches = [entry for entry in self._found(known) if entry.name == name]
        else:
            key = name.strip().lower()
            matches = list(self._found(known, only={name.strip(), self.aliases.get(key, key)}))
            name = self.aliases.get(key, key)
        if not matches:
            raise UnknownName(self.kind, name, [n for n, _, _ in self._sources(known)])
        entry = self._settle(matches)
        if entry.cls is None:
            raise PluginError(entry.error)
        return entry.cls

    def known(self, name: str, files: Iterable[str | Path] = ()) -> type[P]:
        """The class behind a name that stands in a row: such a name is no file, whatever it looks like.

        Raises:
            UnknownName, PluginError: as ``find``.
        """
        if is_file(name):
            raise UnknownName(self.kind, name, [])
        return self.find(name, files)

    def available(self, files: Iterable[str | Path] = ()) -> list[PluginEntry[P]]:
        """Every plug-in there is, by name; what cannot be used is listed with its error."""
        by_name: dict[str, list[PluginEntry[P]]] = {}
        for entry in self._found([str(file) for file in files]):
            by_name.setdefault(entry.name, []).append(entry)
        return [self._settle(by_name[name]) for name in sorted(by_name)]

    def _settle(self, entries: list[PluginEntry[P]]) -> PluginEntry[P]:
        """The one entry of a name; an error where several sources carry it."""
        first, *others = dict.fromkeys(entries)
        if not others:
            return first
        sources = " and ".join([first.source, *(e.source for e in others)])
        told = f"two {self.kind}s are called '{first.name}': {sources}; rename one"
        return PluginEntry(first.name, sources, told)

    def _found(self, files: list[str], only: set[str] | None = None) -> Iterator[PluginEntry[P]]:
        for name, source, load in self._sources(files):
            if only is not None and name not in only:
                continue
            try:
                cls = load()
            except (Exception, SystemExit) as error:  # a plug-in may raise anything
                if source == BUILT_IN and only is not None:
                    raise  # a bug of ours, with its traceback
                told = error if isinstance(error, PluginError) else _told(source, error)
                yield PluginEntry(name, source, str(told))
            else:
                yield PluginEntry(name, source, None, cls)

    def _sources(self, files: list[str]) -> Iterator[tuple[str, str, Callable[[], type[P]]]]:
        """Name, source and loader of every plug-in; loads none."""
        for name in _modules(self.package):
            yield name, BUILT_IN, partial(self._built_in, name)
        for point in _points(importlib.metadata.entry_points, self.package):
            yield point.name, f"entry point {point.value}", partial(self._entry_point, point)
        for path, name in dict.fromkeys(self._split(file) for file in files):
            yield name, path, partial(self._in_file, Path(path), name)

    def _split(self, file: str) -> tuple[str, str]:
        """The whole path of a file, and the name of the plug-in that is meant in it."""
        path, _, name = file.rpartition(":") if self._several else (file, "", "")
        place = settings.place(path, self.kind).resolve()
        return str(place), name or place.stem

    def _built_in(self, name: str) -> type[P]:
        folder = self.package.replace(".", "/")
        return self._pick(importlib.import_module(f"{self.package}.{name}"), name, f"{folder}/{name}.py")

    def _entry_point(self, point: importlib.metadata.EntryPoint) -> type[P]:
        found = point.load()
        source = f"entry point {point.value}"
        cls = self._pick(found, point.name, source) if isinstance(found, ModuleType) else found
        if not (isinstance(cls, type) and issubclass(cls, self._base)):
            raise PluginError(f"{source}: is not a subclass of {self.package}.{self._base.__name__}")
        own = self._named(cls)
        if own != point.name:
            place = "is" if self._several else "stands in a module"
            raise PluginError(f"{source}: is called '{point.name}' but {place} called '{own}'")
        return cls

    def _in_file(self, path: Path, name: str) -> type[P]:
        return self._pick(_loaded(path), name, str(path))

    def _pick(self, module: ModuleType, wanted: str, source: str) -> type[P]:
        """The plug-in that a module holds; of several, the one of a name."""
        own: list[type[P]] = []
        for name, value in vars(module).items():
            if isinstance(value, type) and issubclass(value, self._base) and not name.startswith("_"):
                if value.__module__ == module.__name__ and value not in own:
                    own.append(value)
        if self._several:
            names = [self._named(cls) for cls in own]
            if names.count(wanted) == 1:
                return own[names.index(wanted)]
            held = ", ".join(names) or "none"
            raise PluginError(f"{source}: must hold one {self.kind} called '{wanted}', and holds {held}")
        if len(own) != 1:
            base, held = self._base.__name__, ", ".join(c.__name__ for c in own) or "none"
            raise PluginError(f"{source}: holds {len(own)} subclasses of {base} ({held}), and must hold one")
        return own[0]


def is_file(name: str) -> bool:
    """Whether a plug-in is named by its file."""
    return name.endswith(".py") or "/" in name or "\\" in name or ".py:" in name


@cache
def _points(
    read: Callable[..., Iterable[importlib.metadata.EntryPoint]], group: str
) -> list[importlib.metadata.EntryPoint]:
    """The entry points of installed packages, read once: it takes longer than all else about a plug-in."""
    return list(read(group=group))


@cache
def _modules(package: str) -> list[str]:
    """The built-in plug-ins; the folder is listed once, not for each row of a table."""
    names = (module.name for module in pkgutil.iter_modules(importlib.import_module(package).__path__))
    return [name for name in names if not name.startswith("_") and name != "base"]


def _loaded(path: Path) -> ModuleType:
    """A file, loaded under a module name that ends in its stem and follows its content.

    A worker's child lives long: a file that was edited between two jobs is loaded anew.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        part = isinstance(error, FileNotFoundError) and path.suffix != ".py"
        hint = "; a comma in a path is typed \\," if part else ""
        raise PluginError(f"{path}: cannot be read: {error.strerror}{hint}") from error
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
    return sys.modules[name]


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
