"""What the tuners of the installed peft library are, read from its text: to import it would load torch."""

from __future__ import annotations

import ast
import importlib.metadata
import importlib.util
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ftbench.domain.hparams import Value
from ftbench.errors import FtbenchError, UnknownName
from ftbench.methods._peft_kinds import KINDS, Kinds, literal, members

_LINE = 140
_PAPER = re.compile(r"(?:arxiv\.org/(?:abs|pdf)|huggingface\.co/papers|arXiv:)[/:]?(\d{4}\.\d{4,5})")
_OTHER_PAPER = re.compile(r"openreview\.net/(?:pdf|forum)\?id=\w+")
_BOILERPLATE = (
    "This is the",
    "Stores the configuration",
    "Configuration",
    "Args:",
    "Paper:",
    "Reference:",
    "Example",
)


@dataclass(frozen=True)
class TunerField:
    """A field of a tuner's configuration that takes a simple value.

    Attributes:
        name: as peft calls it.
        kinds: the types of its value, in the order in which a text is read.
        default: peft's.
        listed: whether it may be a list: it is written ``query+value`` then, as one text.
        choices: the words that it may be; () where others are taken, too.
        told: what peft says of it, whole.
    """

    name: str
    kinds: tuple[type, ...]
    default: Value
    listed: bool
    choices: tuple[str, ...]
    told: str

    @property
    def help(self) -> str:
        """What peft says of it, in a line."""
        first = re.split(r"(?<=[.!])\s", re.sub(r"<[^>]*>", "", self.told))[0].rstrip(".")
        return first if len(first) <= _LINE else f"{first[:_LINE].rpartition(' ')[0]} …"


@dataclass(frozen=True)
class PeftTuner:
    """A tuner as peft registers it.

    Attributes:
        name: as peft registers it, ``adalora``.
        config: the class of its configuration.
        fields: those that take a simple value, in the order of their declaration.
        prompts: whether it stands before the text and changes no module.
        words: what its classes say of it: that of the configuration, then those of the model.
    """

    name: str
    config: str
    fields: tuple[TunerField, ...]
    prompts: bool
    words: tuple[str, ...]

    @property
    def paper(self) -> str:
        """``arXiv:2303.10512``, or where else it is; "" where peft names none."""
        return next(filter(None, map(paper_in, reversed(self.words))), "")

    @property
    def sentence(self) -> str:
        """The first sentence that says something of it, in peft's words; "" for none."""
        for paragraph in (part for words in self.words for part in words.split("\n\n")):
            text = " ".join(paragraph.split())
            first = re.split(r"(?<=[.:])\s", text)[0]
            if text and not text.startswith(_BOILERPLATE) and not first.endswith(":"):
                return first
        return ""


def paper_in(text: str) -> str:
    """The first paper that a text names; "" for none."""
    found = _PAPER.search(text)
    if found:
        return f"arXiv:{found[1]}"
    other = _OTHER_PAPER.search(text)
    return other[0] if other else ""


@cache
def version() -> str:
    """Of the installed peft.

    Raises:
        FtbenchError: it is not installed.
    """
    try:
        return importlib.metadata.version("peft")
    except importlib.metadata.PackageNotFoundError:
        raise FtbenchError("the package peft is not installed here: pip install peft") from None


def tuner_names() -> tuple[str, ...]:
    """Every tuner that the installed peft registers, in the order of their names.

    Raises:
        FtbenchError: peft is not installed.
    """
    return tuple(sorted(_registered(_package())))


def tuner(name: str) -> PeftTuner:
    """One of them.

    Raises:
        FtbenchError: peft is not installed.
        UnknownName: it has no such tuner.
    """
    return read_tuner(_package(), name)


