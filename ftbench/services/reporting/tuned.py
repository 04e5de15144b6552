"""Tuned runs: in tables of their own, never among runs with the default recipe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from ftbench.db import JobSummary
from ftbench.domain.study import Study
from ftbench.errors import NothingToReport
from ftbench.render.table import Report
from ftbench.services.planning import commands
from ftbench.services.planning.declaring import declare_command
from ftbench.services.reporting.request import BOTH, ONLY_TUNED, UNTUNED
from ftbench.services.scores.choices import Choices


class Fill(Protocol):
    """Makes the tables of some jobs."""

    def __call__(self, cells: Sequence[JobSummary], *, study: Study | None = None) -> Report:
        """Of jobs that were run with a study's choices, or (None) of others."""


def with_tuned(which: str, choices: Choices, cells: Sequence[JobSummary], fill: Fill, address: str) -> Report:
    """The tables of jobs, those with a study's choices apart from the others.

    Args:
        which: ``no``, ``only`` or ``both``.
        choices: of the database.
        cells: the jobs.
        fill: makes tables.
        address: of the database.

    Raises:
        NothingToReport: there are no such jobs; says what to do.
    """
    untuned, aside = choices.untuned(cells)
    tuned = choices.tuned(cells) if which != UNTUNED else {}
    if which == UNTUNED and not untuned:
        raise NothingToReport(
            f"all {aside} runs here have values that a study chose: see them by --tuned only"
        )
    if which == ONLY_TUNED and not tuned:
        raise NothingToReport(f"no runs with tuned values here; {_how(choices, address)}")
    studies = {one.study.name: one.study for one in choices.found}
    reports = [fill(untuned)] if which != ONLY_TUNED and untuned else []
    reports += [fill(runs, study=studies[name]) for name, runs in tuned.items()]
    notes = dict.fromkeys(note for one in reports for note in one.notes)
    if which == UNTUNED and aside:
        counted = "1 run has" if aside == 1 else f"{aside} runs have"
        notes[f"{counted} values that a study chose and stand apart: --tuned both shows them, too."] = None
    if which == BOTH and not tuned:
        notes[f"No runs have tuned values; {_how(choices, address)}"] = None
    sections = tuple(section for one in reports for section in one.sections)
    return replace(reports[0], sections=sections, notes=tuple(notes))


def _how(choices: Choices, address: str) -> str:
    """What to do for there to be tuned runs."""
    if not choices.found:
        declare = declare_command(address)
        return f"declare a study with: {declare}"
    return f"queue them with: {commands.example('queue', '--tuned', address=address)}"
