"""Repositories of the hub as they are typed."""

from __future__ import annotations

import pytest

from ftbench.domain.hub_target import HubTarget, hub_target
from ftbench.errors import BadValue


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("hf://owner/name", HubTarget("owner/name")),
        ("hf://datasets/owner/name/", HubTarget("owner/name")),
        (" hf://spaces/owner/na-me.1 ", HubTarget("owner/na-me.1", "space")),
        ("hf://spaces/name", HubTarget("spaces/name")),
    ],
)
def test_an_address_names_a_repository_and_its_kind(text: str, found: HubTarget) -> None:
    assert hub_target(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "owner/name",
        "hf://",
        "hf://name",
        "hf://a/b/c",
        "hf://models/a/b",
        "hf://a/..",
        "hf://a/b?c",
        "https://a/b",
    ],
)
def test_what_is_no_address_is_refused_with_the_right_form(text: str) -> None:
    with pytest.raises(BadValue, match="write hf://OWNER/NAME"):
        hub_target(text)


def test_it_is_written_as_it_is_typed() -> None:
    assert hub_target(HubTarget("o/n", "space").address) == HubTarget("o/n", "space")
    assert HubTarget("o/n").page == "datasets/o/n"
