"""Where on the Hugging Face hub something is put."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ftbench.errors import BadValue

SCHEME = "hf://"
#: What an address calls a kind of repository -> what the hub calls it; the first is the usual one.
KINDS = {"datasets": "dataset", "spaces": "space"}
_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,95}", re.ASCII)


@dataclass(frozen=True)
class HubTarget:
    """A repository of the hub.

    Attributes:
        repository: ``owner/name``.
        kind: ``dataset`` or ``space``.
    """

    repository: str
    kind: str = "dataset"

    @property
    def address(self) -> str:
        """As it is typed: ``hf://datasets/owner/name``."""
        return f"{SCHEME}{self.kind}s/{self.repository}"

    @property
    def page(self) -> str:
        """Where readers find it, below the hub's own address."""
        return f"{self.kind}s/{self.repository}"


def hub_target(text: str) -> HubTarget:
    """The repository of ``hf://owner/name``, a dataset's, or ``hf://spaces/owner/name``.

    Raises:
        BadValue: it is not written so.
    """
    words = text.strip().removeprefix(SCHEME).rstrip("/").split("/")
    kind = KINDS[words.pop(0)] if len(words) == 3 and words[0] in KINDS else "dataset"
    if not text.strip().startswith(SCHEME) or len(words) != 2 or not all(map(_NAME.fullmatch, words)):
        raise BadValue(f"--to '{text}': write hf://OWNER/NAME for a dataset, or hf://spaces/OWNER/NAME")
    return HubTarget("/".join(words), kind)
