"""``ftbench publish``: a database as a folder of pages for others."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ftbench.cli._options import DatabaseOption, JsonOption
from ftbench.cli._output import at_terminal, counted, note, print_json, tell
from ftbench.cli._requests import BASELINE, selection
from ftbench.settings import database_address


def publish(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="The folder, new, or as an earlier call wrote it.")
    ],
    title: Annotated[
        str | None, typer.Option("--title", metavar="TEXT", help="What the pages are called.")
    ] = None,
    baseline: Annotated[
        str, typer.Option("--baseline", metavar="METHOD", help="What differences are taken to.")
    ] = BASELINE,
    to: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="ADDRESS",
            help="Push it to the Hugging Face hub, too: hf://OWNER/NAME, a dataset, or hf://spaces/OWNER/NAME.",
        ),
    ] = None,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write tables, comparisons, jobs and the database as pages that work without a server.

    The folder is replaced as a whole; one that holds anything else is refused. The copy of the database in it
    has no tokens and no folders of this machine.
    """
    from ftbench.domain.hub_target import hub_target
    from ftbench.services.publishing import publish as service

    address = database_address(db)
    chosen = selection(None, None, baseline=baseline).baseline
    assert chosen is not None
    request = service.PublishRequest(
        folder, title or service.TITLE, chosen, hub_target(to) if to is not None else None
    )
    done = service.publish(address, request, note if at_terminal() else lambda what: None)
    if as_json:
        print_json({"folder": str(folder), "pages": done.pages, "files": done.files, "jobs": done.jobs})
        return
    pages, jobs = counted(done.pages, "page"), counted(done.jobs, "job")
    tell(f"{address} is published in {folder}: {pages} about {jobs}; open {folder / 'index.html'}")
    if request.to is not None:
        tell(f"pushed to {request.to.address}")
