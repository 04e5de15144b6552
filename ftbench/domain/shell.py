"""Commands as they can be typed into a shell, in one line whatever their paths are."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable

# What would break a line, be folded with it, or be seen by nobody.
_UNSEEN = re.compile(r"[^\S ]|[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2060-\u206f\ud800-\udfff\ufeff]")


def quoted(word: str) -> str:
    """A word for bash and its kin: quoted where it has to be, ``$'…'`` where it has what cannot be seen."""
    if not _UNSEEN.search(word):
        return shlex.quote(word)
    escaped = word.replace("\\", "\\\\").replace("'", "\\'")
    return "$'" + _UNSEEN.sub(_escape, escaped) + "'"


def joined(words: Iterable[str]) -> str:
    """A command."""
    return " ".join(map(quoted, words))


def _escape(found: re.Match[str]) -> str:
    """A character in octal numbers of its bytes, which all locales read alike."""
    return "".join(f"\\{byte:03o}" for byte in found[0].encode("utf-8", "surrogateescape"))
