"""JobFilter as SQL."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, false, func, literal_column, not_, or_, true

from ftbench.db.backends.words import AnyValue, Constant, Fact, IsNumber, Json
from ftbench.db.rows import JobFilter
from ftbench.db.tables import jobs
from ftbench.domain.hparams import Value
from ftbench.domain.result import State
from ftbench.domain.where import Every, Home, JobField, Opposite, Question, Some, Where

#: The fields that have a column; the others are read from the spec.
_COLUMNS = frozenset("state model task method label seed train_size reduction noise".split())
_PATHS = {Home.HPARAMS: "$.method.hparams", Home.RECIPE: "$.recipe", Home.PERTURBATION: "$.perturbation"}


def in_state(*states: State) -> ColumnElement[bool]:
    """The jobs in one of some states; these stand literally, as the partial indexes want them."""
    texts: list[ColumnElement[str]] = [literal_column(f"'{state.value}'") for state in states]
    return jobs.c.state == texts[0] if len(texts) == 1 else jobs.c.state.in_(texts)


def matching(where: JobFilter, model: ColumnElement[str] = jobs.c.model) -> ColumnElement[bool]:
    """The condition on ``jobs`` that a filter stands for.

    Args:
        where: the filter.
        model: the models as they are shown, which may be named so or by their ids.
    """
    conditions: list[ColumnElement[bool]] = []
    if where.states:
        conditions.append(in_state(*where.states))
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
    if relation in ("=", "!="):
        either = or_(*(stored.is_(None) if value is None else stored == Constant(value) for value in values))
        same = func.coalesce(either, false())
        return same if relation == "=" else not_(same)
    (limit,) = values
    # One of four relations; the reader lets no other through. In SQL every text is more than every number.
    ordered = stored.op(relation, is_comparison=True)(Constant(limit))
    return func.coalesce(and_(IsNumber(stored), ordered), false())


def _stored(asked: JobField, model: ColumnElement[str]) -> ColumnElement[Any]:
    """What a job has of a field; NULL for nothing."""
    if asked.home is Home.JOB and asked.name == "model":
        return AnyValue(model)
    if asked.name in _COLUMNS and asked.home in (Home.JOB, Home.PERTURBATION):
        return AnyValue(jobs.c[asked.name])
    path = f'{_PATHS[asked.home]}."{asked.name}"'  # a name that the reader of expressions let through
    spec = Json(jobs.c.spec)
    if asked.home is Home.PERTURBATION:  # a number, or an object where it has options
        return func.coalesce(Fact(spec, f"{path}.value"), Fact(spec, path), Constant(0))
    return Fact(spec, path)
