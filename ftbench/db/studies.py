"""Studies: the tunings of a database, as they were declared, and their trials."""

from __future__ import annotations

import builtins
import json
from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from ftbench.db.checked import Unreadable, check_column, read_object
from ftbench.db.engine import Store
from ftbench.db.tables import studies
from ftbench.db.topups import WRONG
from ftbench.domain.job import DIGEST
from ftbench.domain.study import AGAIN, SAMPLERS, SELECTED, TPE, UNITS, Study, Trial

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
                connection.execute(
                    insert(studies).values(
                        name=study.name,
                        declaration=json.dumps(study.declared, sort_keys=True),
                        trials=_written(study.trials),
                        declared=transaction.now(),
                    )
                )

    def extend(self, study: Study, trials: builtins.list[Trial]) -> bool:
        """Add trials to a study whose draws hang on results, if it still has those that it is said to have.

        Returns:
            Whether they were added; somebody else has added some where not.
        """
        with self._store.writing(alone=True) as transaction:
            connection, mine = transaction.connection, studies.c.name == study.name
            stored = connection.scalar(select(studies.c.trials).where(mine))
            if stored != _written(study.trials):
                return False
            connection.execute(update(studies).where(mine).values(trials=_written((*study.trials, *trials))))
        return True

    def list(self) -> builtins.list[Study]:
        """The studies in the order in which they were declared; those that cannot be read are set aside."""
        with self._store.reading() as connection:
            return stored_studies(connection, self._store.set_aside)


def stored_studies(connection: Connection, aside: Callable[[object, str], None]) -> builtins.list[Study]:
    """See ``Studies.list``; of those that cannot be read, ``aside`` hears."""
    found = []
    for row in connection.execute(select(studies).order_by(studies.c.declared, studies.c.name)).all():
        try:
            found.append(_study_of(row))
        except (*WRONG, Unreadable) as error:
            told = str(error) if isinstance(error, Unreadable) else f"{error!r:.80}"
            aside(f"the study {row.name!r:.80}", told)
    return found


def _written(trials: Iterable[Trial]) -> str:
    return json.dumps([(one.digest, one.method, one.repeat, one.draw) for one in trials])


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
    if study.select not in SELECTED or study.sampler not in SAMPLERS:
        raise Unreadable("it selects or draws by what there is not")
    if study.sampler == TPE and not (type(declared["batch"]) is int and 1 <= study.batch <= _MOST):
        raise Unreadable("its rounds are none")
    again = declared.get(AGAIN, ["tune"])
    if not (isinstance(again, list) and again[:1] == ["tune"]):
        raise Unreadable("it goes on with what is no command")
    check_column("label", tuple(again))
    if not study.said().isprintable() or type(study.each_condition) is not bool:
        raise Unreadable("its declaration cannot be shown")
    return study
