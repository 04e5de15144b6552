"""The pages of ``docs/examples/``: tables of the example database in every format."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from results import DATABASE, ROOT

from ftbench.db import open_database
from ftbench.domain import axes
from ftbench.render import render
from ftbench.services.reporting.build import build_report
from ftbench.services.reporting.page import page
from ftbench.services.reporting.request import ReportRequest
from ftbench.services.scores.selection import Selection

METHODS = "child_tuning_d,rdrop,bidrop"
TABLES = {"main": "Main results", "robustness": "Robustness", "curves": "Robustness as curves"}
#: A page is not called as the Markdown beside it, of which the site makes a page of that name.
FILES = {
    "rich": ".txt",
    "markdown": ".md",
    "latex": ".tex",
    "csv": ".csv",
    "json": ".json",
    "html": "-page.html",
}
#: A page carries its own plotting library, a megabyte: one is enough to look at.
WITH_PAGE = ("main",)


def pages(folder: Path) -> dict[Path, str]:
    """Every file by its path, and the page that lists them."""
    found = {folder / f"{table}{FILES[form]}": text for table, form, text in _rendered()}
    return found | {folder / "index.md": _index(found)}


def _rendered() -> Iterator[tuple[str, str, str]]:
    for table in TABLES:
        asked = ReportRequest(Selection(methods=axes.methods(METHODS)), table)
        with contextlib.chdir(ROOT), open_database(DATABASE, write=False) as database:
            report = build_report(database, asked)
            for form in FILES:
                if form != "html":
                    yield table, form, render(report, form)
                elif table in WITH_PAGE:
                    yield table, form, page(database, report)


def _index(files: dict[Path, str]) -> str:
    lines = [
        "# Examples",
        f"Tables of [`{DATABASE}`](../results.md) in every [format](../reports.md), as commands print them.",
    ]
    for table, title in TABLES.items():
        lines.append(f"## {title}")
        mine = [path for path in files if path.stem.removesuffix("-page") == table]
        commands = [
            f"ftbench report --table {table} --methods {METHODS} --db {DATABASE} -o {path.name}"
            for path in mine
        ]
        lines.append("<!-- run -->\n```sh\n" + "\n".join(commands) + "\n```")
        lines.append(" · ".join(f"[{path.suffix[1:]}]({path.name})" for path in mine))
        lines.append("```text\n" + files[mine[0].with_suffix(".txt")].strip() + "\n```")
    return "\n\n".join(lines) + "\n"
