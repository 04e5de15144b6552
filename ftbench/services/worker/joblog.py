"""The log of a job: what libraries print while it runs, attempt after attempt."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

from ftbench.domain.moment import moment
from ftbench.secrets import masked

_TAIL = 1 << 14  # bytes of a log that are looked at after a death
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
        with path.open("a", encoding="utf-8") as file:
            file.write(f"=== {header}, {moment(time.time())} ===\n")
            file.flush()
            self._start = file.tell()

    def tail(self) -> str:
        """The last lines that this attempt has printed; "" where it printed nothing."""
        try:
            with self.path.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(self._start, size - _TAIL))
                text = file.read().decode(errors="replace")
        except OSError:
            return ""
        return masked("\n".join(text.rstrip().splitlines()[-_LINES:]))

    def scrub(self) -> None:
        """Mask the tokens that programs have written into the log past Python, where there are any.

        Raises:
            OSError: it cannot be written anew.
        """
        try:
            with self.path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
                file.seek(self._start)
                if all(masked(line) == line for line in file):
                    return
        except OSError:
            return
        part = self.path.with_name(f"{self.path.name}.part")
        with (
            self.path.open(encoding="utf-8", errors="surrogateescape", newline="") as file,
            part.open("w", encoding="utf-8", errors="surrogateescape", newline="") as clean,
        ):
            clean.writelines(masked(line) for line in file)
        part.replace(self.path)


def last_line(text: str) -> str:
    """The last line with anything on it, short enough for a message."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:200] if lines else ""


def out_of_memory(text: str) -> bool:
    """Whether a process said at its end that it got no more memory."""
    return _MEMORY.search(text) is not None
