"""What texts may tell others: no tokens and passwords, and of files their names, not where they lie here."""

from __future__ import annotations

import re

from ftbench.secrets import masked

_PART = r"[^\s/:'\"<>|,;()\[\]{}]+"
#: The folders of an absolute path that has several parts, and the beginning of addresses of local files.
_FOLDERS = re.compile(
    rf"(?<![\w.:/~<@-])/(?:{_PART}/)+"
    rf"|\b(?:sqlite|file):/{{3,}}(?:{_PART}/)*"
    r"|\b[A-Za-z]:\\(?:[^\s\\]+\\)+"
)
#: Installed packages are the same everywhere: what stands below them says more than a file's name.
_PACKAGES = re.compile(r".*(?:site|dist)-packages/")
_ROOTED = re.compile(r"/[^\s/]+/?")


def cleaned(text: str) -> str:
    """A text without tokens, passwords and the folders of this machine."""
    if "/" in text or "\\" in text:
        text = f".{text.rstrip('/')}" if _ROOTED.fullmatch(text) else _FOLDERS.sub(_below, text)
    return masked(text)


def _below(found: re.Match[str]) -> str:
    """What stands in the place of the folders of a path."""
    return _PACKAGES.sub("", found[0]) if _PACKAGES.match(found[0]) else "./"
