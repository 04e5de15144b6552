"""Studies: the tunings of a database, as they were declared, and their trials."""

from __future__ import annotations

import builtins
import json
from typing import Any

from sqlalchemy import Row, insert, select

from ftbench.db.checked import Unreadable, check_column, read_object
from ftbench.db.engine import Store
from ftbench.db.tables import studies
from ftbench.db.topups import WRONG
from ftbench.domain.job import DIGEST
from ftbench.domain.study import SELECTED, UNITS, Study, Trial

_MOST = 1000  # repetitions


class Studies:
    """The table ``studies``."""

    def __init__(self, store: Store) -> None:
        """Work on an open database."""
        self._store = store

    def record(self, study: Study) -> None:
        """Write a study, unless one of its name is there: what was declared never changes."""
        with self._store.writing(alone=True) as transaction:
            connection = transaction.connection
            if study.name not in set(connection.scalars(select(studies.c.name))):
                trials = [(one.digest, one.method, one.repeat, one.draw) for one in study.trials]
                connection.execute(
                    insert(studies).values(
                        name=study.name,
                        declaration=json.dumps(study.declared, sort_keys=True),
                        trials=json.dumps(trials),
                        declared=transaction.now(),
                    )
                )

    def list(self) -> builtins.list[Study]:
        """The studies in the order in which they were declared; those that cannot be read are set aside."""
        with self._store.reading() as connection:
            rows = connection.execute(select(studies).order_by(studies.c.declared, studies.c.name)).all()
        found = []
        for row in rows:
            try:
                found.append(_study_of(row))
            except (*WRONG, Unreadable) as error:
                told = str(error) if isinstance(error, Unreadable) else f"{error!r:.80}"
                self._store.set_aside(f"the study {row.name!r:.80}", told)
        return found


def _study_of(row: Row[Any]) -> Study:
    """The study of a row.

    Raises:
        Unreadable: it holds none; any of ``WRONG``, too.
    """
    check_column("label", (row.name,))
    declared = read_object(row.declaration, "declaration")
    trials = tuple(Trial(*one) for one in json.loads(row.trials))
    check_column("label", tuple(one.method for one in trials))
    check_column("number", tuple(number for one in trials for number in (one.repeat, one.draw)))
    study = Study(row.name, declared, trials)
    if not (type(declared["studies"]) is int and 1 <= study.repeats <= _MOST):
        raise Unreadable("it is no study: its repetitions are not what they may be")
    if not all(DIGEST.fullmatch(one.digest) and 0 <= one.repeat < study.repeats for one in trials):
        raise Unreadable("its trials are none of it")
    if declared["unit"] not in UNITS or not isinstance(declared["budget"], int | float):
        raise Unreadable("its budget is none")
    if study.select not in SELECTED:
        raise Unreadable("it selects by what there is not")
    if not study.said().isprintable() or type(study.each_condition) is not bool:
        raise Unreadable("its declaration cannot be shown")
    return study
