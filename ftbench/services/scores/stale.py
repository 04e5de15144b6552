"""Which scores come from another state of their method's code: one table never holds two of a method.

A method is known by its name and the digest of its code; where its file stands does not count. Digests of an
earlier form, and jobs of which none is known, can be compared with nothing and stay where they are. States of
code that are known to be the same method count as one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ftbench import methods
from ftbench.db import Database, JobSummary
from ftbench.domain.result import State
from ftbench.errors import FtbenchError
from ftbench.methods import FORM, file_digest, same_code, source_digest
from ftbench.services.scores.own import NO_METHODS, OwnMethods, own_methods

#: Why a done job's scores stand in no table.
OTHER_CODE = "other code"


@dataclass(frozen=True)
class Codes:
    """The code behind jobs.

    Attributes:
        of: job -> the digest of the code that it was trained with.
        own: the methods that are not installed.
    """

    of: Mapping[str, str] = field(default_factory=dict)
    own: OwnMethods = NO_METHODS

    def now(self, method: str) -> str:
        """The digest of a method's code as it stands; "" where it is not here or cannot be read.

        The user's own files are read, not run.
        """
        files = self.own.files.get(method, ())
        try:
            found = file_digest(Path(files[0])) if files else source_digest(methods.of_row(method))
            return same_code(found)
        except FtbenchError:
            return ""

    def comparable(self, cell: JobSummary) -> str:
        """The digest of a done job's code; "" where nothing can be compared with it."""
        code = same_code(self.of.get(cell.digest, "")) if cell.state is State.DONE else ""
        return code if code.startswith(FORM) else ""


@dataclass(frozen=True)
class Stale:
    """How many of the jobs that a table is about have other code, by method.

    Attributes:
        of: done jobs in all.
        aside: left out, because the rest of their method has other code.
        older: shown, and of other code than stands now.
        unlike: shown, with a digest of an earlier form.
        here: the methods whose code was found.
    """

    of: Mapping[str, int]
    aside: Mapping[str, int]
    older: Mapping[str, int]
    unlike: Mapping[str, int]
    here: frozenset[str] = frozenset()


def codes_of(
    database: Database, cells: Iterable[JobSummary], named: Mapping[str, str] | None = None
) -> Codes:
    """The code behind some jobs.

    Args:
        database: that holds them.
        cells: the jobs.
        named: method -> its file, where the user has named it.
    """
    return Codes(database.results.codes(), own_methods(database, cells).at(named or {}))


def one_code(cells: Sequence[JobSummary], codes: Codes) -> list[JobSummary]:
    """The jobs, those set aside whose method was trained with several states of its code.

    What stands is the code as it is now, where any job has it; else what most of the jobs were trained with.
    """
    trained: dict[str, Counter[str]] = {}
    for cell in cells:
        if code := codes.comparable(cell):
            trained.setdefault(cell.method, Counter())[code] += 1
    stands = {name: _standing(codes.now(name), found) for name, found in trained.items() if len(found) > 1}
    if not stands:
        return list(cells)
    return [
        cell._replace(aside=OTHER_CODE)
        if cell.method in stands and codes.comparable(cell) not in ("", stands[cell.method])
        else cell
        for cell in cells
    ]


def _standing(now: str, found: Counter[str]) -> str:
    """The code that a table shows: of equally many jobs, that which came last."""
    return now if now in found else max(reversed(list(found)), key=found.__getitem__)


def stale(cells: Iterable[JobSummary], codes: Codes) -> Stale:
    """Count what is to be said of a table's jobs.

    A method that is not installed here, or of which a job says nothing, is not judged.

    Args:
        cells: the jobs whose scores are shown, and those that were set aside.
        codes: the code behind them.
    """
    done = [cell for cell in cells if cell.state is State.DONE and codes.of.get(cell.digest)]
    now = {name: codes.now(name) for name in dict.fromkeys(cell.method for cell in done)}
    judged = [cell for cell in done if now[cell.method] and not cell.aside]
    unlike = Counter(cell.method for cell in judged if not _alike(codes.of[cell.digest], now[cell.method]))
    other = Counter(cell.method for cell in judged if same_code(codes.of[cell.digest]) != now[cell.method])
    return Stale(
        Counter(cell.method for cell in done),
        Counter(cell.method for cell in done if cell.aside),
        other - unlike,
        unlike,
        frozenset(name for name, code in now.items() if code),
    )


def _alike(one: str, other: str) -> bool:
    """Whether two digests are made in the same way, which their beginning says."""
    return one.rpartition(":")[0] == other.rpartition(":")[0]
