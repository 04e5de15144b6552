"""Reports: from the database to tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from ftbench.db import Database, JobFilter, JobSummary, ScoreRow, ValueRow
from ftbench.domain.result import State
from ftbench.domain.study import Study
from ftbench.errors import NothingToReport
from ftbench.perturbations import NO_FILES, NOTHING_KNOWN, KnownChanges, PluginFiles, titled
from ftbench.render.layouts import RETAINED, Part
from ftbench.render.table import Report, Section
from ftbench.services.planning import commands, rerun
from ftbench.services.planning.own_files import OwnFiles
from ftbench.services.reporting import retention
from ftbench.services.reporting.axes import axes_of
from ftbench.services.reporting.curves import fill_curves
from ftbench.services.reporting.remarks import remarks
from ftbench.services.reporting.request import ReportRequest
from ftbench.services.reporting.tables import TableSubject, fill_table
from ftbench.services.reporting.tuned import with_tuned
from ftbench.services.scores import levels
from ftbench.services.scores.choices import Choices
from ftbench.services.scores.jobs import Reported, join, labels, reported, without_collapsed, without_failed
from ftbench.services.scores.levels import Topped
from ftbench.services.scores.overflowed import overflow_lines, skipped_updates
from ftbench.services.scores.own import NO_METHODS, OwnMethods, classifications, own_changes, own_methods
from ftbench.services.scores.rescored import rescored
from ftbench.services.scores.selection import Selection, in_order, roughly
from ftbench.services.scores.settings import Setting, brought, split
from ftbench.services.scores.stale import codes_of, one_code, stale
from ftbench.services.scores.titles import title_of, titles
from ftbench.stats.family import TWO_PART


def nothing_there(address: str, request: ReportRequest) -> NothingToReport:
    """What is to be said where there is no database: which command would make and fill it.

    Raises:
        UnknownName: a model, task, method or baseline that nothing carries.
    """
    request.selection.check([])
    filled = commands.for_table(request.selection, address, axis=_axis(request))
    return NothingToReport(f"there is no database '{address}'; make and fill it with: {filled}")


def build_report(database: Database, request: ReportRequest) -> Report:
    """The tables of a database.

    Raises:
        UnknownName: a model, task, method or baseline that nothing carries.
        NothingToReport: no job matches; the text says which command would fill the table.
        DatabaseError: the database cannot be read.
    """
    from ftbench.services.claims import tested  # which lays its jobs out as reports do

    selection, address = request.selection, database.address
    cells = database.results.cells()
    selection.check(cells)
    chosen = selection.lets_through(cells)
    if not chosen:
        methods = own_methods(database, cells)
        own = OwnFiles(methods.files, own_changes(database, cells)[0], methods.tasks)
        filled = commands.for_table(selection, address, cells, _axis(request), own=own)
        raise NothingToReport(f"no jobs for this report; queue them with: {filled}")
    scores: Sequence[ScoreRow | ValueRow] = database.results.values(roughly(chosen, cells))
    kept = retention.measured(scores)
    if request.table == RETAINED.name:
        filled = commands.for_table(selection, address, chosen)
        chosen = retention.those_measured(chosen, kept, filled)
    codes, (files, told) = codes_of(database, cells), own_changes(database, chosen)
    chosen = one_code(chosen, codes)
    choices = Choices.of(database)
    own_metric = rescored(database, chosen, scores, request.metric, selection.folders())
    chosen, scores = list(own_metric.cells), own_metric.scores
    by, data_dir = (request.metric.metric.name(), request.metric.data_dir) if request.metric else ("", None)
    declared, topped = tested.tested(database, cells, data_dir), levels.topped(database)
    fill = partial(
        tabulate,
        scores=scores,
        request=request,
        instead=own_metric.shown,
        address=address,
        own=codes.own,
        files=files,
        told=told,
        topped=topped,
        data=_folder(database, chosen),
    )
    found = with_tuned(request.tuned, choices, chosen, fill, address)
    sections = tuple(
        replace(section, notes=(*section.notes, *tested.lines_for_table(declared, section, by)))
        for section in found.sections
    )
    absent = _absent(selection, found, address, chosen, OwnFiles(codes.own.files, files, codes.own.tasks))
    shown = _shown(chosen, found)
    older = rerun.note(stale(shown, codes), codes, address)
    overflowed = overflow_lines(skipped_updates(database, shown), shown)
    notes = (*own_metric.notes, *found.notes, *absent, *overflowed, *older)
    known = tuple(dict.fromkeys((cell.method, cell.hparams.text) for cell in cells))
    found = replace(found, sections=sections, notes=notes, known=known)
    return retention.with_retention(found, kept) if request.table == RETAINED.name else found


def _folder(database: Database, cells: Sequence[JobSummary]) -> str:
    """The folder that the rows of clean jobs came from; "" where they came from the hub."""
    if any(cell.perturbation.condition.changes for cell in cells):
        return ""
    own = [cell.digest for cell in cells if cell.data_revision.startswith("sha256:")]
    rows = database.jobs.list(JobFilter(digests=(own[-1],))) if own else []
    return str(rows[0].places.get("data") or "") if rows else ""


def tabulate(
    cells: Sequence[JobSummary],
    scores: Sequence[ScoreRow | ValueRow],
    request: ReportRequest,
    *,
    instead: Mapping[str, Reported] | None = None,
    address: str = "",
    own: OwnMethods = NO_METHODS,
    files: PluginFiles = NO_FILES,
    told: KnownChanges = NOTHING_KNOWN,
    topped: Sequence[Topped] = (),
    data: str = "",
    study: Study | None = None,
) -> Report:
    """The tables of some jobs.

    Args:
        cells: the jobs that the report is about.
        scores: theirs; others are ignored.
        request: which tables.
        instead: what is reported of tasks where the reader chose the metric.
        address: of the database, for the command that would fill a table.
        own: the methods that are not installed.
        files: where perturbations that are not installed come from.
        told: what these say of themselves.
        topped: the jobs whose seeds were topped up.
        data: the folder with the rows of jobs that no perturbation has yet; "" for the usual places.
        study: whose choices the jobs were run with, where they stand in the place of the default recipe.

    Raises:
        NothingToReport: the jobs make none of the tables.
    """
    axes = axes_of((cell.perturbation.condition for cell in cells), told)
    layout, selection = request.layout(axes), request.selection
    names = in_order([cell.task for cell in cells], selection.task_names())
    shown = reported(names, cells, scores, own.tasks, instead)
    jobs = join(cells, scores, shown, request.diverged)
    if request.estimand == TWO_PART:
        jobs = without_failed(jobs)
    elif not request.collapsed:
        jobs = without_collapsed(jobs)
    said = remarks([job.key for job in jobs], list(shown), own)
    named, base = labels(jobs), selection.baseline_label
    subject = TableSubject(
        named,
        shown,
        base,
        said,
        topped,
        titles(named, own, selection.naming),
        title_of(base, own, selection.naming) if base else "",
        request.estimand,
    )
    settings = split(jobs, brought(own))
    if study is not None:
        settings = [one.with_choices_of(study) for one in settings]
    sections, missing = _sections(layout.parts, settings, subject)
    changed = (
        settings[0].changed if settings and all(s.changed == settings[0].changed for s in settings) else {}
    )
    filled = {
        part.title: commands.for_table(
            selection, address, cells, part.axis, changed, OwnFiles(own.files, files, own.tasks), data
        )
        for part in missing
    }
    sections = sections or tuple(_clean_halves(layout.parts, settings, subject, own))
    if not sections:
        raise NothingToReport(f"no jobs for this report; queue them with: {next(iter(filled.values()))}")
    notes = [f"{title}: no jobs; queue them with: {text}" for title, text in filled.items()]
    if not any(job.status == State.DONE for job in jobs):
        notes.append(f"Nothing is finished yet; run the jobs with: {commands.worker_command(address)}")
    return Report(layout.name, subject.baseline, sections, tuple(notes))


def _axis(request: ReportRequest) -> str | None:
    """The perturbation that the first part of a table is about, where there are no jobs to tell others."""
    return request.layout(axes_of()).parts[0].axis


def _shown(cells: Iterable[JobSummary], report: Report) -> list[JobSummary]:
    """The jobs whose scores stand in a report's tables, and those that were set aside."""
    rows = [row for section in report.sections for group in section.groups for row in group.rows]
    there = {digest for row in rows for cell in row.cells for digest in cell.jobs}
    return [cell for cell in cells if cell.aside or cell.digest in there]


