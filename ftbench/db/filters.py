"""JobFilter as SQL."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, or_, true

from ftbench.db.rows import JobFilter
from ftbench.db.tables import jobs


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
    return and_(true(), *conditions)
