"""Choices: which runs of a database were trained with values that a study chose."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ftbench.db import Database, JobSummary
from ftbench.domain.perturbation import Perturbation
from ftbench.services.scores.searches import Searched, Tried, searches

_Settings = tuple[str, str, str, str, int | None, str, str, str]


class Choices:
    """The values that the finished searches of a database chose.

    Attributes:
        found: all searches, finished or not.
    """

    def __init__(self, found: Sequence[Searched]) -> None:
        """Take the searches."""
        self.found = tuple(found)
        self._by_settings: dict[_Settings, list[tuple[Searched, Tried]]] = {}
        for search in found:
            chosen = search.chosen
            if chosen is not None and chosen.run is not None:
                self._by_settings.setdefault(_settings(chosen.run), []).append((search, chosen))

    @classmethod
    def of(cls, database: Database) -> Choices:
        """Those of a database."""
        return cls(searches(database))

    def chosen_for(self, cell: JobSummary) -> list[Searched]:
        """The searches whose choice a run was trained with, of the repetition that is its seed's turn."""
        return [
            search
            for search, _ in self._by_settings.get(_settings(cell), ())
            if search.repeat == search.study.repeat_of(cell.seed) and self._is_about(search, cell)
        ]

    def untuned(self, cells: Iterable[JobSummary]) -> tuple[list[JobSummary], int]:
        """The runs that were trained with no choice, or with one that is the default recipe anyway.

        Returns:
            These, and how many the others are: they stand in tables of their own.
        """
        rows = list(cells)
        if not self._by_settings:
            return rows, 0
        kept = [cell for cell in rows if not self._only_chosen(cell)]
        return kept, len(rows) - len(kept)

    def tuned(self, cells: Iterable[JobSummary]) -> dict[str, list[JobSummary]]:
        """The runs that were trained with a study's choices, by the study's name.

        Each carries its method's label and default recipe, as the untuned run does in whose place it stands:
        what was chosen differs from task to task and from seed to seed, and a row is a method.
        """
        found: dict[str, list[JobSummary]] = {}
        for cell in cells:
            for search in self.chosen_for(cell):
                start = search.start
                stands = cell._replace(label=search.method, hparams=start.hparams, recipe=start.recipe)
                found.setdefault(search.study.name, []).append(stands)
        return found

    def _only_chosen(self, cell: JobSummary) -> bool:
        matches = self._by_settings.get(_settings(cell), ())
        return bool(matches) and all(_settings(search.start) != _settings(cell) for search, _ in matches)

    def _is_about(self, search: Searched, cell: JobSummary) -> bool:
        """Whether a search's choice is the one for a run's changes to the data."""
        about, mine = search.start.perturbation.condition, cell.perturbation.condition
        return about == (mine if search.study.each_condition else Perturbation())


def _settings(cell: JobSummary) -> _Settings:
    """What a run was trained with, but for its seed and what was done to its data."""
    where = cell.model, cell.model_revision, cell.task, cell.data_revision, cell.train_size
    return *where, cell.method, cell.hparams.text, cell.recipe.text
