"""``ftbench serve``: the live board."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from ftbench.cli._options import DatabaseOption
from ftbench.cli._output import note
from ftbench.errors import BadValue, DatabaseError, FtbenchError
from ftbench.settings import database_address

VARIABLE = "FTBENCH_TOKEN"


def serve(
    port: Annotated[
        int, typer.Option("--port", metavar="N", help="Where to listen; 0 takes a free one.")
    ] = 8765,
    host: Annotated[
        str,
        typer.Option(
            "--host", metavar="ADDRESS", help="Where to listen; others than this machine's need a token."
        ),
    ] = "127.0.0.1",
    token: Annotated[
        str | None,
        typer.Option(
            "--token", metavar="TEXT", help="Who has it may use --actions; made where needed [FTBENCH_TOKEN]."
        ),
    ] = None,
    actions: Annotated[
        bool,
        typer.Option("--actions", help="Let those who have the token cancel, retry and prioritise jobs."),
    ] = False,
    db: DatabaseOption = None,
) -> None:
    """Show the queue, curves and reports in a browser, while workers run.

    It reads the database and never locks or changes it, but for --actions. Needs the packages of
    `pip install 'ftbench[serve]'`. Ctrl-C ends it.
    """
    address = database_address(db)
    if not 0 <= port < 65_536:
        raise BadValue(f"--port {port}: give a number from 0 to 65535")
    given = token if token is not None else os.environ.get(VARIABLE, "")
    if given and (len(given) < 8 or not given.isascii() or not given.isprintable() or " " in given):
        raise BadValue("--token: give eight characters or more, of ASCII and without blanks")
    if token:
        note(f"all users of this machine can see the token in the list of processes: put it into {VARIABLE}")
    try:
        from ftbench.web.serving import serve_board, with_token
    except ModuleNotFoundError as error:
        raise FtbenchError("the board needs two more packages: run `pip install 'ftbench[serve]'`") from error
    from ftbench.db import open_database
    from ftbench.web.options import BoardOptions

    try:
        open_database(address, write=False).close()
    except DatabaseError as error:
        note(f"{error}; the board waits for it")
    options = with_token(BoardOptions(address, host, port, given, actions))
    serve_board(options, typer.echo, tell_token=options.token != given)
