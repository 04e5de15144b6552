"""The log of a worker: one line for each event, so that one can see afterwards why a job moved.

Events are told to a ``Journal``; nothing is written unless ``kept_log`` is entered, which the command
``ftbench worker`` does. A program that runs a worker by itself finds the events under the logger
``ftbench.worker`` and decides what becomes of them.
"""

from __future__ import annotations

import fcntl
import io
import logging
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from itertools import count
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TYPE_CHECKING

from ftbench.domain.job import SHORT_DIGEST
from ftbench.secrets import masked

if TYPE_CHECKING:
    from ftbench.db import Lease

NAME = "ftbench.worker"
BYTES, PARTS = 1_000_000, 3  # of a worker's log: a part's size, and how many parts are kept
WORKERS = 20  # whose logs are kept beside those of workers that live
_LONGEST = 1000  # characters of a value
_PLAIN = re.compile(r"[^\s\"=\\]+")

logging.getLogger(NAME).addHandler(logging.NullHandler())  # else Python prints warnings nobody asked for


class Journal:
    """Tells events: a word for what happened, then what belongs to it as ``key=value``, in the order given.

    Values may be anything that has a text; those that are None are left out.
    """

    def __init__(self, part: str, about: Mapping[str, object] | None = None) -> None:
        """Tell of a part of the worker, with some fields in every event."""
        self._logger = logging.getLogger(f"{NAME}.{part}")
        self._part, self._about = part, dict(about or {})

    def of(self, claim: Lease) -> Journal:
        """The same for a job: its fields come first."""
        return Journal(self._part, {"job": claim.digest[:SHORT_DIGEST], "attempt": claim.attempt})

    def info(self, event: str, **fields: object) -> None:
        """What is to be expected."""
        self._tell(logging.INFO, event, fields)

    def warning(self, event: str, **fields: object) -> None:
        """What costs time or an attempt."""
        self._tell(logging.WARNING, event, fields)

    def error(self, event: str, **fields: object) -> None:
        """What ends a job, or the worker."""
        self._tell(logging.ERROR, event, fields)

    def _tell(self, level: int, event: str, fields: Mapping[str, object]) -> None:
        if self._logger.isEnabledFor(level):
            told = {**self._about, **fields}
            pairs = [f"{key}={_value(value)}" for key, value in told.items() if value is not None]
            # "%s": what stands in the values is never taken for a format
            self._logger.log(level, "%s", " ".join([event, *pairs]))


@contextmanager
def kept_log(
    folder: Path, worker: str, say: Callable[[str], None], echo: Callable[[str], None] | None = None
) -> Iterator[None]:
    """Write what happens to a file of this process in a folder, which is made at the first event.

    Nothing that goes wrong with it comes to the worker: it is said once.

    Args:
        folder: for the logs of all workers.
        worker: its name, which begins the file's and stands in each line.
        say: takes the one line about a log that cannot be written.
        echo: takes each line as well.
    """
    logger = logging.getLogger(NAME)
    handlers: list[logging.Handler] = [_File(folder, worker, say)]
    if echo is not None:
        handlers.append(_Echo(echo))
    level = logger.level
    with ExitStack() as after:
        after.callback(logger.setLevel, level)
        logger.setLevel(logging.INFO)
        for handler in handlers:
            handler.setFormatter(_Lines(worker))
            logger.addHandler(handler)
            after.callback(handler.close)
            after.callback(logger.removeHandler, handler)
        yield


def stem(worker: str, pid: int) -> str:
    """How the name of a worker's log begins: the worker's name made safe, and the process id."""
    safe = re.sub(r"[^A-Za-z0-9_-]+", "_", worker)[:60].strip("_") or "worker"
    return safe if safe.endswith(f"-{pid}") else f"{safe}-{pid}"


def _value(value: object) -> str:
    """A value as it stands in a line: quoted where it has spaces; whatever is not printable is escaped."""
    text = masked(str(value) or (type(value).__name__ if isinstance(value, BaseException) else ""))
    if len(text) > _LONGEST:
        text = text[:_LONGEST] + "…"
    if _PLAIN.fullmatch(text) and text.isprintable():
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    shown = (c if c.isprintable() else c.encode("unicode_escape").decode() for c in escaped)
    return '"' + "".join(shown) + '"'


class _Lines(logging.Formatter):
    """``2026-07-08T10:15:30.123456Z INFO worker-1 claimed job=…``."""

    def __init__(self, worker: str) -> None:
        super().__init__()
        self._worker = _value(worker)

    def format(self, record: logging.LogRecord) -> str:
        # as fine as to keep the order where the lines of several workers are sorted together
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds")
        return f"{moment.removesuffix('+00:00')}Z {record.levelname} {self._worker} {record.getMessage()}"


class _Echo(logging.Handler):
    """Hands each line on."""

    def __init__(self, echo: Callable[[str], None]) -> None:
        super().__init__()
        self._echo = echo

    def emit(self, record: logging.LogRecord) -> None:
        with suppress(OSError, ValueError):  # whoever read it has left
            self._echo(self.format(record))


class _File(RotatingFileHandler):
    """A file of this process alone, with a shared lock on it that tells others that its worker lives."""

    def __init__(self, folder: Path, worker: str, say: Callable[[str], None]) -> None:
        self._folder, self._stem, self._say = folder, stem(worker, os.getpid()), say
        self._ours = self._said = False
        path = folder / f"{self._stem}.log"
        super().__init__(path, maxBytes=BYTES, backupCount=PARTS - 1, encoding="utf-8", delay=True)

    def _open(self) -> io.TextIOWrapper:
        """Open the file; the first time, take one that nobody has written to."""
        self._folder.mkdir(parents=True, exist_ok=True)
        if not self._ours:
            _sweep(self._folder)
            self.baseFilename = str(self._new())
            self._ours = True
        file = open(self.baseFilename, "a", encoding=self.encoding)  # noqa: SIM115
        with suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return file

    def _new(self) -> Path:
        """Another machine, or another container, may have a process of the same name and number."""
        for number in count(1):
            path = self._folder / f"{self._stem}{f'-{number}' if number > 1 else ''}.log"
            with suppress(FileExistsError):
                path.touch(exist_ok=False)
                return path
        raise AssertionError

    def handleError(self, record: logging.LogRecord) -> None:
        """Say it once, and begin anew at the next event: there may be space again by then."""
        error = sys.exc_info()[1]
        if not self._said:
            self._said = True
            words = (isinstance(error, OSError) and error.strerror) or error
            with suppress(OSError):
                self._say(f"the worker's log cannot be written: {self.baseFilename}: {words}")
        self._drop()

    def close(self) -> None:
        """Close the file, whatever the disk says."""
        self._drop()
        super().close()

    def _drop(self) -> None:
        file, self.stream = self.stream, None
        if file is not None:
            with suppress(OSError, ValueError):
                file.close()


def _sweep(folder: Path) -> None:
    """Delete the logs of workers that have ended, but for the latest ones."""
    logs: dict[str, list[Path]] = {}
    for path in folder.glob("*.log*"):
        logs.setdefault(path.name.partition(".")[0], []).append(path)
    with suppress(OSError):  # another worker sweeps, too
        latest = sorted(logs.values(), key=lambda parts: max(p.stat().st_mtime for p in parts), reverse=True)
        for path in (path for parts in latest[WORKERS:] if not any(map(_is_held, parts)) for path in parts):
            path.unlink(missing_ok=True)


def _is_held(path: Path) -> bool:
    """Whether a worker that lives has the file open; where files cannot be locked, one may."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False
