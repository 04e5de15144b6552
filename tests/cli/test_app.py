"""The application: help, versions, interruptions, pipes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ftbench import __version__
from ftbench.cli import app
from tests.cli.conftest import Ftbench


def test_bare_and_help_list_every_command(ftbench: Ftbench) -> None:
    commands = "queue worker status report why query show logs retry cancel methods tasks models suites"
    for words in ((), ("--help",)):
        ended = ftbench(*words)
        assert (ended.code, ended.err) == (0, "")
        listed = {line.split()[0] for line in ended.out.splitlines() if line.startswith("  ")}
        assert {*commands.split(), "prepare", "export", "ingest", "demo", "db"} <= listed


def test_the_version_is_printed(ftbench: Ftbench) -> None:
    assert ftbench("--version").out == f"ftbench {__version__}\n"


@pytest.mark.parametrize("command", ["queue", "worker", "report", "status", "demo"])
def test_every_command_explains_itself_without_markup(ftbench: Ftbench, command: str) -> None:
    ended = ftbench(command, "--help")
    assert ended.code == 0 and f"Usage: ftbench {command}" in ended.out


@pytest.mark.parametrize("words", [(), ("queue",), ("report",), ("db",), ("db", "init")])
def test_h_is_help(ftbench: Ftbench, words: tuple[str, ...]) -> None:
    short = ftbench(*words, "-h")
    assert short.code == 0 and short.out == ftbench(*words, "--help").out


def test_an_interruption_is_quiet(ftbench: Ftbench, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("ftbench.services.catalog.list_tasks", interrupt)
    ended = ftbench("tasks")
    assert (ended.code, ended.out, ended.err) == (130, "", "")


@pytest.mark.parametrize(
    "start", [["-m", "ftbench"], ["-c", "from ftbench.__main__ import start_command_line as start; start()"]]
)
def test_an_interruption_while_it_loads_is_quiet(tmp_path: Path, start: list[str]) -> None:
    (tmp_path / "typer.py").write_text(
        "import os, signal\n"
        "signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])\n"
        "os.kill(os.getpid(), signal.SIGINT)\n"
        "for _ in range(10**9): pass\n"
    )
    heard = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    (tmp_path / "sitecustomize.py").write_text(heard)
    ended = subprocess.run(
        [sys.executable, *start, "status"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        timeout=60,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (-signal.SIGINT, b"", b"")


def test_a_bug_shows_its_traceback(ftbench: Ftbench, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("ftbench.services.catalog.list_tasks", broken)
    with pytest.raises(ZeroDivisionError):
        app.run(["tasks"])


def test_a_reader_who_leaves_is_no_error(tmp_path: Path) -> None:
    """``ftbench methods bidrop | true``: the pipe is closed before anything is written."""
    command = [sys.executable, "-m", "ftbench", "methods", "bidrop"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        told = process.stderr.read()
        process.wait(timeout=60)
    assert told == b""
    assert process.returncode == 141


def test_a_terminal_without_greek_is_no_error(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ftbench", "methods", "bidrop"]
    ascii_only = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, cwd=tmp_path, env=ascii_only, capture_output=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")
