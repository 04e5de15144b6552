"""JobFilter as SQL."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, case, false, func, not_, or_, true

from ftbench.db.rows import JobFilter
from ftbench.db.tables import jobs
from ftbench.domain.hparams import Value
from ftbench.domain.where import Every, Home, JobField, Opposite, Question, Some, Where

#: The fields that have a column; the others are read from the spec.
_COLUMNS = frozenset("state model task method label seed train_size reduction noise".split())
_PATHS = {Home.HPARAMS: "$.method.hparams", Home.RECIPE: "$.recipe", Home.PERTURBATION: "$.perturbation"}


def matching(where: JobFilter, model: ColumnElement[str] = jobs.c.model) -> ColumnElement[bool]:
    """The condition on ``jobs`` that a filter stands for.

    Args:
        where: the filter.
        model: the models as they are shown, which may be named so or by their ids.
    """
    conditions: list[ColumnElement[bool]] = []
    if where.states:
        conditions.append(jobs.c.state.in_([str(s) for s in where.states]))
    if where.models:
        conditions.append(or_(model.in_(where.models), jobs.c.model.in_(where.models)))
    if where.tasks:
        conditions.append(jobs.c.task.in_(where.tasks))
    if where.methods:
        conditions.append(or_(jobs.c.method.in_(where.methods), jobs.c.label.in_(where.methods)))
    if where.digests:
        conditions.append(jobs.c.digest.in_(where.digests))
    if where.where is not None:
        conditions.append(_condition(where.where, model))
    return and_(true(), *conditions)


def _condition(where: Where, model: ColumnElement[str]) -> ColumnElement[bool]:
    """The condition on ``jobs`` that an expression stands for; never NULL, so that ``not`` turns it round."""
    match where:
        case Every(parts):
            return and_(true(), *(_condition(part, model) for part in parts))
        case Some(parts):
            return or_(false(), *(_condition(part, model) for part in parts))
        case Opposite(part):
            return not_(_condition(part, model))
        case Question(asked, relation, values):
            return _test(_stored(asked, model), relation, values)


def _test(stored: ColumnElement[Any], relation: str, values: tuple[Value, ...]) -> ColumnElement[bool]:
    values = tuple(int(value) if isinstance(value, bool) else value for value in values)  # as JSON's come out
    if relation in ("=", "!="):
        either = or_(*(stored.is_(None) if value is None else stored == value for value in values))
        same = func.coalesce(either, false())
        return same if relation == "=" else not_(same)
    (limit,) = values
    ordered = stored.op(relation, is_comparison=True)(limit)  # one of four; the reader lets no other through
    # In SQL every text is more than every number.
    return func.coalesce(and_(func.typeof(stored).in_(("integer", "real")), ordered), false())


def _stored(asked: JobField, model: ColumnElement[str]) -> ColumnElement[Any]:
    """What a job has of a field; NULL for nothing."""
    if asked.home is Home.JOB and asked.name == "model":
        return model
    if asked.name in _COLUMNS and asked.home in (Home.JOB, Home.PERTURBATION):
        return case((true(), jobs.c[asked.name]))  # a bare column would take '3' and 3 for the same
    path = f'{_PATHS[asked.home]}."{asked.name}"'  # a name that the reader of expressions let through
    spec = as_json(jobs.c.spec)
    if asked.home is Home.PERTURBATION:  # a number, or an object where it has options
        return func.coalesce(func.json_extract(spec, f"{path}.value"), func.json_extract(spec, path), 0)
    return func.json_extract(spec, path)


def as_json(column: ColumnElement[str]) -> ColumnElement[Any]:
    """A column for functions of JSON, which fail at a text that is none; NULL in its place."""
    return case((func.json_valid(column) == 1, column))
