"""Where a task of a user's own is: a file, a folder, what ``datasets`` saved, a data set of the hub."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ftbench import settings
from ftbench.errors import BadValue, OwnDataError
from ftbench.tasks.own.formats import FORMATS, is_data
from ftbench.tasks.own.said import FILE, Said, read_said
from ftbench.tasks.own.table import shown_path

TRAIN, DEV, TEST = "train", "dev", "test"
#: What files of a set are called, without their ends.
_CALLED = {
    TRAIN: ("train", "training"),
    DEV: ("validation", "valid", "val", "dev", "development"),
    TEST: ("test", "testing"),
}
_SHARD = re.compile(r"(-\d+-of-\d+)?(-[0-9a-f]{8,})?")
_OF = re.compile(r"-\d+-of-(\d+)")
_YAML = (".yaml", ".yml")


@dataclass(frozen=True)
class OwnPlace:
    """A task's files, found.

    Attributes:
        name: what the task is called where nothing else is said.
        root: the folder above the files.
        files: set of rows -> its files below the root.
        said: what stands beside them.
        source: of the hub, ``owner/name[config]@commit``; "" for files.
    """

    name: str
    root: Path
    files: Mapping[str, tuple[str, ...]]
    said: Said
    source: str = ""


def is_own(text: str) -> bool:
    """Whether a task is named by its place: a path, a data file, or an id of the hub."""
    ends = (*FORMATS, *_YAML)
    return "/" in text or "\\" in text or text.startswith("~") or text.strip().lower().endswith(ends)


def is_path(text: str) -> bool:
    """Whether the place of a task is a path here: an id of the hub is nothing that exists."""
    first = text.strip().partition("[")[0].partition("@")[0]
    hub = first.count("/") == 1 and not first.startswith((".", "/", "~")) and not first.endswith("/")
    return not hub or Path(text.strip()).exists() or first.lower().endswith((*FORMATS, *_YAML))


def at_path(text: str) -> OwnPlace:
    """The task at a path as it was typed.

    Raises:
        OwnDataError: it does not exist, or no file of it can be told to hold the training rows.
    """
    path = settings.place(text.strip(), "task")
    if path.is_dir():
        said = _beside(path)
        return OwnPlace(name_of_folder(path.absolute()), path, _of_folder(path, said), said)
    if path.suffix.lower() in _YAML and path.is_file():
        said = read_said(path)
        folder = path.absolute().parent
        return OwnPlace(name_of_folder(folder), folder, _of_folder(folder, said), said)
    if not path.exists():
        raise OwnDataError(f"{shown_path(path)}: does not exist{_similar(path)}")
    said = _beside(path.absolute().parent, path.name)
    own = path.absolute()
    alone = not any(said.evaluation.values())
    files = {TRAIN: (path.name,)} if alone else _of_folder(own.parent, said, path.name)
    return OwnPlace(name_of_file(own), own.parent, files, said)


def name_of_file(path: Path) -> str:
    """What a task is called by the path of its one file alone: a file called train is its folder's."""
    return _name(path.parent.name if _set_of(path.stem) else path.stem)


def name_of_folder(path: Path) -> str:
    """What a task is called by the path of its folder alone."""
    return _name(path.name)


def name_at(text: str) -> str:
    """What a task would be called by its place alone."""
    return _name(Path(text.strip().rstrip("/").partition("[")[0].partition("@")[0]).stem)


def _name(text: str) -> str:
    """A file's name as that of a task."""
    plain = re.sub(r"[^a-z0-9_.+-]+", "_", text.lower()).strip("_.+-")
    return plain or "task"


def _similar(path: Path) -> str:
    """The nearest data file or folder beside a path that does not exist."""
    try:
        there = [one.name for one in path.absolute().parent.iterdir() if one.is_dir() or is_data(one)]
    except OSError:
        return ""
    close = difflib.get_close_matches(path.name, there, n=1, cutoff=0.6)
    return f"; did you mean '{close[0]}'?" if close else ""


def _beside(folder: Path, file: str = "") -> Said:
    """What stands beside the data; where it names another file for training, it is not about this one."""
    if not (folder / FILE).is_file():
        return Said()
    said = read_said(folder / FILE)
    return said if not (file and said.train) or PurePosixPath(said.train).name == file else Said()


