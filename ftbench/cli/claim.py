"""``ftbench claim``: say what is expected before the run, and see what came of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ftbench.cli._databases import reading
from ftbench.cli._delivery import Delivery
from ftbench.cli._options import DatabaseOption, DataOption, JsonOption
from ftbench.cli._output import counted, note, print_json, say, tell
from ftbench.cli._requests import claimed
from ftbench.cli._streams import after_work
from ftbench.errors import UsageError
from ftbench.settings import database_address

SCHEMA = "ftbench.claims/1"


def claim(
    text: Annotated[
        str | None,
        typer.Argument(
            metavar="[CLAIM]",
            help="Such as 'bidrop > vanilla @ noise=0.1'; also: models, tasks, reduction, train_size, "
            "metric.",
        ),
    ] = None,
    withdraw: Annotated[
        bool, typer.Option("--withdraw", help="Take it back, while no score of it is there.")
    ] = False,
    export: Annotated[
        Path | None,
        typer.Option("--export", metavar="FILE", help="Write all claims with their jobs and a digest."),
    ] = None,
    data_dir: DataOption = None,
    as_json: JsonOption = False,
    db: DatabaseOption = None,
) -> None:
    """Declare, before the run, that one method beats another; without a claim: list and test them.

    The tests are one-sided and corrected over the declared claims only.
    """
    address = database_address(db)
    if export is not None:
        _export(address, export, text, withdraw, as_json)
        return
    if text is None:
        from ftbench.render import render_sheets
        from ftbench.services.claims.listed import listed
        from ftbench.services.scores import looks

        if withdraw:
            raise UsageError("--withdraw needs the claim, as `ftbench claim` lists it")
        with reading(address) as database:
            found = looks.told_in_sheets(address, listed(database, data_dir), declared=True)
        to = Delivery(as_json=as_json)
        chosen = to.chosen(lists=True)
        to.deliver(render_sheets(found, chosen, schema=SCHEMA, width=to.width, styled=to.styled))
        return
    from ftbench.db import open_database
    from ftbench.services.claims import declared as service

    request = claimed(text)
    if withdraw:
        with open_database(address) as database:
            gone = service.withdraw(database, request)
        with after_work():
            print_json({"claim": gone, "withdrawn": True}) if as_json else say(f"withdrawn: {gone}")
        return
    canonical, new, scored = service.declare(address, request)
    if as_json:
        with after_work():
            print_json({"claim": canonical, "new": new, "scored": scored})
        return
    tell(f"{'declared' if new else 'was declared before'}: {canonical}")
    if scored:
        there = f"{counted(scored, 'run')} of it had scores already"
        note(f"declared late: {there}, so it is listed and never counted as declared")


def _export(address: str, path: Path, text: str | None, withdraw: bool, as_json: bool) -> None:
    from ftbench.services.claims import exported

    if text is not None or withdraw:
        raise UsageError("--export writes all claims: give no claim and no --withdraw")
    with reading(address) as database:
        count, digest = exported.export(database, path)
    with after_work():
        if as_json:
            print_json({"claims": count, "digest": digest, "file": str(path)})
        else:
            say(f"{path}: {counted(count, 'claim')}, sha256 {digest}")
