"""Which page shows a job: one for each model, task and method, in parts where there are very many jobs."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from ftbench.db import JobRow
from ftbench.domain.job import SHORT_DIGEST

#: Jobs on a page: what a browser shows at once without waiting.
MOST = 200
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
_LONGEST = 60  # characters of a file's name


@dataclass
class JobCell:
    """Jobs that differ in their seed alone.

    Attributes:
        first: the first of them, which tells what they have in common.
        jobs: all.
    """

    first: JobRow
    jobs: list[JobRow] = field(default_factory=list)


@dataclass
class JobPage:
    """A page of jobs of one model, task and method.

    Attributes:
        model, task, method: theirs.
        name: of its file, below the folder of such pages.
        part: 1, 2, …; of how many stands in ``parts``.
        cells: its jobs.
    """

    model: str
    task: str
    method: str
    name: str
    part: int = 1
    parts: int = 1
    cells: list[JobCell] = field(default_factory=list)

    @property
    def jobs(self) -> list[JobRow]:
        """All jobs of the page."""
        return [job for cell in self.cells for job in cell.jobs]


def job_pages(rows: Iterable[JobRow]) -> list[JobPage]:
    """The pages of a database's jobs, in the order of queueing."""
    groups: dict[tuple[str, str, str], dict[str, JobCell]] = {}
    for row in rows:
        cells = groups.setdefault((row.model, row.task, row.method), {})
        alike = json.dumps([{k: v for k, v in row.spec.items() if k != "seed"}, row.label], sort_keys=True)
        cells.setdefault(alike, JobCell(row)).jobs.append(row)
    taken: set[str] = set()
    return [page for axes, cells in groups.items() for page in _parts(axes, list(cells.values()), taken)]


def anchor(digest: str) -> str:
    """A job's name on its page."""
    return f"job-{digest[:SHORT_DIGEST]}"


def addresses(pages: Iterable[JobPage], folder: str = "") -> dict[str, str]:
    """Digest -> where the job is shown, as seen from where ``folder`` is that of the pages."""
    return {job.digest: f"{folder}{page.name}#{anchor(job.digest)}" for page in pages for job in page.jobs}


def _parts(axes: tuple[str, str, str], cells: Sequence[JobCell], taken: set[str]) -> list[JobPage]:
    """The pages of a group: full ones; a cell that is larger than a page has one of its own."""
    filled: list[list[JobCell]] = [[]]
    for cell in cells:
        if filled[-1] and sum(len(one.jobs) for one in filled[-1]) + len(cell.jobs) > MOST:
            filled.append([])
        filled[-1].append(cell)
    base = _file_name(axes, taken)
    return [
        JobPage(*axes, f"{base}{f'-part{at}' if at > 1 else ''}.html", at, len(filled), found)
        for at, found in enumerate(filled, start=1)
    ]


def _file_name(axes: Sequence[str], taken: set[str]) -> str:
    """A name that every file system and address takes, whatever users have named; each once."""
    words = "-".join("".join(c if c in _LETTERS else "-" for c in text.lower()) for text in axes)
    base = "-".join(filter(None, words.split("-")))[:_LONGEST].rstrip("-") or "jobs"
    name = next(one for one in _numbered(base) if one not in taken)
    taken.add(name)
    return name


def _numbered(base: str) -> Iterator[str]:
    yield base
    yield from (f"{base}-no{at}" for at in itertools.count(2))
