"""Secrets: what looks like a token, or is one of this process's, never reaches a file or a reader.

Used where text leaves: messages, events, logs, exports, what is printed.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache

MASK = "<token>"
HIDDEN = "***"  # in the place of an address's password
_SHORTEST = 8  # characters of a value that is looked for: shorter ones are words
_NAMED = re.compile(r"(TOKEN|KEY|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?|PGPASS\w*)$", re.I)
_TOKENS = re.compile(
    r"\b(?:hf_[A-Za-z0-9]{8,}|gh[pousr]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[\w-]{16,}"
    r"|sk-[A-Za-z0-9_-]{20,}|xox[abprs]-[A-Za-z0-9-]{10,}|AKIA[0-9A-Z]{16}"
    r"|eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{5,})"
)
#: How they begin; looked for first, which is quick.
_MARKS = "hf_ ghp_ gho_ ghu_ ghs_ ghr_ github_pat_ glpat- sk- xox AKIA eyJ".split()
#: The password of an address: up to the last @ before a space or quote, for it may hold slashes.
_ADDRESS = re.compile(r"(\b[A-Za-z][\w+.-]*://[^\s:/@'\"]*):[^\s'\"<>(){},]{1,300}@(?=[^\s@])")
#: A part of it that is quick to look for on a long page.
_MAYBE_ADDRESS = re.compile(r"://[^\s:/@'\"]*:")
_QUERY = re.compile(r"([?&;](?:\w*password|passwd|pwd|\w*token|\w*secret|api_?key)=)[^&;\s'\"]+", re.I)


def masked(text: str) -> str:
    """The text with every token and password in it masked."""
    return _mask(text) if text else text


def masked_values(value: object) -> object:
    """A JSON value with its texts masked, keys left as they are."""
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, dict):
        return {key: masked_values(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [masked_values(one) for one in value]
    return value


def of_environment() -> tuple[str, ...]:
    """The values of variables whose names say that they are secret, longest first."""
    found = {v for k, v in os.environ.items() if _NAMED.search(k) and len(v.strip()) >= _SHORTEST}
    return tuple(sorted({part for value in found for part in (value, value.strip())}, key=len, reverse=True))


@lru_cache(maxsize=4)
def _pattern(values: tuple[str, ...]) -> re.Pattern[str] | None:
    return re.compile("|".join(re.escape(value) for value in values)) if values else None


def _mask(text: str) -> str:
    known = _pattern(of_environment())
    if known is not None:
        text = known.sub(MASK, text)
    if any(mark in text for mark in _MARKS):
        text = _TOKENS.sub(MASK, text)
    if _MAYBE_ADDRESS.search(text):
        text = _ADDRESS.sub(rf"\1:{HIDDEN}@", text)
    return _QUERY.sub(rf"\1{HIDDEN}", text) if "=" in text else text
