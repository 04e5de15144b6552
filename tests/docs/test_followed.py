"""Pages are followed from top to bottom, as a reader would; ``test_docs.py`` looks at some of them closer."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.blocks import FOLLOWED, PAGES, RUN, blocks, follow
from tests.forked import Programs

#: What must be in the output, where that says more than that nothing failed.
PRINTED = {
    "tutorial.md": ("Label noise: tiny", "1 claim", "Δ slope"),
    "reviewing.md": ("Bi-Drop", "seeds", "claims"),
    "agents.md": ('"schema": "ftbench.report/1"',),
}


def _with_commands() -> list[Path]:
    found = [page for page in PAGES if any(block.mark == RUN for block in blocks(page))]
    return [page for page in found if page.name not in FOLLOWED]


@pytest.mark.slow
@pytest.mark.parametrize("page", [pytest.param(page, id=page.stem) for page in _with_commands()])
def test_a_page_can_be_followed(
    page: Path, tmp_path: Path, forked: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    printed, _ = follow(page, tmp_path, forked, seeds=2)
    for text in PRINTED.get(page.name, ()):
        assert re.search(re.escape(text), printed), f"{text!r} is not in\n{printed}"
