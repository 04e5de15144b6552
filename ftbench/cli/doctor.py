"""``ftbench doctor``: what of this machine would stop jobs or slow them, and what to do about it."""

from __future__ import annotations

from dataclasses import asdict
from itertools import groupby

import typer

from ftbench.cli._options import DatabaseOption, DataOption, JsonOption
from ftbench.cli._output import counted, print_json, say
from ftbench.settings import database_address

_SIGNS = {"ok": " ", "note": "·", "wrong": "✗"}


def doctor(data_dir: DataOption = None, db: DatabaseOption = None, as_json: JsonOption = False) -> None:
    """Look at machine, packages, GPUs, caches, data and database; exit 1 if something is wrong.

    Nothing is changed, and the hub is not asked. The text can be pasted into a report of a bug: tokens and
    passwords are masked, and the home folder is ~.
    """
    from ftbench.services.doctor.examined import examined
    from ftbench.services.doctor.findings import WRONG

    found = list(examined(database_address(db), data_dir))
    wrong = [one for one in found if one.state == WRONG]
    if as_json:
        print_json({"findings": [asdict(one) for one in found], "wrong": len(wrong)})
    else:
        wide = max(len(one.what) for one in found)
        for area, group in groupby(found, key=lambda one: one.area):
            say(area)
            for one in group:
                say(f"{_SIGNS[one.state]} {one.what:<{wide}}  {one.found}")
                if one.advice:
                    say(f"  {'':<{wide}}  → {one.advice}")
        say(f"{counted(len(wrong), 'thing')} wrong (✗)" if wrong else "nothing is wrong")
    raise typer.Exit(1 if wrong else 0)
