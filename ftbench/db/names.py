"""Names of models from folders: the id, and more where several folders have the same last name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, case, func, select

from ftbench.db.checked import Unreadable, read_places
from ftbench.db.tables import jobs
from ftbench.printable import printable

_FOLDER = "folder:"
_SHORT = len("sha256:") + 8


class ModelRow(NamedTuple):
    """A model that jobs have.

    Attributes:
        name: as it is shown and filtered by.
        id: in the jobs' identity.
        revision: in the jobs' identity.
        path: the folder that its first job was queued with; None for one that came from nowhere here.
    """

    name: str
    id: str
    revision: str
    path: str | None


def models(connection: Connection) -> list[ModelRow]:
    """Every model and revision, in the order of queueing."""
    axes = (jobs.c.model, jobs.c.model_revision)
    first = select(func.min(jobs.c.sequence)).group_by(*axes)
    query = select(*axes, jobs.c.places).where(jobs.c.sequence.in_(first)).order_by(jobs.c.sequence)
    found = [
        (str(model), str(revision), _folder(places)) for model, revision, places in connection.execute(query)
    ]
    names = told_apart(found)
    return [
        ModelRow(names.get((model, revision), model), model, revision, place)
        for model, revision, place in found
    ]


def _folder(places: object) -> str | None:
    """The folder of a model, as a row says where things are."""
    try:
        place = read_places(places).get("model")
    except Unreadable:
        return None
    return place if isinstance(place, str) else None


def model_names(connection: Connection) -> dict[tuple[str, str], str]:
    """(id, revision) -> name, of those whose id is not enough."""
    one = select(jobs.c.model).where(jobs.c.model.startswith(_FOLDER)).limit(1)
    if connection.execute(one).first() is None:  # read from an index; the rest reads the long rows
        return {}
    return {(row.id, row.revision): row.name for row in models(connection) if row.name != row.id}


class ModelNames:
    """Names of a database's models; that their ids are enough is looked up once for the jobs there are."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._enough: object = None  # the newest of the jobs of which this is known

    def names(self, connection: Connection) -> dict[tuple[str, str], str]:
        """See ``model_names``."""
        newest = connection.scalar(select(func.max(jobs.c.sequence)))
        if newest is not None and newest == self._enough:
            return {}
        found = model_names(connection)
        self._enough = None if found else newest
        return found

    def column(self, connection: Connection) -> ColumnElement[str]:
        """See ``shown_model``."""
        return _column(self.names(connection))


def shown_model(connection: Connection) -> ColumnElement[str]:
    """The column of models as they are shown."""
    return _column(model_names(connection))


def _column(called: Mapping[tuple[str, str], str]) -> ColumnElement[str]:
    names = {f"{model}@{revision}": name for (model, revision), name in called.items()}
    if not names:
        return jobs.c.model
    whole = jobs.c.model + "@" + jobs.c.model_revision
    return case(names, value=whole, else_=jobs.c.model)


def told_apart(found: Iterable[tuple[str, str, str | None]]) -> Mapping[tuple[str, str], str]:
    """Names for the folders that share an id: the end of the path that tells them apart, else the revision.

    Args:
        found: id, revision and path of models.

    Returns:
        (id, revision) -> name, of those whose id is not enough.
    """
    alike: dict[str, dict[str, str | None]] = {}
    for model, revision, path in found:
        if model.startswith(_FOLDER):
            alike.setdefault(model, {})[revision] = path
    names: dict[tuple[str, str], str] = {}
    for model, paths in alike.items():
        if len(paths) > 1:
            ends = _ends([path or "" for path in paths.values()])
            for (revision, path), end in zip(paths.items(), ends, strict=True):
                unique = path and ends.count(end) == 1
                own = f"{_FOLDER}{printable(end)}"
                names[model, revision] = own if unique else f"{model}@{revision[:_SHORT]}"
    return names


def _ends(paths: Sequence[str]) -> list[str]:
    """The shortest ends of paths, of equal length, that differ wherever the paths do."""
    parts = [PurePosixPath(path).parts for path in paths]
    for length in range(2, max(map(len, parts)) + 1):  # the last name alone is the id
        ends = [str(PurePosixPath(*one[-length:])) for one in parts]
        if len(set(ends)) == len(set(paths)):
            return ends
    return list(paths)