def _of_folder(folder: Path, said: Said, train: str = "") -> dict[str, tuple[str, ...]]:
    """The files of every set in a folder, the reported set after the training rows.

    Raises:
        OwnDataError: there is none for training, or one that ``task.yaml`` names does not exist.
    """
    found = in_folder(folder)
    if train or said.train:
        found[TRAIN] = (_named(folder, train or said.train, said),)
    if TRAIN not in found:
        data = sorted(path.name for path in folder.iterdir() if path.is_file() and is_data(path))
        if len(data) != 1:
            told = f"none of {', '.join(data[:5])} is called train" if data else "has no data file"
            raise OwnDataError(
                f"{shown_path(folder)}: {told}; call one train.csv, or name it in {FILE} (train: …)"
            )
        found[TRAIN] = (data[0],)
    if not said.evaluation:
        return {name: found[name] for name in (TRAIN, DEV, TEST) if name in found}
    chosen = {TRAIN: found[TRAIN]}
    for name, file in said.evaluation.items():
        if file:
            chosen[name] = (_named(folder, file, said),)
        elif name in found:
            chosen[name] = found[name]
        elif name != DEV:
            raise OwnDataError(f"{said.at}: evaluation: no file for '{name}'; write {name}: FILE")
    return chosen


def _named(folder: Path, file: str, said: Said) -> str:
    parts = PurePosixPath(file)
    if parts.is_absolute() or ".." in parts.parts:
        raise OwnDataError(f"{said.at}: '{file}' is not below the folder in which {FILE} stands")
    if not (folder / file).is_file():
        raise OwnDataError(f"{said.at}: {shown_path(folder / file)} does not exist{_similar(folder / file)}")
    return str(parts)


def in_folder(folder: Path) -> dict[str, tuple[str, ...]]:
    """The files of each set in a folder, by their names, or as ``datasets`` has saved them.

    Raises:
        OwnDataError: two kinds of files for one set.
    """
    found: dict[str, tuple[str, ...]] = {}
    for below in (".", "data"):
        for path in sorted((folder / below).iterdir()) if (folder / below).is_dir() else ():
            name = _set_of(path.stem if path.is_file() else path.name)
            files = _files(path, folder)
            if not name or not files:
                continue
            others = found.get(name, ())
            if others and not all(_OF.search(one) for one in (others[0], path.name)):
                raise OwnDataError(
                    f"{shown_path(path)}: {others[0]} has the rows of {name}, too; leave one of them"
                )
            found[name] = (*others, *files)
    for name, files in found.items():
        if (shard := _OF.search(files[0])) and int(shard[1]) != len(files):
            told = f"{len(files)} of the {int(shard[1])} files of {name} are there"
            raise OwnDataError(f"{shown_path(folder)}: {told}")
    if not found and (folder / "state.json").is_file():
        found[TRAIN] = _files(folder, folder)
    return found


def _files(path: Path, folder: Path) -> tuple[str, ...]:
    """A data file itself, or the files of a split that ``datasets`` saved into a folder."""
    if path.is_file():
        return (path.relative_to(folder).as_posix(),) if is_data(path) else ()
    try:
        state = json.loads((path / "state.json").read_text(encoding="utf-8"))
        names = [str(entry["filename"]) for entry in state["_data_files"]]
    except (OSError, ValueError, KeyError, TypeError):
        return ()
    if any("/" in name or name in ("", "..") for name in names):
        return ()
    return tuple((path / name).relative_to(folder).as_posix() for name in names)


def _set_of(stem: str) -> str:
    """Which set a file has by its name; "" for none."""
    plain = stem.lower()
    for name, words in _CALLED.items():
        if any(plain.startswith(word) and _SHARD.fullmatch(plain[len(word) :]) for word in words):
            return name
    return ""


def split_hub_id(text: str) -> tuple[str, str, str]:
    """``owner/name[config]@revision`` as its three parts.

    Raises:
        BadValue: it is none.
    """
    found = re.fullmatch(
        r"(?P<id>[A-Za-z0-9][\w.-]*/[\w.-]+)(\[(?P<config>[^\[\]]+)\])?(@(?P<revision>[^@]+))?", text.strip()
    )
    if found is None:
        raise BadValue(f"task '{text}': no such file, and no id of the hub: owner/name[config]@revision")
    return found["id"], found["config"] or "", found["revision"] or "main"
