"""The file ``docs/llms.txt``: the documentation for programs that read, a line for each page."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
HEAD = """# ftbench

> A command-line tool that compares fine-tuning methods for pretrained language models: it queues a grid
> of jobs, trains them, and prints tables with tests that say which differences can be believed.

Reading commands print JSON with `--json` (tables: `--format json`); `queue`, `tune`, `topup`, `launch` and
`prune` show what they would do with `--dry-run`. Exit codes: 0 done, 1 failed, 2 wrong use. Errors are one
line on standard error, with the nearest right name. For agents: [Let an agent use it](agents.md)."""
#: Characters of a line about a page.
LONGEST = 220


class _Loader(yaml.SafeLoader):
    """Reads the navigation, and what Python objects the site's builder is told of as nothing."""


_Loader.add_multi_constructor("tag:yaml.org,2002:python/", lambda loader, suffix, node: None)


def page(written: Mapping[Path, str]) -> str:
    """The whole file.

    Args:
        written: pages as they are about to be written; others are read.
    """
    settings = yaml.load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"), Loader=_Loader)
    return "\n\n".join([HEAD, *_sections(settings["nav"], written)]) + "\n"


def _sections(nav: list[Any], written: Mapping[Path, str]) -> Iterator[str]:
    for section in nav:
        ((title, entries),) = section.items()
        lines = []
        for one in entries:
            name, path = next(iter(one.items())) if isinstance(one, dict) else ("Overview", one)
            file = ROOT / "docs" / path
            text = written.get(file) or file.read_text(encoding="utf-8")
            lines.append(f"- [{name}]({path}): {summary(text) or file.stem}")
        yield f"## {title}\n\n" + "\n".join(lines)


def summary(text: str) -> str:
    """The first sentences of a page, without links, as far as they fit."""
    text = "\n" + re.sub(r"<!--.*?-->", "", text, flags=re.S)
    body = text.partition("\n# ")[2]
    paragraphs = [one.strip() for one in body.partition("\n")[2].split("\n\n")]
    first = next((one for one in paragraphs if one and one[0] not in "#|`!-<"), "")
    plain = " ".join(re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", first).replace("**", "").split())
    kept = ""
    for sentence in re.split(r"(?<=[.:?]) ", plain):
        if kept and len(kept) + len(sentence) > LONGEST:
            break
        kept = f"{kept} {sentence}".strip()
    return kept.removesuffix(":")
