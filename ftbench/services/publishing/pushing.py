"""To the hub: a published folder as a repository of its own."""

from __future__ import annotations

from pathlib import Path

from ftbench import hub
from ftbench.domain.hub_target import HubTarget
from ftbench.errors import FtbenchError
from ftbench.services.publishing.folder import MARKER, listed_in

#: What no push takes out, and what besides may stand in a repository that is new.
_HUBS_OWN = frozenset({".gitattributes", "README.md"})
_OF_NEW_ONES = _HUBS_OWN | {"index.html", "style.css"}


def check_target(target: HubTarget) -> list[str]:
    """The files of a repository that a folder may be pushed to; asked before work is spent on the folder.

    Raises:
        FtbenchError: no token, no network, no such repository, or it holds other things.
    """
    if not hub.may_write():
        raise FtbenchError(
            f"{target.address}: there is no token on this machine: set HF_TOKEN, or run `hf auth login`"
        )
    try:
        there = hub.files(target.repository, target.kind, "main")
    except hub.NotThere as error:
        made = f"hf repos create {target.repository} --type {target.kind}"
        made += " --space-sdk static" if target.kind == "space" else ""
        raise FtbenchError(f"{target.address}: {error}; make it with: {made}") from error
    except hub.Unreachable as error:
        raise FtbenchError(f"{target.address}: {error}") from error
    strange = [name for name in there if name not in _OF_NEW_ONES]
    if strange and MARKER not in there:
        raise FtbenchError(
            f"{target.address} holds {strange[0]}, which was not published: name a repository of its own"
        )
    return there


def push(target: HubTarget, place: Path, there: list[str]) -> None:
    """Make a repository hold what a published folder holds, in one commit.

    Args:
        target: the repository.
        place: the folder.
        there: the repository's files, as ``check_target`` gives them.

    Raises:
        FtbenchError: it cannot be written.
    """
    names = [*listed_in(place), MARKER]
    gone = sorted(set(there) - set(names) - _HUBS_OWN)
    try:
        hub.upload(target.repository, target.kind, place, names, gone)
    except (hub.NotThere, hub.Unreachable) as error:
        told = f"{target.address}: {error}; {place} is written and can be pushed again"
        raise FtbenchError(told) from error
