"""Rounds: where draws hang on results, the next ones are made when all trials of the round have ended."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace

from ftbench.db import Database, JobSummary
from ftbench.domain import plan
from ftbench.domain.hparams import Value
from ftbench.domain.model import ModelRef
from ftbench.domain.plan import Planned
from ftbench.domain.space import Dimension, Space
from ftbench.domain.study import FIRST_SEED, Study, Trial
from ftbench.services.scores.searches import Searched, Tried, searches
from ftbench.services.tuning.draws import Draw
from ftbench.services.tuning.tpe import suggestions
from ftbench.services.tuning.trials import Competitor, Laid, different

ASKED = 100
"""Suggestions a round that may have been tried already; beyond, the common draws go on."""


def next_round(
    database: Database,
    study: Study,
    grids: Sequence[plan.Grid],
    competitors: Sequence[Competitor],
    space: Space,
) -> Laid:
    """The trials of a study's next round; none while some of the last one have not ended, or after the last.

    They follow from the trials and their scores alone: two who ask at once get the same.

    Args:
        database: with the study's trials.
        study: as it is stored.
        grids: models, tasks and conditions that are crossed.
        competitors: the methods.
        space: what is searched.
    """
    found = [one for one in searches(database) if one.study.name == study.name]
    if any(one.missing for one in found):
        return Laid((), (), ())
    by_label = {one.label: one for one in competitors}
    made = [
        (Trial(planned.digest, search.method, search.repeat, number), planned)
        for search in found
        for number, planned in _of(search, grids, by_label[search.method], space)
    ]
    made.sort(key=lambda pair: (pair[0].repeat, pair[0].draw))
    return Laid(tuple(trial for trial, _ in made), tuple(planned for _, planned in made), ())


def _of(
    search: Searched, grids: Sequence[plan.Grid], one: Competitor, space: Space
) -> Iterator[tuple[int, Planned]]:
    """The next trials of a search, with the numbers of their draws."""
    count = min(search.study.batch, search.undrawn)
    number = max(tried.draw for tried in search.tried) + 1
    known = {tried.digest for tried in search.tried}
    seed = FIRST_SEED + search.repeat
    grid = _narrowed(search, grids)
    shared, further = space.of(one.label)
    dimensions = [*shared, *further]
    told = [(_values(tried, dimensions), tried.score) for tried in search.tried]
    asked = suggestions([_named(d) for d in dimensions], told, (search.start.digest, number))
    drawn = (_draw(values, dimensions, len(shared)) for values in itertools.islice(asked, ASKED))
    for draw in itertools.chain(drawn, different(space, one.label, seed)):
        if not count:
            return
        job = _planned(grid, one, draw, seed)
        if job.digest not in known:
            known.add(job.digest)
            yield number, job
            number, count = number + 1, count - 1


def _narrowed(search: Searched, grids: Sequence[plan.Grid]) -> plan.Grid:
    """The grid of a search alone."""
    start = search.start
    for grid in grids:
        models = tuple(one for one in grid.models if _is(one.ref, start))
        tasks = tuple(t for t in grid.tasks if t.spec.name == start.task)
        changes = tuple(c for c in grid.perturbations if c.perturbation == start.perturbation)
        if models and tasks and changes:
            held = search.study.scored_on
            return replace(grid, models=models, tasks=tasks, perturbations=changes, held_out=held)
    raise LookupError(f"no grid has {search.where}")


def _is(model: ModelRef, start: JobSummary) -> bool:
    """Whether a search is about a model; what a folder is called does not count."""
    named = model.id == start.model or model.revision.startswith("sha256:")
    return named and model.revision == start.model_revision


def _planned(grid: plan.Grid, one: Competitor, draw: Draw, seed: int) -> Planned:
    settings = ({**grid.settings[0], **draw.settings},)
    (planned,) = plan.crossed(
        [replace(grid, methods=(one.drawn(draw),), seeds=(seed,), settings=settings)]
    ).jobs
    return planned


def _key(one: Dimension) -> str:
    return f"method.{one.name}" if one.hparam else one.name


def _named(one: Dimension) -> Dimension:
    """A dimension by a name that no setting shares with a hyper-parameter."""
    return replace(one, name=_key(one))


def _values(tried: Tried, dimensions: Sequence[Dimension]) -> dict[str, Value]:
    """What a trial was given of some dimensions."""
    cell = tried.cell
    if cell is None:
        return {}
    return {_key(d): (cell.hparams if d.hparam else cell.recipe).get(d.name) for d in dimensions}


def _draw(values: dict[str, Value], dimensions: Sequence[Dimension], shared: int) -> Draw:
    """A suggestion as a draw."""
    first = {d.name: values[_key(d)] for d in dimensions[:shared]}
    rest = dimensions[shared:]
    further = {d.name: values[_key(d)] for d in rest if not d.hparam}
    return Draw(-1, first, further, {d.name: values[_key(d)] for d in rest if d.hparam})
