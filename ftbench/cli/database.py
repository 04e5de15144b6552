"""``ftbench db``: make, check, upgrade, copy and move a database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ftbench.cli._databases import reading
from ftbench.cli._options import DatabaseOption, JsonOption, warned
from ftbench.cli._output import counted, print_json, print_rows, say, tell
from ftbench.settings import database_address

app = typer.Typer(help="Make, check, upgrade, copy or move a database.", rich_markup_mode=None)


@app.callback(invoke_without_command=True)
def _root(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command("init")
def init(db: DatabaseOption = None) -> None:
    """Make a database where there is none."""
    from ftbench.services import database

    address = database_address(db)
    database.init(address)
    tell(f"{address} is ready")


@app.command("upgrade")
def upgrade(db: DatabaseOption = None) -> None:
    """Bring a database of an older version to this one's form; a copy of what it was stays beside it."""
    from ftbench.services import database

    address = database_address(db)
    copy = database.upgrade(address)
    if copy is None:
        tell(f"{address} is of this version already")
    else:
        tell(f"{address} was upgraded; as it was, it is {copy}")


@app.command("check")
def check(
    claims: Annotated[
        Path | None,
        typer.Option("--claims", metavar="FILE", help="Whether it still holds what `claim --export` wrote."),
    ] = None,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read all of a database and say what is wrong with it, and what to do; exit 1 if something is."""
    address = database_address(db)
    with reading(address) as database:
        found = database.health.troubles()
        if claims is not None:
            from ftbench.services.claims import exported

            found += exported.troubles(database, claims)
    rows = [one._asdict() for one in found]
    if as_json:
        print_json({"database": address, "troubles": rows})
    else:
        print_rows([{k: row[k] for k in row if k != "advice"} for row in rows], empty=f"{address} is whole")
        for kind, advice in dict.fromkeys((one.kind, one.advice) for one in found):
            say(f"{kind}: {advice}")
    raise typer.Exit(1 if found else 0)


@app.command("backup")
def backup(
    target: Annotated[Path, typer.Argument(metavar="FILE", help="A new file.")], db: DatabaseOption = None
) -> None:
    """Copy a database to a file; workers may go on meanwhile."""
    from ftbench.db import backup_database

    address = database_address(db)
    backup_database(address, target)
    tell(f"{address} was copied to {target}")


@app.command("copy")
def copy(
    source: Annotated[str, typer.Argument(metavar="FROM", callback=warned, help="The database to copy.")],
    target: Annotated[str, typer.Argument(metavar="TO", callback=warned, help="A new or an empty one.")],
) -> None:
    """Move a database to another place or system: every row, compared on both sides; all or nothing.

    Jobs that run are queued in the copy; nothing is changed where they were.
    """
    from ftbench.cli._progress import Counting
    from ftbench.db import copy_database
    from ftbench.domain import shell

    source, target = database_address(source), database_address(target)
    with Counting("rows copied and compared") as counting:
        copied = copy_database(source, target, counting)
    jobs, rows = counted(copied.rows["jobs"], "job"), counted(sum(copied.rows.values()), "row")
    tell(f"{source} was copied to {target}: {jobs}, {rows} in all, each compared")
    if copied.requeued:
        were = f"{counted(copied.requeued, 'job')} {'was' if copied.requeued == 1 else 'were'} running there"
        merge = shell.joined(["ftbench", "merge", source, "--db", target])
        tell(f"{were}, queued here: end the workers there; what they still finish comes over with `{merge}`")
    tell(f"{source} stays as it is: from now on give --db {shell.quoted(target)}, or set FTBENCH_DB to it")
