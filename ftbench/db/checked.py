"""What is believed of a row: a database may be damaged, or come from anybody."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from hashlib import sha256
from typing import Any, NamedTuple

from ftbench.db.rows import Document, change_of
from ftbench.domain.job import DIGEST, Job
from ftbench.domain.perturbation import Perturbation
from ftbench.domain.target import HELD_OUT
from ftbench.errors import FtbenchError
from ftbench.plugins import is_file

_LONGEST = 4096  # characters of a name; a label lists hyper-parameters
_NAMES = frozenset("code data_revision evaluation label method metric model model_revision name".split())
_NAMES |= {"owner", "run", "task", "worker"}
_WHOLE = "seed attempts n_attempts priority train_size number step rows outputs".split()
_NUMBERS = dict.fromkeys(("value", "old", "new"), (-1e9, 1e9)) | dict.fromkeys(
    "created expires started ended".split(),
    (0.0, 1e11),  # seconds since 1970; the year 5138
)
_OPTIONAL = {"owner", "expires", "train_size", "started", "ended", "new", "code"}


class Unreadable(Exception):
    """Why a row is set aside."""


def read_job(digest: object, spec: object) -> Job:
    """The job that a row holds.

    Args:
        digest: as the row has it.
        spec: likewise: its canonical JSON.

    Raises:
        Unreadable: it is no job, or not the one that the digest is of.
    """
    if not isinstance(digest, str) or not DIGEST.fullmatch(digest):
        raise Unreadable("its digest is not 64 hexadecimal characters")
    job = _job(read_object(spec, "spec"))
    try:
        same = sha256(str(spec).encode(errors="replace")).hexdigest() == digest or job.digest == digest
    except _WRONG as error:
        raise Unreadable(f"its spec is no job's: {error!r:.80}") from None
    if not same:
        raise Unreadable("its spec does not hash to its digest")
    return job


def _job(spec: Mapping[str, Any]) -> Job:
    """The job of a canonical form, whatever its digest.

    Raises:
        Unreadable: it is none, or a name in it is a path.
    """
    try:
        job = Job.from_canonical(spec)
        if is_file(job.method) or any(is_file(one.name) for one in job.perturbation.changes):
            raise Unreadable("it has a path where a name must stand")
    except FtbenchError as error:
        raise Unreadable(str(error)) from None
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
        raise Unreadable(f"its spec is no job's: {error!r:.80}") from None
    return job


def read_object(text: object, what: str) -> dict[str, Any]:
    """A JSON object of a row.

    Raises:
        Unreadable: it is none.
    """
    try:
        values = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise Unreadable(f"its {what} is no JSON object")
    return values


@lru_cache(maxsize=256)
def read_places(text: object) -> dict[str, Any]:
    """Where a job's things are: texts, and lists and objects of texts. Jobs share them: change nothing.

    Raises:
        Unreadable: something else stands there.
    """
    places = read_object(text, "places")
    for name in ("model", "data"):
        if not isinstance(places.get(name), str | None):
            raise Unreadable(f"its places have a '{name}' that is no text")
    plugins = places.get("plugins")
    if plugins is not None and not (isinstance(plugins, list) and _texts(plugins)):
        raise Unreadable("its places have 'plugins' that are no list of files")
    for name in ("perturbations", "digests"):
        files = places.get(name)
        if files is not None and not (isinstance(files, dict) and _texts(files.values())):
            raise Unreadable(f"its places have '{name}' that are no files")
    return places


def _texts(values: Iterable[object]) -> bool:
    return all(isinstance(value, str) for value in values)


def check_column(name: str, values: Sequence[Any]) -> None:
    """Check a column's values.

    Raises:
        Unreadable: one is of another type, out of range, or has characters that nobody may see.
    """
    if name in _OPTIONAL:
        values = [value for value in values if value is not None]
    kinds = set(map(type, values))
    if name in _NAMES:
        if not kinds <= {str} or not all(v.isprintable() and len(v) <= _LONGEST for v in set(values)):
            raise Unreadable(f"its {name} is no printable text of at most {_LONGEST:,} characters")
    elif name in _WHOLE:
        if not kinds <= {int}:
            raise Unreadable(f"its {name} is no whole number")
    elif values and name in _NUMBERS:
        least, most = _NUMBERS[name]
        if not kinds <= {int, float} or not (least <= min(values) and max(values) <= most):
            raise Unreadable(f"its {name} is no number from {least:g} to {most:g}")


def number_of(value: object) -> float:
    """A finite number of any size.

    Raises:
        Unreadable: it is none.
    """
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise Unreadable("its value is no number")
    return float(value)


Convert = Mapping[str, Callable[[Any], Any]]


def read_rows(
    rows: Sequence[Sequence[Any]],
    fields: Sequence[str],
    convert: Convert,
    aside: Callable[[object, str], None],
) -> Iterator[tuple[Any, ...]]:
    """Rows as a database gives them, checked and converted; ``aside`` hears of those that are left out.

    Args:
        rows: the first field is the digest of their job.
        fields: their names; what ``check_column`` knows of is checked, None stays None.
        convert: field -> what makes its value of it.
        aside: takes the digest and the reason.
    """
    try:
        return iter(list(_columns(rows, fields, convert)))  # column by column is twice as fast
    except _WRONG:
        return _one_by_one(rows, fields, convert, aside)


_WRONG = (
    Unreadable,
    KeyError,
    TypeError,
    ValueError,
    AttributeError,
    OverflowError,
    RecursionError,
    FtbenchError,
)


def _columns(
    rows: Sequence[Sequence[Any]], fields: Sequence[str], convert: Convert
) -> Iterator[tuple[Any, ...]]:
    columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
    for at, name in enumerate(fields if columns else ()):
        if name in convert:
            function = convert[name]
            columns[at] = [None if value is None else function(value) for value in columns[at]]
        else:
            check_column(name, columns[at])
    return zip(*columns, strict=True) if convert else map(tuple, rows)


def _one_by_one(
    rows: Sequence[Sequence[Any]],
    fields: Sequence[str],
    convert: Convert,
    aside: Callable[[object, str], None],
) -> Iterator[tuple[Any, ...]]:
    for row in rows:
        try:
            yield from _columns([row], fields, convert)
        except Unreadable as error:
            aside(row[0], str(error))
        except _WRONG as error:
            aside(row[0], f"it holds what this version cannot read: {error!r:.80}")


class Told(NamedTuple):
    """What a job's spec says; jobs that say the same share the objects."""

    model: str
    model_revision: str
    task: str
    data_revision: str
    method: str
    hparams: Document
    perturbation: Perturbation
    recipe: Document
    trial: bool
    seed: int