@cache
def read_tuner(package: Path, name: str) -> PeftTuner:
    """A tuner of a peft that lies in a folder.

    Raises:
        UnknownName: there is no such tuner.
    """
    registered = _registered(package)
    if name not in registered:
        raise UnknownName("tuner of peft", name, registered)
    config, place = registered[name]
    folder = package / "tuners"
    bases = [package / "config.py", folder / "lycoris_utils.py"]
    bases += [folder / one / "config.py" for one in ("lora", "prompt_tuning", place.name)]
    classes = {c.name: c for path in bases for c in _classes(path)}
    models = [_doc(node) for node in _classes(place / "model.py")]
    return PeftTuner(
        name,
        config,
        tuple(_fields(config, classes)),
        "PromptLearningConfig" in _lineage(config, classes),
        tuple(doc for doc in (_doc(classes[config]), *models) if doc),
    )


def _package() -> Path:
    version()
    found = importlib.util.find_spec("peft")
    places = list(found.submodule_search_locations or ()) if found is not None else []
    if not places:
        raise FtbenchError("the package peft has no folder here: pip install peft")
    return Path(places[0])


@cache
def _registered(package: Path) -> dict[str, tuple[str, Path]]:
    """The class of the configuration and the folder of every tuner, by name."""
    found: dict[str, tuple[str, Path]] = {}
    for path in sorted((package / "tuners").glob("*/__init__.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("register_peft_method"):
                given = {word.arg: word.value for word in node.keywords}
                name, config = given.get("name"), given.get("config_cls")
                if isinstance(name, ast.Constant) and isinstance(config, ast.Name):
                    found[str(name.value)] = config.id, path.parent
    return found


@cache
def _classes(path: Path) -> tuple[ast.ClassDef, ...]:
    if not path.is_file():
        return ()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return tuple(node for node in tree.body if isinstance(node, ast.ClassDef))


def _doc(node: ast.ClassDef) -> str:
    return ast.get_docstring(node) or ""


def _lineage(name: str, classes: dict[str, ast.ClassDef]) -> list[str]:
    """A class and those that it derives from, the most general last."""
    bases = [ast.unparse(base) for base in classes[name].bases if ast.unparse(base) in classes]
    return list(dict.fromkeys([name, *(one for base in bases for one in _lineage(base, classes))]))


def _fields(config: str, classes: dict[str, ast.ClassDef]) -> Iterator[TunerField]:
    declared: dict[str, ast.AnnAssign] = {}
    for name in reversed(_lineage(config, classes)):
        for node in classes[name].body:
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                declared[node.target.id] = node
    for name, node in declared.items():
        found = _field(name, node, classes)
        if found is not None:
            yield found


def _field(name: str, node: ast.AnnAssign, classes: dict[str, ast.ClassDef]) -> TunerField | None:
    """A field, or None where it is of no simple type."""
    given = {w.arg: w.value for w in node.value.keywords} if isinstance(node.value, ast.Call) else {}
    kinds = Kinds(classes).of(node.annotation)
    default = _default(given.get("default", node.value), classes)
    if not kinds.names or kinds.complex or isinstance(default, ast.expr) or given.get("init") is not None:
        return None
    types = [KINDS[kind] for kind in KINDS if kind in kinds.names]
    if default is None or kinds.none:
        types.append(type(None))
    order = [bool, int, float, str, type(None)]
    said = given.get("metadata")
    words = only if isinstance(only := literal(said), dict) else {}
    open_end = bool in types or int in types or any("[" in choice for choice in kinds.choices)
    return TunerField(
        name,
        tuple(sorted(types, key=order.index)),
        default,
        kinds.listed,
        () if open_end or kinds.free else tuple(kinds.choices),
        " ".join(str(words.get("help") or name).split()),
    )


def _default(node: ast.expr | None, classes: dict[str, ast.ClassDef]) -> Value | ast.expr:
    """The value of a default; what is made anew for each configuration (a list) counts as none."""
    if isinstance(node, ast.Call) or node is None:
        return None
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in classes:
        return dict(members(classes[node.value.id])).get(node.attr, node)
    value = literal(node)
    if isinstance(value, int | float | bool | str) or (isinstance(node, ast.Constant) and value is None):
        return value
    return node
