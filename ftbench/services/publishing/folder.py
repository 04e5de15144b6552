"""The folder that is published: made beside its place, and put there whole."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ftbench._version import __version__
from ftbench.errors import BadValue, FtbenchError

#: Says of a folder that it was published, and lists its files.
MARKER = "ftbench-published.json"
SCHEMA = "ftbench.published/1"


@dataclass
class NewFolder:
    """A folder that is being made.

    Attributes:
        root: where its files are until it is finished.
        files: name below it -> SHA-256, of those that are written.
    """

    root: Path
    files: dict[str, str] = field(default_factory=dict)

    def write(self, name: str, text: str) -> None:
        """Write a file, by its name below the folder."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        content = text.encode("utf-8", errors="replace")
        path.write_bytes(content)
        self.files[name] = hashlib.sha256(content).hexdigest()

    def keep(self, name: str) -> str:
        """Take a file that stands there already into the list; its SHA-256."""
        with (self.root / name).open("rb") as file:
            self.files[name] = hashlib.file_digest(file, "sha256").hexdigest()
        return self.files[name]


def check_place(place: Path) -> None:
    """Refuse a place that must not, or cannot, be written, before work is spent on what goes there.

    Args:
        place: of the folder; nothing may be there, or what an earlier call has put there.

    Raises:
        BadValue: it is no folder's name, or a file.
        FtbenchError: it holds something else, or its parent cannot be written.
    """
    if place.name in ("", ".", ".."):
        raise BadValue(f"'{place}': name a folder that is to be made, such as site")
    if place.exists() and not place.is_dir():
        raise BadValue(f"{place} is a file: name a folder")
    parent = place.absolute().parent
    if not parent.is_dir():
        raise FtbenchError(f"{place}: cannot be made: there is no folder {place.parent}")
    if not os.access(parent, os.W_OK):
        raise FtbenchError(f"{place}: cannot be made: permission denied in {place.parent}")
    if place.is_dir() and (strange := _strange(place)):
        raise FtbenchError(
            f"{place} holds {strange}, which was not published: name another folder, or move that away"
        )


def _strange(place: Path) -> str:
    """What stands in a folder that no earlier call has put there; "" for nothing."""
    there = sorted(_files(place))
    if not there:
        return ""
    known = listed_in(place)
    return next((name for name in there if name not in known and name != MARKER), "")


def _files(place: Path) -> Iterator[str]:
    """The names of all files below a folder, and of folders that are empty or lead elsewhere."""
    for folder, folders, files in os.walk(place):
        below = Path(folder).relative_to(place)
        yield from ((below / name).as_posix() for name in files)
        yield from ((below / one).as_posix() for one in folders if (Path(folder) / one).is_symlink())
        if not files and not folders and below != Path():
            yield below.as_posix()


def listed_in(place: Path) -> Mapping[str, str]:
    """The files that a published folder lists: name -> SHA-256; {} where it lists none."""
    try:
        found = json.loads((place / MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    files = found.get("files") if isinstance(found, dict) and found.get("schema") == SCHEMA else None
    return files if isinstance(files, dict) else {}


@contextmanager
def replacing(place: Path, made: str) -> Iterator[NewFolder]:
    """A new folder, which stands in its place, whole, at the end; on an error all is as it was.

    Args:
        place: as ``check_place`` lets through.
        made: when, for its list of files.

    Raises:
        FtbenchError: it cannot be written; names what.
    """
    whole = place.absolute()
    if whole.is_symlink():
        whole = whole.resolve()
    part = whole.with_name(f".{whole.name}.{os.getpid()}.part")
    new = NewFolder(part)
    try:
        part.mkdir()
        yield new
        files = dict(sorted(new.files.items()))
        marker = {"schema": SCHEMA, "ftbench": __version__, "made": made, "files": files}
        (part / MARKER).write_text(json.dumps(marker, indent=1) + "\n", encoding="utf-8")
        check_place(place)  # somebody may have put something there meanwhile
        _put(part, whole)
    except OSError as error:
        told = error.strerror or type(error).__name__
        raise FtbenchError(f"{place}: cannot be written: {told}") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _put(part: Path, whole: Path) -> None:
    """Put a folder into the place of another one."""
    old = whole.with_name(f".{whole.name}.{os.getpid()}.old")
    there = whole.exists()
    if there:
        whole.rename(old)
    try:
        part.rename(whole)
    except OSError:
        if there:
            old.rename(whole)
        raise
    shutil.rmtree(old, ignore_errors=True)
