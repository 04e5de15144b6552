"""The digest of a method's code, so that results of older code can be told from newer ones."""

from __future__ import annotations

import ast
import hashlib
import inspect
import sys
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path

from ftbench.methods._source_files import PACKAGE, File, Imported, Meaning, SourceFiles, stored
from ftbench.methods._source_text import Writer, chain, generic

#: How the digests begin that are made as here; others cannot be compared with them.
FORM = "2:"

#: A definition of a file; a whole module; or the dotted name of what is not followed.
_Place = tuple[File, ast.stmt, int] | File | str
#: What a dotted name means: a place, and the attributes that are taken of it.
Meant = tuple[_Place, tuple[str, ...]]


_DIGESTS: dict[type, str] = {}
"""Of the classes of this process: a report of many tables asks again and again."""


def source_digest(cls: type) -> str:
    """A digest of what a method runs: its class, and what this reaches in the files of methods and ``nn``.

    Reached are the base classes but ``Method`` itself, and at any depth the functions, classes and constants
    that a reached one names, in its own file and in those of ``ftbench.methods`` and ``ftbench.nn``; for a
    user's method, in modules beside it or of its package. Of a reached file, the statements count that run
    when it is loaded and only give no name a value; other definitions do not. Of other libraries and of the
    rest of ftbench, the names count that are used (of ftbench's without the module: modules may move).

    Words do not count: docstrings, comments, cards, annotations, what type checkers alone read, the names
    and places of definitions. The annotations of a dataclass's fields count where they are made of ``int``,
    ``float``, ``bool``, ``str`` and None alone: by them a hyper-parameter is read. Where the class names a
    ``library``, the version of that counts, too.

    Args:
        cls: the method's class.

    Returns:
        ``2:`` and 16 hexadecimal characters; "" where the source cannot be read.
    """
    if cls not in _DIGESTS:
        _DIGESTS[cls] = _of_class(cls)
    return _DIGESTS[cls]


def _of_class(cls: type) -> str:
    try:
        own = {c.__module__: Path(inspect.getsourcefile(c) or "") for c in _classes(cls)}
    except (OSError, TypeError):
        return ""
    found = digest(own[cls.__module__], cls.__module__, cls.__qualname__, others=own)
    library = str(getattr(cls, "library", ""))
    if not library or not found:
        return found
    return FORM + hashlib.sha256(f"{found} {library}=={metadata.version(library)}".encode()).hexdigest()[:16]


def file_digest(path: Path) -> str:
    """``source_digest`` of the one method that a user's file holds, which is read and not run.

    Returns:
        As ``source_digest``; "" where the file does not hold one method, or cannot be read.
    """
    files = SourceFiles(PACKAGE, {})
    module = f"_ftbench_file.{path.stem}"
    try:
        file = files.start(module, path)
        tree = ast.parse(path.read_text(encoding="utf-8"))
        public = [n.name for n in tree.body if isinstance(n, ast.ClassDef) and not n.name.startswith("_")]
        found = [name for name in public if _Reached(files).holds_method(file, name)]
    except (OSError, ValueError, SyntaxError, RecursionError):
        return ""
    return digest(path, module, found[0]) if len(found) == 1 else ""


def digest(
    path: Path, module: str, name: str, *, package: Path = PACKAGE, others: dict[str, Path] | None = None
) -> str:
    """``source_digest`` of a class in a file, which is not loaded.

    Args:
        path: the file.
        module: the module that it is.
        name: the class's qualified name.
        package: the folder of ftbench in which modules are looked up.
        others: module -> file, of base classes.
    """
    files = SourceFiles(package, others or {})
    try:
        code = _Reached(files).code(files.start(module, path), name.split(".")[0])
    except (OSError, ValueError, SyntaxError):
        return ""
    return FORM + hashlib.sha256(code.encode()).hexdigest()[:16]


def _classes(cls: type) -> Iterator[type]:
    """The class and what it builds on, without the libraries."""
    for c in cls.__mro__:
        if c.__module__.partition(".")[0] not in sys.stdlib_module_names and c.__name__ != "Method":
            yield c


