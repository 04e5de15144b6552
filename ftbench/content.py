"""The digest of files on disk: what stands in a job's identity where a folder was given."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path


def digest(files: Mapping[str, Path]) -> str:
    """The digest of some files: of their names as given, and of their bytes.

    A file is read once in the life of the program, as long as its size and time of change stay.

    Args:
        files: name, the same on every machine -> where the file is here.

    Returns:
        ``sha256:`` and 16 hexadecimal characters.

    Raises:
        OSError: a file cannot be read.
    """
    whole = hashlib.sha256()
    for name in sorted(files):
        path = files[name].resolve()
        stat = path.stat()
        whole.update(f"{name}\0{_sha256(str(path), stat.st_size, stat.st_mtime_ns)}\n".encode())
    return f"sha256:{whole.hexdigest()[:16]}"


@lru_cache(maxsize=1024)
def _sha256(path: str, size: int, changed: int) -> str:
    """The digest of one file; size and time of change are arguments to be part of the cache's key."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
