"""Publishing: a database as a folder of pages that needs neither a server nor a network."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ftbench.domain.axes import MethodChoice
from ftbench.domain.hub_target import HubTarget
from ftbench.domain.moment import moment
from ftbench.errors import FtbenchError
from ftbench.methods.base import BASELINE
from ftbench.services.publishing import pushing, snapshot
from ftbench.services.publishing.comparisons import put_comparisons
from ftbench.services.publishing.evidence import gather
from ftbench.services.publishing.folder import NewFolder, check_place, replacing
from ftbench.services.publishing.job_groups import addresses, job_pages
from ftbench.services.publishing.jobs import FOLDER, put_job_pages
from ftbench.services.publishing.overview import put_overview
from ftbench.services.publishing.readme import readme
from ftbench.services.publishing.reproduce import put_reproduce
from ftbench.services.publishing.review import put_review
from ftbench.services.publishing.site import DATABASE, PublishedSite
from ftbench.services.publishing.snapshot import Judged
from ftbench.services.publishing.tables import put_tables
from ftbench.settings import sqlite_path

TITLE = "Fine-tuning methods compared"


@dataclass(frozen=True)
class PublishRequest:
    """What is published, and where.

    Attributes:
        place: the folder.
        title: of the pages.
        baseline: what differences are taken to.
        to: the repository of the hub that the folder is pushed to; None for none.
    """

    place: Path
    title: str = TITLE
    baseline: MethodChoice = field(default_factory=lambda: MethodChoice(BASELINE, {}))
    to: HubTarget | None = None


@dataclass(frozen=True)
class PublishedCount:
    """What was written.

    Attributes:
        pages: how many.
        files: how many in all.
        jobs: that are in it.
    """

    pages: int
    files: int
    jobs: int


def publish(
    address: str, request: PublishRequest, told: Callable[[str], None] = lambda what: None
) -> PublishedCount:
    """Write the folder, which is there as a whole or not at all; push it where that is asked for.

    Args:
        address: of the database, which is read as it is at one moment and never written.
        request: what and where.
        told: hears what is being done.

    Raises:
        UsageError: no folder's name, or no such baseline.
        DatabaseError: there is no database, or it cannot be read.
        FtbenchError: the folder cannot be written, or holds something else; or the hub refuses.
    """
    check_place(request.place)
    _check_apart(address, request.place)
    there = pushing.check_target(request.to) if request.to is not None else []
    made = moment(time.time())
    with replacing(request.place, made) as folder:
        told("copying the database")
        judged = snapshot.take(address, folder.root / DATABASE)
        folder.keep(DATABASE)
        written = _write(PublishedSite(folder, request.title, made), request, judged, told)
    if request.to is not None:
        told(f"pushing to {request.to.address}")
        pushing.push(request.to, request.place, there)
    return written


def _write(
    site: PublishedSite, request: PublishRequest, judged: Judged, told: Callable[[str], None]
) -> PublishedCount:
    size = (site.folder.root / DATABASE).stat().st_size
    with snapshot.opened(site.folder.root / DATABASE) as database:
        told("reading it")
        found = gather(database)
        pages = job_pages(found.rows)
        links = addresses(pages, FOLDER)
        told("tables")
        tables = put_tables(site, found, request.baseline, links)
        told("comparisons")
        comparisons = put_comparisons(site, found, request.baseline)
        told(f"{len(pages):,} pages of jobs")
        put_job_pages(site, found, pages)
        reports = [one.report for one in tables if one.report is not None]
        put_review(site, found, judged, reports, links)
        put_reproduce(site, found, size)
        put_overview(site, found, tables, comparisons, size)
    site.put_assets()
    site.put("README.md", readme(site, request.to))
    return _counted(site.folder, len(found.rows))


def _counted(folder: NewFolder, jobs: int) -> PublishedCount:
    return PublishedCount(sum(name.endswith(".html") for name in folder.files), len(folder.files) + 1, jobs)


def _check_apart(address: str, place: Path) -> None:
    """The database itself may not lie in the folder: it would be replaced by the clean copy."""
    path = sqlite_path(address)
    if path is not None and place.absolute().resolve() in path.absolute().resolve().parents:
        raise FtbenchError(f"{path} lies in {place}, which is replaced as a whole: name another folder")
