"""``ftbench check``: whether a method does what ftbench relies on."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from ftbench.cli._options import JsonOption
from ftbench.cli._output import print_json, say
from ftbench.cli._requests import names

_SAID = {True: "passed", False: "FAILED", None: "-"}


def check(
    method: Annotated[
        str, typer.Argument(metavar="METHOD", help="A name or a file, with hyper-parameters: 'bidrop[k=3]'.")
    ],
    model: Annotated[
        str, typer.Option("--model", metavar="NAME", help="The model to train, as ftbench queue takes it.")
    ] = "tiny",
    only: Annotated[str | None, typer.Option("--only", metavar="LIST", help="These checks alone.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Check a method: trains, repeats, resumes, adds up; one line a check.

    Short jobs on the toy tasks, in this process, without a database. Exit code 1 where a check fails.
    """
    from ftbench.settings import close_input
    from ftbench.testing import conformance

    close_input()
    found = []
    for outcome in conformance.check(method, model=model, only=names(only)):
        found.append(outcome)
        if not as_json:
            say(f"{_SAID[outcome.passed]:<7} {outcome.check:<21} {outcome.note}")
    if as_json:
        print_json([asdict(outcome) for outcome in found])
    raise typer.Exit(1 if any(outcome.passed is False for outcome in found) else 0)