class _Reached:
    """What a class reaches, numbered in the order in which it is named: names and places do not count."""

    def __init__(self, files: SourceFiles) -> None:
        """Nothing is reached yet."""
        self._files = files
        self._numbers: dict[ast.stmt, int] = {}
        self._queue: list[tuple[File, ast.stmt]] = []
        self._begun: set[Path] = set()
        self._wholes: dict[Path, int] = {}

    def code(self, file: File, name: str) -> str:
        """The text of a definition and of all that it reaches; of the whole file, where it is not there."""
        for place, _ in self._of(file, [name], ()) or [(file, ())]:
            self._told(place)
        texts = []
        for number, (home, node) in enumerate(self._queue):  # grows while it is written
            texts.append(f"{number} {self._writer(home).write(node)}")
        return "\n".join(texts)

    def _writer(self, file: File) -> Writer:
        return Writer(
            look=lambda names: self._join(self._of(file, names, ())),
            imported=lambda one, names: self._join(self._at((*file.absolute(one), *names), file, ())) or "",
            nested=lambda node: self._told((file, node, 0)),
            is_method=lambda node: self._is_method(file, node, ()),
        )

    def _join(self, places: Sequence[Meant]) -> str | None:
        return "|".join(".".join((self._told(place), *names)) for place, names in places) or None

    def _told(self, place: _Place) -> str:
        if isinstance(place, str):
            return place
        if isinstance(place, File):
            return self._whole(place)
        file, node, which = place
        number = self._number(file, node)
        return f"{number}:{which}" if which else str(number)

    def _whole(self, file: File) -> str:
        """A module that is handed on: all that it holds may be used."""
        known = file.path in self._wholes
        which = self._wholes.setdefault(file.path, len(self._wholes))
        names = () if known else file.module.names
        return f"module {which} {[self._join(self._of(file, [name], ())) for name in names]}"

    def _number(self, file: File, node: ast.stmt) -> int:
        if node not in self._numbers:
            self._numbers[node] = len(self._queue)
            self._queue.append((file, node))
            if file.path not in self._begun:
                self._begun.add(file.path)
                for loose in file.module.loose:
                    self._number(file, loose)
        return self._numbers[node]

    def _of(self, file: File, names: Sequence[str], seen: tuple[Meaning, ...]) -> list[Meant]:
        """What a name of a module means, with attributes after it; nothing where the module has it not."""
        name, attributes = names[0], tuple(names[1:])
        meanings = file.module.names.get(name)
        found: list[Meant] = []
        if meanings is None:
            for star in (one for one in file.module.stars if one not in seen):
                for place, _ in self._at(file.absolute(star), file, ()):
                    found += self._of(place, names, (*seen, star)) if isinstance(place, File) else []
            return found
        for one in meanings:
            if isinstance(one, Imported):
                if one not in seen:
                    found += self._at((*file.absolute(one), *attributes), file, (*seen, one))
            else:
                which = list(dict.fromkeys(stored(one))).index(name)
                found.append(((file, one, which), attributes))
        return found

    def _at(self, dotted: tuple[str, ...], home: File, seen: tuple[Meaning, ...]) -> list[Meant]:
        """What a whole dotted name means, as ``home`` would import it."""
        file, rest = None, dotted
        for count in range(1, len(dotted) + 1):
            here = self._files.find(".".join(dotted[:count]), home)
            if here is not None:
                file, rest = here, dotted[count:]
                if rest and file.followed and self._binds(file, rest[0], dotted[: count + 1]):
                    break
            elif file is not None:
                break
        if file is None:
            return [(".".join(dotted), ())]
        if not file.followed:
            return [("ftbench", rest or dotted[-1:])]
        return (self._of(file, rest, seen) if rest else []) or [(file, rest)]

    @staticmethod
    def _binds(file: File, name: str, dotted: tuple[str, ...]) -> bool:
        """Whether a package gives a name a meaning of its own, other than the module in it of that name."""
        meanings = file.module.names.get(name, ())
        return any(not isinstance(one, Imported) or file.absolute(one) != dotted for one in meanings)

    def holds_method(self, file: File, name: str) -> bool:
        """Whether a file's class of this name derives from ``Method``."""
        nodes = [place[1] for place, _ in self._of(file, [name], ()) if isinstance(place, tuple)]
        return any(isinstance(node, ast.ClassDef) and self._is_method(file, node, ()) for node in nodes)

    def _is_method(self, file: File, node: ast.ClassDef, seen: tuple[ast.stmt, ...]) -> bool:
        names = [chain(generic(base)) for base in node.bases]
        for place, attributes in (meant for one in names if one for meant in self._of(file, one, ())):
            if (place, attributes) == ("ftbench", ("Method",)):
                return True
            if isinstance(place, tuple) and isinstance(place[1], ast.ClassDef) and place[1] not in seen:
                if self._is_method(place[0], place[1], (*seen, node)):
                    return True
        return False
