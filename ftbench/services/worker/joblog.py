"""The log of a job: what libraries print while it runs, attempt after attempt."""

from __future__ import annotations

import os
import re
import time
from contextlib import suppress
from pathlib import Path

from ftbench.domain.moment import moment
from ftbench.secrets import masked

LARGEST = 8_000_000  # bytes of a log; one part before it is kept, as large at most
_TAIL = 1 << 14  # bytes of a log that are looked at after a death
_MOST = 4_000_000  # bytes of a log that are shown
_LINES = 20
_MEMORY = re.compile(r"^\s*(MemoryError|\S*OutOfMemoryError|.*std::bad_alloc|.*annot allocate memory)", re.M)


class JobLog:
    """The end of a log file that one attempt writes.

    Attributes:
        path: the file.
    """

    def __init__(self, path: Path, header: str) -> None:
        """Begin an attempt: a line that says which.

        Raises:
            OSError: the file cannot be written.
        """
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._start = self._clean = 0
        self.cap()
        with path.open("a", encoding="utf-8") as file:
            file.write(f"=== {header}, {moment(time.time())} ===\n")
            file.flush()
            self._start = self._clean = file.tell()

    def keep(self) -> None:
        """Mask what was written since the last look, and cap the log; to be called every few seconds."""
        self.cap()
        self.scrub()

    def cap(self) -> None:
        """Begin a new part where the log has grown too long; of what was written the end is kept.

        Whoever writes appends, and goes on in the same file: what is written in the meantime may be lost.
        """
        with suppress(OSError):
            size = self.path.stat().st_size
            if size <= LARGEST:
                return
            with self.path.open("rb") as file:
                file.seek(size - LARGEST)
                part_before(self.path).write_bytes(_masked(file.read(LARGEST)))
            os.truncate(self.path, 0)
            self._start = self._clean = 0

    def tail(self) -> str:
        """The last lines that this attempt has printed; "" where it printed nothing."""
        text = _end_of(self.path, self._start, _TAIL)
        if not self._start and len(text) < _TAIL:  # it may have begun in the part before
            text = _end_of(part_before(self.path), 0, _TAIL) + text
        return masked("\n".join(text.rstrip().splitlines()[-_LINES:]))

    def scrub(self, *, whole: bool = False) -> None:
        """Mask the tokens that programs have written into the log past Python, since this was last asked.

        In place, each line as long as it was: whoever writes goes on in the same file.

        Args:
            whole: the last line is looked at, too, though it may not be at its end.
        """
        with suppress(OSError), self.path.open("r+b") as file:
            size = file.seek(0, os.SEEK_END)
            at = file.seek(self._clean if self._clean <= size else 0)
            found = file.read(min(size - at, 2 * LARGEST))
            if not whole:
                found = found[: found.rfind(b"\n") + 1]
            self._clean = at + len(found)
            if _masked(found) == found:
                return
            for line in found.splitlines(keepends=True):
                clean, text = _masked(line), line.rstrip(b"\r\n")
                if clean != line:
                    file.seek(at)
                    file.write(clean.rstrip(b"\r\n")[: len(text)].ljust(len(text)))
                at += len(line)


def _masked(text: bytes) -> bytes:
    return masked(text.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")


def part_before(path: Path) -> Path:
    """Where the part of a log is that came before the file."""
    return path.with_name(f"{path.name}.1")


def last_lines(path: Path, lines: int) -> list[str]:
    """The last lines of a log, however long it is; what they take is bounded."""
    text = _end_of(path, 0, min(_MOST, max(_TAIL, 1000 * lines))) if lines else ""
    return masked(text).splitlines()[-lines:]


def _end_of(path: Path, start: int, most: int) -> str:
    """The end of a file, not from before ``start``; no more than so many bytes."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(start if start <= size else 0, size - most))
            return file.read(most).decode(errors="replace")
    except OSError:
        return ""


def last_line(text: str) -> str:
    """The last line with anything on it, short enough for a message."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:200] if lines else ""


def out_of_memory(text: str) -> bool:
    """Whether a process said at its end that it got no more memory."""
    return _MEMORY.search(text) is not None
