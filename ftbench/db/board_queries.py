"""The queries of the board, each for a column in which models are called as they are shown."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, select, text

from ftbench.db.board_rows import MOST_FAILED, MOST_WORKERS, FailedRow, RunningRow
from ftbench.db.tables import attempts, jobs
from ftbench.domain.result import Outcome, State


def state_counts(model: ColumnElement[str]) -> Select[Any]:
    """How many jobs of each kind stand where, of an index alone."""
    axes = (jobs.c.task, jobs.c.method, jobs.c.model, jobs.c.train_size, jobs.c.state)
    return select(*axes, func.count()).group_by(*axes).order_by(*axes)


def grid(model: ColumnElement[str]) -> Select[Any]:
    """How many jobs of each cell stand where, in the order of queueing."""
    axes = (jobs.c.task, jobs.c.perturbation, jobs.c.state)
    query = select(jobs.c.label, model.label("shown_model"), *axes, func.count())
    query = query.group_by(jobs.c.label, text("shown_model"), *axes)  # by its name: it has parameters
    return query.order_by(func.min(jobs.c.sequence))


def running(model: ColumnElement[str]) -> Select[Any]:
    """The jobs that run, each with the attempts that are not over; in no order, which would cost a scan."""
    own: dict[str, Any] = {"model": model, "number": attempts.c.number, "started": attempts.c.started}
    opened = and_(attempts.c.digest == jobs.c.digest, attempts.c.outcome.is_(None))
    return (
        select(*(own[name] if name in own else jobs.c[name] for name in RunningRow._fields))
        .join_from(jobs, attempts, opened, isouter=True)
        .where(text("jobs.state = 'running'"))  # literally: so its index is used
    )


def failed(model: ColumnElement[str]) -> Select[Any]:
    """The latest jobs that failed for good."""
    names = "number worker outcome message ended".split()
    own: dict[str, Any] = {name: attempts.c[name] for name in names} | {"model": model}
    query = select(*(own[name] if name in own else jobs.c[name] for name in FailedRow._fields))
    return _last_of_failed(query).order_by(attempts.c.ended.desc()).limit(MOST_FAILED)


def outcomes(model: ColumnElement[str]) -> Select[Any]:
    """How the last attempts of all that failed ended."""
    return _last_of_failed(select(attempts.c.outcome, func.count())).group_by(attempts.c.outcome)


def workers(model: ColumnElement[str]) -> Select[Any]:
    """What each worker has done."""
    is_ok, is_open = attempts.c.outcome == str(Outcome.OK), attempts.c.outcome.is_(None)
    well, badly = func.sum(case((is_ok, 1), else_=0)), func.sum(case((is_open | is_ok, 0), else_=1))
    latest = func.max(attempts.c.ended)
    query = select(attempts.c.worker, well, badly, latest).group_by(attempts.c.worker)
    query = query.where(attempts.c.started.is_not(None), attempts.c.worker != "")
    return query.order_by(latest.desc()).limit(MOST_WORKERS)


def _last_of_failed(query: Select[Any]) -> Select[Any]:
    """The jobs that failed for good, each with its last attempt."""
    later = attempts.alias("later")
    last = select(func.max(later.c.number)).where(later.c.digest == attempts.c.digest)
    return (
        query.select_from(attempts)
        .join(jobs, jobs.c.digest == attempts.c.digest)
        .where(
            attempts.c.outcome.is_not(None),
            attempts.c.outcome != str(Outcome.OK),
            jobs.c.state == str(State.FAILED),
            attempts.c.number == last.scalar_subquery(),
        )
    )
