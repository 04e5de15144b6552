"""Pictures: each is made by a command that exists, shown on a page, small, and fetches nothing."""

from __future__ import annotations

import importlib.util
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from xml.etree import ElementTree

import pytest
import typer

from ftbench.cli.app import app
from tests.docs.blocks import DOCS, PAGES, ROOT
from tests.docs.commands import parse

FOLDER = DOCS / "pictures"
#: Bytes of a picture, and of all of them.
LARGEST, ALL = 200_000, 1_200_000


@pytest.fixture(scope="module")
def pictures() -> Iterator[ModuleType]:
    """The script that draws them."""
    sys.path.insert(0, str(ROOT / "scripts"))
    spec = importlib.util.spec_from_file_location("pictures", ROOT / "scripts" / "pictures.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["pictures"] = module
    spec.loader.exec_module(module)
    yield module
    sys.path.remove(str(ROOT / "scripts"))
    del sys.modules["pictures"]


def test_every_picture_is_there_small_and_shown_on_a_page(pictures: ModuleType) -> None:
    there = {path.name: path.stat().st_size for path in FOLDER.iterdir()}
    assert set(there) == {one.file for one in pictures.PICTURES}
    assert max(there.values()) <= LARGEST and sum(there.values()) <= ALL, there
    shown = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert [name for name in there if f"pictures/{name}" not in shown] == []


def test_a_picture_says_what_it_is_to_those_who_cannot_see_it() -> None:
    for page in PAGES:
        for alternative, path in re.findall(r"!\[([^\]]*)\]\(([^)\s]+)", page.read_text(encoding="utf-8")):
            assert len(alternative.split()) >= 3, f"{page.name}: {path}"


def test_the_commands_of_pictures_are_taken_by_the_command_line(pictures: ModuleType) -> None:
    root: Any = typer.main.get_command(app)
    for one in pictures.PICTURES:
        parse(root, shlex.split(one.command)[1:])


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.svg")), ids=lambda path: path.stem)
def test_a_picture_runs_nothing_and_fetches_nothing(path: Path) -> None:
    root = ElementTree.parse(path).getroot()
    for one in root.iter():
        assert one.tag.rpartition("}")[2] not in ("script", "foreignObject", "image", "style"), path
        assert not any("://" in value for value in one.attrib.values()), path
    assert root.get("viewBox")
