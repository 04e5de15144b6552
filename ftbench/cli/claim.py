"""``ftbench claim``: say what is expected before the run, and see what came of it."""

from __future__ import annotations

from typing import Annotated

import typer

from ftbench.cli._options import DatabaseOption, JsonOption
from ftbench.cli._output import counted, note, print_json, say
from ftbench.cli.report import deliver, styled
from ftbench.errors import UsageError
from ftbench.settings import database_address

SCHEMA = "ftbench.claims/1"


def claim(
    text: Annotated[
        str | None,
        typer.Argument(
            metavar="[CLAIM]",
            help="Such as 'bidrop > vanilla @ noise=0.1'; also: models, tasks, reduction, train_size.",
        ),
    ] = None,
    withdraw: Annotated[
        bool, typer.Option("--withdraw", help="Take it back, while no score of it is there.")
    ] = False,
    as_json: JsonOption = False,
    db: DatabaseOption = None,
) -> None:
    """Declare, before the run, that one method beats another; without a claim: list and test them.

    The tests are one-sided and corrected over the declared claims only.
    """
    address = database_address(db)
    if text is None:
        from ftbench.render import render_sheets
        from ftbench.services.claims import tested

        if withdraw:
            raise UsageError("--withdraw needs the claim, as `ftbench claim` lists it")
        found = tested.listed(address)
        deliver(render_sheets(found, "json" if as_json else "rich", schema=SCHEMA, styled=styled()), None)
        return
    from ftbench.services.claims import declared as service

    if withdraw:
        gone = service.withdraw(address, text)
        print_json({"claim": gone, "withdrawn": True}) if as_json else say(f"withdrawn: {gone}")
        return
    canonical, new, scored = service.declare(address, text)
    if as_json:
        print_json({"claim": canonical, "new": new, "scored": scored})
        return
    say(f"{'declared' if new else 'was declared before'}: {canonical}")
    if scored:
        there = f"{counted(scored, 'run')} of it had scores already"
        note(f"declared late: {there}, so it is listed and never counted as declared")
