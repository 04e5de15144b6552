"""The first page: what was compared, how far it is, and where to look."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from ftbench.printable import printable
from ftbench.render.html.article import ArticleSection, ListEntry, ListHead, Listing, ListRow, listing_of
from ftbench.render.sheet import Field, Sheet
from ftbench.services.publishing.evidence import Evidence
from ftbench.services.publishing.site import DATABASE, PublishedSite
from ftbench.services.publishing.tables import ABOUT, PutTable
from ftbench.services.scores.compared import AVERAGE

_NAMED = 12  # names in a line
_SHOWN = 40  # comparisons
_COMPARED = (
    Field("setting", "Setting"),
    Field("comparison_title", "Comparison"),
    Field("task", "On"),
    Field("difference", "Δ", "points"),
    Field("low", "from", "points"),
    Field("high", "to", "points"),
    Field("n", "n", "count"),
    Field("p_corrected", "corrected p", "p"),
    Field("shown", "Shown"),
)
#: File -> what is there.
_WHERE = {
    "tables.html": "All tables with their plots, and as files.",
    "comparisons.html": "Each method against the baseline: differences, intervals, tests.",
    "jobs.html": "The runs behind each number: scores, times, learning curves, errors.",
    "review.html": "What was declared and tuned, what collapsed, what was left out.",
    "reproduce.html": "Commands, versions, digests, claims with their dates.",
}


def put_overview(
    site: PublishedSite, found: Evidence, tables: Sequence[PutTable], comparisons: Sequence[Sheet], size: int
) -> None:
    """Write the first page.

    Args:
        site: the folder.
        found: what there is.
        tables: those that were written.
        comparisons: those on the page of comparisons.
        size: of the database's file, in bytes.
    """
    counts = Counter(str(row.state) for row in found.rows)
    sections = [ArticleSection("What was compared", "compared", facts=_facts(found, counts, size))]
    sections += _compared(comparisons)
    rows = [
        ListRow([ListEntry(ABOUT[one.name][0], one.page), ListEntry(ABOUT[one.name][1])]) for one in tables
    ]
    rows += [
        ListRow([ListEntry(name.partition(".")[0].capitalize(), name), ListEntry(what)])
        for name, what in _WHERE.items()
    ]
    listing = Listing([ListHead("Page"), ListHead("What is there")], rows)
    sections.append(ArticleSection("Where to look", "where", listings=[listing]))
    lead = [] if found.rows else ["The database is empty: nothing is queued yet."]
    site.article(site.title, "index.html", lead, sections)


def _compared(comparisons: Sequence[Sheet]) -> Iterator[ArticleSection]:
    """What each method comes to against the baseline: on average over the tasks, or on the only one."""
    rows = []
    for sheet in (one for one in comparisons if one.name == "tasks"):
        averaged = any(row["task"] == AVERAGE for row in sheet.rows)
        for row in sheet.rows:
            if row["difference"] is not None and (row["task"] == AVERAGE or not averaged):
                shown = row.get("mark") or ("no test" if row["p"] is None else "not shown")
                rows.append({**row, "setting": sheet.title.partition(": ")[2], "shown": shown})
    if not rows:
        return
    marked = sum(row["shown"] in ("better", "worse") for row in rows)
    told = f"{marked} of {len(rows)} differences are shown after correction; the others may be none."
    notes = (
        f"Δ: mean difference in points, paired by seed, with its 95 % interval; {AVERAGE}: over the tasks. "
        "p are corrected over all comparisons of a setting, task by task, as on the page of comparisons.",
        *([f"The first {_SHOWN}; all are there."] if len(rows) > _SHOWN else []),
    )
    listing = listing_of(Sheet("compared", "What it comes to", _COMPARED, tuple(rows[:_SHOWN])))
    yield ArticleSection("What it comes to", "said", lines=[told], listings=[listing], notes=notes)


def _facts(found: Evidence, counts: Counter[str], size: int) -> list[tuple[str, ListEntry]]:
    jobs = ", ".join(f"{number:,} {state}" for state, number in counts.items()) or "none"
    methods = dict.fromkeys(found.method(cell.method) for cell in found.cells)
    conditions = dict.fromkeys(
        ", ".join(one.spoken for one in cell.perturbation.changes) for cell in found.cells
    )
    seeds = {cell.seed for cell in found.cells}
    facts = [
        ("methods", _listed(methods)),
        ("tasks", _listed(dict.fromkeys(found.task(cell.task) for cell in found.cells))),
        ("models", _listed(dict.fromkeys(cell.model for cell in found.cells))),
        ("data", _listed(dict.fromkeys(one or "as it is" for one in conditions), "; ")),
        ("seeds", f"{len(seeds):,}"),
        ("jobs", jobs),
        ("studies", f"{len(found.studies)}" if found.studies else "nothing was tuned"),
    ]
    told = [(name, ListEntry(printable(text))) for name, text in facts if text]
    told.append(("database", ListEntry(f"{DATABASE}, {size / 1e6:.1f} MB", DATABASE, download=True)))
    return told


def _listed(names: dict[str, None], between: str = ", ") -> str:
    """The first names, and how many others there are."""
    there = list(names)
    rest = f" and {len(there) - _NAMED} more" if len(there) > _NAMED else ""
    return between.join(there[:_NAMED]) + rest
