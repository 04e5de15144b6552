"""The application: its commands, and what a user sees when one fails."""

from __future__ import annotations

import gc
import os
import sys
from functools import cache
from typing import Annotated, Any

import typer

from ftbench._version import __version__
from ftbench.cli import (
    _completion,
    _streams,
    ask,
    catalog,
    check,
    claim,
    compare,
    database,
    demo,
    doctor,
    exchange,
    jobs,
    launch,
    plot,
    power,
    prune,
    publish,
    queue,
    report,
    serve,
    topup,
    tune,
    worker,
)
from ftbench.cli._options import Command
from ftbench.errors import FtbenchError, UsageError, one_line
from ftbench.printable import printable
from ftbench.secrets import masked

app = typer.Typer(
    name="ftbench",
    help="Compare fine-tuning methods for pretrained language models.",
    context_settings={"help_option_names": ["--help", "-h"]},
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"ftbench {__version__}")
        raise typer.Exit()


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


for _function, _name in (
    (queue.queue, "queue"),
    (worker.worker, "worker"),
    (jobs.status, "status"),
    (report.report, "report"),
    (compare.compare, "compare"),
    (claim.claim, "claim"),
    (power.power, "power"),
    (topup.topup, "topup"),
    (tune.tune, "tune"),
    (plot.plot, "plot"),
    (serve.serve, "serve"),
    (ask.why, "why"),
    (ask.query, "query"),
    (jobs.show, "show"),
    (jobs.logs, "logs"),
    (jobs.retry, "retry"),
    (jobs.cancel, "cancel"),
    (catalog.methods, "methods"),
    (check.check, "check"),
    (catalog.tasks, "tasks"),
    (catalog.perturbations, "perturbations"),
    (catalog.metrics, "metrics"),
    (catalog.models, "models"),
    (catalog.suites, "suites"),
    (catalog.prepare, "prepare"),
    (exchange.export, "export"),
    (exchange.ingest, "ingest"),
    (exchange.merge, "merge"),
    (publish.publish, "publish"),
    (prune.prune, "prune"),
    (demo.demo, "demo"),
    (doctor.doctor, "doctor"),
):
    app.command(_name, cls=Command)(_function)
app.add_typer(launch.app, name="launch")
app.add_typer(database.app, name="db")


def main() -> None:
    """Run the command line and exit with its code."""
    # Reports make very many rows and hardly a cycle; looking for cycles took a quarter of their time.
    gc.set_threshold(1_000_000)
    # The products of statistics are small: more threads would wait, and round as the machine has cores.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    _streams.opened()
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command: 0 done, 1 failed, 2 wrong use, 130 interrupted, 141 nobody reads its result.

    An error of the user's is one line on standard error; only bugs show tracebacks.
    """
    try:
        _check_text(arguments)
        code = _tree().main(arguments, prog_name="ftbench", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except _streams.Unread:
        _streams.silenced()
        return 141  # 128 + SIGPIPE, as a shell reports other programs
    except _streams.Unwritten as error:
        _streams.silenced()
        return _fail(str(error), error.exit_code)
    except FtbenchError as error:
        return _fail(str(error), error.exit_code)
    except typer.Abort:
        return _fail("stopped: nothing was changed", 1)
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        usage = _usage(error)
        if isinstance(error, OSError) and not _stands_somewhere():
            return _fail("the current folder does not exist any more: change to another one", 1)
        if usage is None:
            raise
        return _fail(usage, 2)


@cache
def _tree() -> Any:
    """The parser of all commands, of a class of typer's; made once, as it reads all their signatures."""
    return _completion.completed(typer.main.get_command(app))


def _stands_somewhere() -> bool:
    """Whether there is a current folder; it may have been deleted."""
    try:
        return bool(os.getcwd())
    except OSError:
        return False


def _usage(error: Exception) -> str | None:
    """The text of a parser's error, which is one of click's classes or one of typer's copies of them."""
    if not hasattr(error, "format_message") or not hasattr(error, "exit_code"):
        return None
    said = " ".join(str(error.format_message()).split()).rstrip(".")
    return said[:1].lower() + said[1:]


def _check_text(arguments: list[str]) -> None:
    """Refuse what is no text in the encoding of this place: it can be neither stored nor printed."""
    for text in arguments:
        if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
            shown, coding = text.encode("ascii", "backslashreplace").decode(), sys.getfilesystemencoding()
            raise UsageError(f"'{shown}' is no text in {coding}: rename it, or set LC_ALL to a UTF-8 locale")


def _fail(message: str, code: int) -> int:
    shown = printable(masked(one_line(message)))
    _streams.complain(f"ftbench: error: {shown if len(shown) <= 2000 else shown[:2000] + '…'}")
    return code
