"""Findings: what was looked at, how it stands, and what to do where it is not right."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

OK, NOTE, WRONG = "ok", "note", "wrong"
"""As it should be; worth knowing; it stops something that was asked for."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        area: ``machine``, ``packages``, ``GPU``, ``places`` or ``database``.
        what: the thing.
        state: one of ``OK``, ``NOTE``, ``WRONG``.
        found: how it stands, without the name of a user or a machine.
        advice: what to do; "" where nothing is to be done.
    """

    area: str
    what: str
    state: str
    found: str
    advice: str = ""


def homely(path: Path | str) -> str:
    """A path for a bug report: the home folder, which has the user's name, is ``~``."""
    text, home = str(path), os.path.expanduser("~")
    if home in ("/", "~") or not (text == home or text.startswith(home + os.sep)):
        return text
    return "~" + text[len(home) :]
