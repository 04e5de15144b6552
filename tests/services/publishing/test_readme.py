"""What the folder says of itself as files."""

from __future__ import annotations

from pathlib import Path

import yaml

from ftbench.domain.hub_target import HubTarget
from ftbench.services.publishing.folder import NewFolder
from ftbench.services.publishing.readme import readme
from ftbench.services.publishing.site import PublishedSite

SITE = PublishedSite(NewFolder(Path()), 'Ours: "a" \n b', "today")


def head(target: HubTarget) -> object:
    return yaml.safe_load(readme(SITE, target).split("---")[1])


def test_the_hub_is_told_what_it_needs() -> None:
    assert head(HubTarget("o/n", "space")) == {"title": 'Ours: "a" b', "sdk": "static"}
    assert head(HubTarget("o/n")) == {"title": 'Ours: "a" b', "tags": ["ftbench"]}


def test_elsewhere_it_is_plain_text() -> None:
    assert readme(SITE, None).startswith("# Ours") and "index.html" in readme(SITE, None)
