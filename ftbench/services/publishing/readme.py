"""What the folder says of itself where somebody finds it as files: in a repository, on a disk."""

from __future__ import annotations

import json

from ftbench._version import __version__
from ftbench.domain.hub_target import HubTarget
from ftbench.services.publishing.site import DATABASE, PublishedSite


def readme(site: PublishedSite, target: HubTarget | None) -> str:
    """The text, with what the hub reads at its head where it goes there."""
    lines = [
        f"# {' '.join(site.title.split())}",
        "",
        f"Made by ftbench {__version__} on {site.made}. Open `index.html`: the pages need no server and",
        f"no network. `{DATABASE}` holds everything on them: `ftbench report --db {DATABASE}`.",
        "",
    ]
    return "\n".join([*(_head(site, target) if target is not None else []), *lines])


def _head(site: PublishedSite, target: HubTarget) -> list[str]:
    """YAML; a JSON string is one of its strings."""
    told = ["title: " + json.dumps(" ".join(site.title.split())[:100], ensure_ascii=False)]
    told += ["sdk: static"] if target.kind == "space" else ["tags: [ftbench]"]
    return ["---", *told, "---", ""]
