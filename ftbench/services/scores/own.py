"""Users' own methods and changes to the data, as jobs tell of them: no file of theirs runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ftbench import methods, perturbations, tasks, trust
from ftbench.db import JobSummary, PastScore
from ftbench.db.database import Database
from ftbench.db.rows import JobFilter
from ftbench.domain.cards import MethodCard, card_of_method, change_cards
from ftbench.domain.own_task import task_of
from ftbench.domain.task import TaskSpec
from ftbench.errors import FtbenchError, UnknownName
from ftbench.perturbations import KnownChanges, PluginFiles
from ftbench.services.scores.jobs import MethodKey

#: (method, task) -> what must be said of the scores.
Remarks = Mapping[tuple[MethodKey, str], str]


@dataclass(frozen=True)
class OwnMethods:
    """Methods that are not installed, by name.

    Attributes:
        files: where each may come from, as far as it was ever named on this machine.
        cards: what each says of itself, as it did when it was queued last.
        notes: what each says of its scores.
        tasks: the tasks that are users' own files, by name.
    """

    files: Mapping[str, Sequence[str]] = field(default_factory=dict)
    cards: Mapping[str, MethodCard] = field(default_factory=dict)
    notes: Remarks = field(default_factory=dict)
    tasks: Mapping[str, TaskSpec] = field(default_factory=dict)

    def at(self, named: Mapping[str, str]) -> OwnMethods:
        """The same, of which some come from the files that the user has just named."""
        return replace(self, files={**self.files, **{name: (file,) for name, file in named.items()}})


NO_METHODS = OwnMethods()


def own_methods(database: Database, cells: Iterable[JobSummary]) -> OwnMethods:
    """What is known of the methods of some jobs that are not installed.

    Of a file that was moved, the place that was queued last stands, and one that is there before others; one
    that only the database names is not even looked at.
    """
    of_name: dict[str, list[JobSummary]] = {}
    kept = list(cells)
    for cell in kept:
        of_name.setdefault(cell.method, []).append(cell)
    files: dict[str, tuple[str, ...]] = {}
    cards: dict[str, MethodCard] = {}
    notes: dict[tuple[MethodKey, str], str] = {}
    for name, mine in of_name.items():
        if _installed(name):
            continue
        rows = {row.digest: row for row in database.jobs.list(JobFilter(methods=(name,)))}
        last = list(reversed(rows.values()))
        named = dict.fromkeys(p for row in last for p in trust.once_named(row.places.get("plugins")))
        files[name] = tuple(sorted(named, key=lambda file: not Path(file).is_file())[:1])
        told = {digest: card for digest, row in rows.items() if (card := card_of_method(row.places))}
        for card in told.values():
            cards[name] = card
        for cell in mine:
            if cell.digest in told and (note := told[cell.digest].note):
                notes[MethodKey(name, cell.hparams.text), cell.task] = note
    return OwnMethods(files, cards, notes, own_tasks(database, kept))


def own_tasks(database: Database, cells: Iterable[JobSummary | PastScore]) -> dict[str, TaskSpec]:
    """The tasks of some jobs that are users' own files, each as the job says that was queued last.

    Their places are where that job's rows were: they may be printed, and are not to be opened.
    """
    last = {cell.task: cell.digest for cell in cells if not tasks.is_built_in(cell.task)}
    found = {}
    for name in last:
        for row in database.jobs.list(JobFilter(digests=(last[name],))):
            if (spec := task_of(row.places, name)) is not None:
                found[name] = spec
    return found


def _installed(name: str) -> bool:
    try:
        methods.of_row(name)
    except UnknownName:
        return False
    except FtbenchError:
        return True
    return True


def own_changes(database: Database, cells: Sequence[JobSummary]) -> tuple[PluginFiles, KnownChanges]:
    """The files of perturbations that are not installed, and what these say of themselves, by name.

    Both as the last job says that has them; files that were never named on this machine are left out.
    """
    installed = {entry.name for entry in perturbations.available()}
    files: dict[str, str] = {}
    told: dict[str, type[perturbations.Perturber]] = {}
    for perturbation in dict.fromkeys(cell.perturbation for cell in cells):
        if {one.name for one in perturbation.changes} - installed - told.keys():
            digests = tuple(cell.digest for cell in cells if cell.perturbation == perturbation)
            for row in database.jobs.list(JobFilter(digests=digests[-1:])):
                named = row.places.get("perturbations") or {}
                files |= {name: file for name, file in named.items() if trust.once_named([file])}
                told |= {k: perturbations.of_card(k, card) for k, card in change_cards(row.places).items()}
    return files, told


def classifications(tasks_named: Iterable[str], own: Mapping[str, TaskSpec]) -> set[str]:
    """The tasks whose rows have one class each: others cannot be reduced, nor all their labels be wrong."""
    names = set()
    for name in tasks_named:
        try:
            if not (own.get(name) or tasks.find(name)).one_class:
                continue
        except UnknownName:
            pass
        names.add(name)
    return names
