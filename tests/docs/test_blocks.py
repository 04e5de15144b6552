"""Blocks of the documentation: each says what the tests do with it, and its commands exist as shown."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from ftbench.cli.app import app
from tests.docs.blocks import (
    FILE,
    LANGUAGES,
    NOT_RUN,
    ON_THE_EXAMPLE,
    ON_TINY,
    PAGES,
    ROOT,
    RUN,
    SHELL,
    Block,
    blocks,
    commands,
)
from tests.docs.commands import parse

READERS: dict[str, Callable[[str], Any]] = {
    "yaml": lambda text: list(yaml.safe_load_all(text)),
    "toml": tomllib.loads,
    "json": json.loads,
}


def shown() -> Iterator[tuple[str, Block]]:
    """Every block, with the name of its page."""
    for page in PAGES:
        yield from ((page.name, block) for block in blocks(page))


def test_every_block_says_its_language_and_what_is_done_with_it() -> None:
    wrong = []
    for page, block in shown():
        mark, name = block.mark, block.name or ""
        said = {
            None: block.language not in (*SHELL, "python"),
            RUN: name in ("", ON_TINY, ON_THE_EXAMPLE),
            FILE: bool(re.fullmatch(r"[\w./-]+", name)),
            NOT_RUN: len(name.split()) > 1,
        }[mark]
        if not said or block.language not in LANGUAGES:
            wrong.append(f"{page}: {mark} {name} ```{block.language} {block.text[:60]!r}")
    assert not wrong, "\n".join(wrong)


def test_no_block_is_hidden_from_the_tests_by_its_indentation() -> None:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"^[ \t>]+```", text, flags=re.M), page.name
        assert len(re.findall(r"^```", text, flags=re.M)) == 2 * len(blocks(page)), page.name


def test_every_command_shown_is_taken_by_the_command_line() -> None:
    root: Any = typer.main.get_command(app)
    found = [(page.name, line) for page in PAGES for line in commands(page)]
    assert len(found) > 150
    wrong = []
    for page, line in found:
        try:
            parse(root, shlex.split(line, comments=True)[1:])
        except Exception as error:
            wrong.append(f"{page}: {line}: {error!r}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("line", ["report --tabel main", "reprot", "plot strip", "queue --seeds", "show"])
def test_a_command_that_is_shown_wrongly_is_found(line: str) -> None:
    root: Any = typer.main.get_command(app)
    with pytest.raises(Exception) as caught:
        parse(root, line.split())
    assert not isinstance(caught.value, AttributeError)


def test_programs_shown_beside_ftbench_are_there() -> None:
    """Modules, scripts, their options, and targets of make."""
    options = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "benchmarks").glob("*.py"))
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.M))
    for page, block in shown():
        if block.language not in SHELL:
            continue
        for line in block.text.splitlines():
            words = shlex.split(line, comments=True) if line.startswith(("python", "make")) else []
            if words[:2] == ["python", "-m"]:
                assert importlib.util.find_spec(words[2]) is not None, f"{page}: {line}"
                if words[2].startswith("benchmarks"):
                    asked = [word for word in words if word.startswith("--")]
                    assert [word for word in asked if f'"{word}"' not in options] == [], f"{page}: {line}"
            elif words[:1] == ["python"]:
                assert (ROOT / words[1]).is_file(), f"{page}: {line}"
            elif words:
                assert words[1] in targets, f"{page}: {line}"


def test_settings_shown_can_be_read() -> None:
    for page, block in shown():
        if block.language in READERS:
            try:
                READERS[block.language](block.text)
            except ValueError as error:
                raise AssertionError(f"{page}: {block.text}") from error


def test_every_page_is_in_the_navigation() -> None:
    """Or is linked from the list that stands there: the pages of methods, and the examples."""
    listed = re.findall(r"[:-] (\S+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), flags=re.M)
    pages = {str(page.relative_to(ROOT / "docs")) for page in PAGES if ROOT / "docs" in page.parents}
    by_lists = {page for page in pages if page.startswith(("methods/", "examples/"))} - set(listed)
    assert set(listed) <= pages and pages - set(listed) == by_lists and len(listed) == len(set(listed))
    for page in by_lists:
        folder, name = Path(page).parts
        assert f"({name})" in (ROOT / "docs" / folder / "index.md").read_text(encoding="utf-8"), page
