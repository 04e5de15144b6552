"""The Hugging Face hub and its cache on this machine; nothing here knows what a model or a task is.

Looking into the cache needs the standard library alone; ``huggingface_hub`` is loaded for a download only.
``HF_HOME``, ``HF_HUB_CACHE``, ``HF_DATASETS_CACHE``, ``HF_HUB_OFFLINE`` and ``HF_TOKEN`` are honoured.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ftbench import settings
from ftbench.errors import FtbenchError

if TYPE_CHECKING:
    from huggingface_hub import HfApi


_OF_THE_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES)
TIMEOUT = 10.0  # seconds to wait for an answer of the hub


class Unreachable(Exception):
    """The hub was not asked, or gave no answer; the text says why."""


class NotThere(Exception):
    """The hub answered that it has no such repository, revision or file, or does not show it to this user."""


def home() -> Path:
    """The folder of everything Hugging Face: ``HF_HOME``, else ``~/.cache/huggingface``.

    Raises:
        FtbenchError: there is neither.
    """
    given = os.environ.get("HF_HOME")
    if given:
        return settings.place(given, "HF_HOME")
    base = settings.user_cache()
    if base is None:
        raise FtbenchError("there is no home folder, and so no Hugging Face cache: set HF_HOME to a folder")
    return base / "huggingface"


def cache() -> Path:
    """The folder of downloaded repositories."""
    given = os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE")
    return settings.place(given, "HF_HUB_CACHE") if given else home() / "hub"


def datasets_cache() -> Path:
    """The folder of data sets that ``datasets`` has prepared."""
    given = os.environ.get("HF_DATASETS_CACHE")
    return settings.place(given, "HF_DATASETS_CACHE") if given else home() / "datasets"


def snapshots(repository: str, kind: str = "model", revision: str = "main") -> Iterator[Path]:
    """The downloaded snapshots of a revision, the likeliest first; a snapshot may hold a part of the files.

    Args:
        repository: ``owner/name``.
        kind: ``model`` or ``dataset``.
        revision: a branch, a tag, or a commit (whole, or its first characters). A branch that was never
            resolved here (programs that download by commit leave no trace of it) stands for any snapshot. One
            that leads out of the cache has none: it may be a stranger's.
    """
    if {"", ".", ".."} & set(revision.split("/")):
        return
    folder = cache() / f"{kind}s--{repository.replace('/', '--')}"
    try:
        commit = (folder / "refs" / revision).read_text().strip()
    except (OSError, ValueError):
        commit = revision
    if "/" not in commit and commit not in ("", "..") and (folder / "snapshots" / commit).is_dir():
        yield folder / "snapshots" / commit
        return
    found = [path for path in (folder / "snapshots").glob("*") if path.is_dir()]
    for path in sorted(found, key=lambda p: p.stat().st_mtime, reverse=True):
        if revision == "main" or (len(revision) >= 7 and path.name.startswith(revision)):
            yield path


def files(repository: str, kind: str, revision: str) -> list[str]:
    """The names of a repository's files, asked of the hub.

    Raises:
        Unreachable: offline, or no answer.
        NotThere: no such repository or revision.
    """
    api = _api()
    try:
        # One request: a listing page by page repeats a failed one for half a minute.
        found = api.repo_info(repository, repo_type=kind, revision=revision, timeout=TIMEOUT)
        return [str(file.rfilename) for file in getattr(found, "siblings", None) or ()]
    except Exception as error:
        raise _explained(error, repository, revision) from None


def download(repository: str, kind: str, revision: str, patterns: Sequence[str]) -> Path:
    """Download the files of a repository that match; the snapshot's folder is named by its commit.

    Raises:
        Unreachable: offline, or no answer.
        NotThere: no such repository or revision.
        OSError: the cache takes no more.
    """
    api = _api()
    try:
        found = api.snapshot_download(
            repository, repo_type=kind, revision=revision, allow_patterns=list(patterns), cache_dir=cache()
        )
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _OF_THE_DISK:
            raise
        raise _explained(error, repository, revision) from None
    return Path(found)


def may_write() -> bool:
    """Whether this machine has a token of the hub's; whether it is good is not known."""
    from huggingface_hub import get_token

    return bool(get_token())


def upload(repository: str, kind: str, folder: Path, names: Sequence[str], gone: Sequence[str]) -> None:
    """Put files into a repository, and take others out of it, in one commit.

    Args:
        repository: ``owner/name``; it is there.
        kind: ``dataset`` or ``space``.
        folder: with the files.
        names: theirs, below the folder and in the repository.
        gone: those that the repository has and is to have no more.

    Raises:
        Unreachable: offline, or no answer.
        NotThere: no such repository, or this user may not write to it.
    """
    api = _api()
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete
    from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError

    added = [CommitOperationAdd(path_in_repo=name, path_or_fileobj=str(folder / name)) for name in names]
    deleted = [CommitOperationDelete(path_in_repo=name) for name in gone]
    try:
        api.create_commit(
            repository, [*added, *deleted], commit_message="Published by ftbench", repo_type=kind
        )
    except Exception as error:
        refused = isinstance(error, HfHubHTTPError) and error.response.status_code in (401, 403)
        if refused and not isinstance(error, RepositoryNotFoundError):
            raise NotThere(f"the hub does not let this token write to {repository}") from None
        raise _explained(error, repository, "main") from None


def _api() -> HfApi:
    if settings.offline():
        raise Unreachable("HF_HUB_OFFLINE is set")
    from huggingface_hub import HfApi
    from huggingface_hub.utils.tqdm import disable_progress_bars

    if not sys.stderr.isatty():
        disable_progress_bars()
    return HfApi()


def _explained(error: Exception, repository: str, revision: str) -> Exception:
    """What an exception of ``huggingface_hub`` or of the network under it means."""
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError

    if isinstance(error, GatedRepoError):
        return NotThere(f"the hub gives {repository} only to those it has granted access (HF_TOKEN)")
    if isinstance(error, RepositoryNotFoundError):
        return NotThere(f"the hub has no {repository}, or HF_TOKEN may not see it")
    if isinstance(error, RevisionNotFoundError):
        return NotThere(f"{repository} has no revision '{revision}'")
    first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return Unreachable(f"the hub cannot be reached ({first[:120]})")
