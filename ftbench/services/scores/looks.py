"""How many families of tests were looked at in a database: each keeps its level for itself alone.

Reading a database never changes it, so that this stands in its work folder (``looks``, a line each), and only
where there is one: on a machine that has run jobs of it. What cannot be read or written there is passed over.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from ftbench.domain.moment import moment
from ftbench.render.sheet import Sheet
from ftbench.render.suite_table import SuiteReport
from ftbench.render.table import Report
from ftbench.settings import work_dir
from ftbench.stats.leaderboard import ALPHA

_LINE = re.compile(r"([0-9a-f]{16}) (\d{4}-\d\d-\d\dT\S+)")
MOST = 100_000
"""Characters of the file that are read."""


def families_seen(address: str, families: Iterable[str]) -> tuple[str, ...]:
    """Keep that families of tests are looked at, and say how many there have been; () for none or the first.

    Args:
        address: of the database.
        families: what each is, in any words that are its own.
    """
    mine = {hashlib.sha256(family.encode()).hexdigest()[:16] for family in families}
    file = work_dir(address) / "looks"
    if not mine or not file.parent.is_dir():
        return ()
    known = _known(file)
    _keep(file, [digest for digest in sorted(mine) if digest not in known])
    others = known.keys() - mine
    if not others:
        return ()
    here, there = len(mine), len(others)
    since, most = min(known.values())[:10], min(1.0, ALPHA * (here + there))
    return (
        f"Families of tests: {here} here, {there} other{'s' * (there > 1)} looked at in this database since "
        f"{since}. Each keeps its level for itself: in some of them something false is marked with a "
        f"probability of up to {100 * most:.0f} %.",
    )


def told_in_report(address: str, report: Report, how: str) -> Report:
    """A report that says so; ``how`` is what runs and estimand count."""
    families = []
    for section in report.sections:
        rows = [row for group in section.groups for row in group.rows]
        if any(cell.tested for row in rows for cell in row.cells):
            names = sorted({row.label for row in rows}), [column.name for column in section.columns]
            families.append(json.dumps(["report", section.part, section.title, report.baseline, how, *names]))
    return replace(report, notes=(*report.notes, *families_seen(address, families)))


def told_in_suites(address: str, reports: Sequence[SuiteReport]) -> tuple[SuiteReport, ...]:
    """Papers' tables, of which the last says so."""
    families = []
    for one in reports:
        rows = [row for section in one.sections for group in section.groups for row in group.rows]
        if any(cell.p_equal is not None for row in rows for cell in row.cells):
            families.append(json.dumps(["suite", one.name, one.title, dict(one.margins)]))
    *before, last = reports
    return (*before, replace(last, notes=(*last.notes, *families_seen(address, families))))


def told_in_sheets(address: str, sheets: Sequence[Sheet], declared: bool = False) -> list[Sheet]:
    """Lists of comparisons, of which the last says so; declared claims are one family, however many."""
    families = []
    for sheet in sheets:
        tested = [row for row in sheet.rows if row.get("p_corrected") is not None]
        names = sorted({f"{row.get('comparison')} {row.get('task')}" for row in tested})
        if tested:
            families.append(json.dumps([sheet.name] if declared else ["compare", sheet.title, names]))
    *before, last = sheets
    return [*before, replace(last, notes=(*last.notes, *families_seen(address, families)))]


def _known(file: Path) -> dict[str, str]:
    """Digest -> when it was first looked at."""
    try:
        with file.open(encoding="ascii", errors="replace") as lines:
            rows = [_LINE.fullmatch(line) for line in lines.read(MOST).splitlines()]
    except OSError:
        return {}
    return {row[1]: row[2] for row in reversed(rows) if row}


def _keep(file: Path, digests: Iterable[str]) -> None:
    now = moment(time.time())
    lines = "".join(f"{digest} {now}\n" for digest in digests)
    try:
        if lines:
            with file.open("a", encoding="ascii") as kept:
                kept.write(lines)
    except OSError:
        pass  # a report is printed all the same