_NO_TASK = json.dumps({"evaluation": [], "name": "", "revision": ""})


class SpecReader:
    """Reads specs, of which a grid has many and few that differ in more than their seed and task.

    A spec is cut at its seed and each of the two parts is read once; what is left for a row is its hash.
    """

    def __init__(self) -> None:
        """Nothing is read yet."""
        self._document = cache(lambda text: Document(json.loads(text)))
        self._around = cache(self._around_seed)

    def told(self, digest: object, spec: object) -> Told:
        """What a row's spec says.

        Raises:
            Unreadable: it is no job's, or not that of the digest.
        """
        if not isinstance(spec, str) or sha256(spec.encode(errors="replace")).hexdigest() != digest:
            return self._slowly(digest, spec)  # refused, or written in another way
        head, _, tail = spec.rpartition(',"seed":')
        seed, _, rest = tail.partition(",")
        try:
            return Told._make((*self._around(head, rest), int(seed)))
        except (ValueError, RecursionError, Unreadable):
            return self._slowly(digest, spec)

    def _around_seed(self, head: str, rest: str) -> tuple[Any, ...]:
        """All that stands around the seed; what ends the head is made up."""
        told = self._of(_job(json.loads(f'{head},"seed":0,"task":{_NO_TASK}}}')))
        task = json.loads(f"{{{rest}")["task"]
        names = task["name"], task["revision"]
        check_column("task", names)
        kinds = told.hparams, told.perturbation, told.recipe, HELD_OUT in task["evaluation"]
        return told.model, told.model_revision, *names, told.method, *kinds

    def _slowly(self, digest: object, spec: object) -> Told:
        return self._of(read_job(digest, spec))

    def _of(self, job: Job) -> Told:
        check_column("model", (job.model, job.model_revision, job.task, job.data_revision, job.method))
        whole = job.canonical()
        hparams = self._document(json.dumps(whole["method"]["hparams"], sort_keys=True))
        recipe = self._document(json.dumps(whole["recipe"], sort_keys=True))
        names = job.model, job.model_revision, job.task, job.data_revision, job.method
        return Told(*names, hparams, job.perturbation, recipe, HELD_OUT in job.evaluation, job.seed)


def known_change(text: str) -> Perturbation:
    """A perturbation from its column, which no digest vouches for.

    Raises:
        Unreadable: it has a name that nobody may see, or a value that is no number.
    """
    found = change_of(text)
    for one in found.changes:
        check_column("name", (one.name,))
        if not isinstance(one.value, int | float) or not abs(one.value) <= 1e12:
            raise Unreadable("its perturbation has a value that is none")
    return found
