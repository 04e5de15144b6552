"""The page of comparisons: every method against the baseline, under each condition."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ftbench.domain.axes import MethodChoice
from ftbench.domain.perturbation import Perturbation
from ftbench.errors import DatabaseError, FtbenchError
from ftbench.perturbations import CLEAN, Condition, heading
from ftbench.render import formats, render_sheets
from ftbench.render.html.article import ArticleSection, anchor_of, section_of
from ftbench.render.html.frame import NavLink
from ftbench.render.sheet import Sheet
from ftbench.services.comparing.against import against_baseline
from ftbench.services.comparing.request import CompareRequest
from ftbench.services.planning import commands
from ftbench.services.publishing.evidence import Evidence
from ftbench.services.publishing.site import PublishedSite
from ftbench.services.scores.own import own_changes
from ftbench.services.scores.selection import Selection

SCHEMA = "ftbench.compare/1"
FILES = {"csv": "CSV", "json": "JSON", "markdown": "Markdown"}
#: Conditions and settings of methods that are compared: each is a paired test on each task.
CONDITIONS, SETTINGS = 20, 40


def put_comparisons(site: PublishedSite, found: Evidence, baseline: MethodChoice) -> list[Sheet]:
    """Write the page and its files; what it shows.

    Raises:
        DatabaseError: the database cannot be read.
    """
    sheets, absent = list[Sheet](), list[str]()
    label = Selection(baseline=baseline).baseline_label
    for request in _requests(found):
        name = f" · study {request.study}" if request.study else ""
        try:
            made = against_baseline(found.database, request, label)
        except DatabaseError:
            raise
        except FtbenchError as error:  # without methods that are named there is one reason alone
            about = f"{name}{request.condition.title}".strip(" ·") or "The clean runs"
            named = bool(request.selection.methods)
            absent.append(str(error) if named else f"{about}: no scores of two methods under one setting.")
            continue
        sheets += [replace(sheet, title=sheet.title + name) for sheet in made]
    settings = {(cell.method, cell.hparams.text) for cell in found.cells}
    if len(settings) > SETTINGS:
        how = commands.example("compare", "METHOD", baseline.text, address=found.database.address)
        absent.append(f"Of {len(settings)} settings the default ones alone are compared; others with: {how}")
    sections = [
        replace(section_of(sheet, anchor_of(sheet.title, at)), listed=sheet.name == "tasks")
        for at, sheet in enumerate(sheets, start=1)
    ]
    if len(_conditions(found)) > CONDITIONS:
        absent.append(
            f"Of {len(_conditions(found))} changes to the data the first {CONDITIONS} are compared."
        )
    if not sheets:
        absent.append("There are no scores of a method and the baseline under one setting yet.")
    if absent:
        sections.append(ArticleSection("Not compared", "not-compared", lines=list(dict.fromkeys(absent))))
    more = []
    for name in FILES if sheets else ():
        file = f"data/comparisons{formats.find(name).suffix}"
        site.put(file, render_sheets(sheets, name, schema=SCHEMA))
        more.append(NavLink(FILES[name], file))
    lead = [f"Each method minus {found.method(baseline.text)}, paired seed by seed, corrected by table."]
    site.article("Comparisons", "comparisons.html", lead if sheets else [], sections, more=more)
    return sheets


def _requests(found: Evidence) -> Iterator[CompareRequest]:
    """The clean runs, each change to the data, and the runs with each study's choices."""
    settings = {(cell.method, cell.hparams.text) for cell in found.cells}
    chosen: Sequence[MethodChoice] = ()
    if len(settings) > SETTINGS:
        plain = dict.fromkeys(cell.method for cell in found.cells if cell.label == cell.method)
        chosen = [MethodChoice(name, {}) for name in plain]
    runs = CompareRequest(Selection(methods=tuple(chosen), baseline=None))
    for condition in _conditions(found)[:CONDITIONS]:
        yield replace(runs, condition=condition)
    for study in found.studies:
        yield replace(runs, study=study.name)


def _conditions(found: Evidence) -> list[Condition]:
    there = dict.fromkeys(cell.perturbation.condition for cell in found.cells)
    changed: list[Perturbation] = [one for one in there if one.changes]
    _, told = own_changes(found.database, found.cells)
    clean = [CLEAN] if Perturbation() in there else []
    return [*clean, *(Condition(one, heading(one, told)) for one in changed)]