def _absent(
    asked: Selection, report: Report, address: str, cells: Sequence[JobSummary], own: OwnFiles
) -> Iterator[str]:
    """What was asked for by name and is in no table: a filter always lets the baseline through."""
    rows = [row for section in report.sections for group in section.groups for row in group.rows]
    for choice in asked.absent(rows):
        filled = commands.for_table(
            replace(asked, methods=(choice,)), address, cells, report.sections[0].axis, own=own
        )
        yield f"{choice.text} has no runs here; queue them with: {filled}"


def _clean_halves(
    parts: Iterable[Part], settings: Sequence[Setting], subject: TableSubject, own: OwnMethods
) -> Iterator[Section]:
    """The tables of perturbations that no job has yet: the clean runs, and as missing what papers have.

    Of the tasks that a perturbation can be added to, which are those with classes.
    """
    for part in parts:
        usual = titled(part.axis.partition("[")[0]).usual if part.axis and not part.curve else ()
        for setting in settings:
            usable = classifications((job.cell.task for job in setting.jobs), own.tasks)
            clean = tuple(
                job
                for job in setting.jobs
                if job.cell.task in usable and not job.cell.perturbation.condition.changes
            )
            section = (
                fill_table(part, replace(setting, jobs=clean), subject, usual) if clean and usual else None
            )
            if section is not None:
                yield section


def _sections(
    parts: Iterable[Part], settings: Sequence[Setting], subject: TableSubject
) -> tuple[tuple[Section, ...], list[Part]]:
    """The tables, part by part, and the parts without any."""
    sections: list[Section] = []
    missing = []
    for part in parts:
        make = fill_curves if part.curve else fill_table
        filled = [make(part, setting, subject) for setting in settings]
        found = [section for section in filled if section is not None]
        sections += found
        if not found:
            missing.append(part)
    return tuple(sections), missing
