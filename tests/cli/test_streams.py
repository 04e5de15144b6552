"""Standard output and error that are closed, full, or read by nobody any more."""

from __future__ import annotations

import os
import pty
import shlex
import sqlite3
import subprocess
from pathlib import Path

import pytest

from tests.forked import COLD, Programs

QUEUE = "queue --tasks toy-accept --methods vanilla --seeds 1 --train-size 16 --set steps=1"


def ran(folder: Path, line: str, programs: Programs = COLD) -> tuple[int, list[str]]:
    """The exit code of a line of bash, and what the command said on its standard error (file ``err``)."""
    env = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    for name in ("FTBENCH_DB", "FTBENCH_WORK"):
        env.pop(name, None)
    (folder / "err").write_text("")
    command = ["bash", "-c", line.replace("ftbench", shlex.join(programs.ftbench), 1)]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, timeout=120)
    return done.returncode, (folder / "err").read_text().splitlines()


def states(folder: Path) -> list[str]:
    with sqlite3.connect(folder / "ftbench.db") as database:
        return [state for (state,) in database.execute("select state from jobs")]


@pytest.mark.parametrize("command", ["tasks --json", "methods bidrop", "queue --help", "--version"])
@pytest.mark.parametrize(
    ("end", "why"), [(">&-", "Bad file descriptor"), (">/dev/full", "No space left on device")]
)
def test_a_result_that_cannot_be_printed_is_one_line(
    tmp_path: Path, command: str, end: str, why: str
) -> None:
    code, said = ran(tmp_path, f"ftbench {command} {end} 2>err")
    assert (code, said) == (1, [f"ftbench: error: standard output cannot be written: {why}"])


@pytest.mark.parametrize("end", [">&-", ">/dev/full"])
def test_work_that_is_done_is_not_reported_as_failed(tmp_path: Path, forked: Programs, end: str) -> None:
    for command in (
        "db init",
        QUEUE,
        f"{QUEUE} --seeds 2 --json",
        "cancel --all",
        "retry --all",
        "db backup b.db",
    ):
        code, said = ran(tmp_path, f"ftbench {command} {end} 2>err", forked)
        assert code == 0 and len(said) == 1, command
        assert said[0].startswith("ftbench: standard output cannot be written: ")
        assert said[0].endswith("; what was asked for is done")
    assert states(tmp_path) == ["queued", "queued"]


def test_a_reader_who_leaves_does_not_undo_what_was_done(tmp_path: Path) -> None:
    code, said = ran(tmp_path, f"ftbench {QUEUE} 2>err | true; exit ${{PIPESTATUS[0]}}")
    assert (code, said, states(tmp_path)) == (0, [], ["queued"])


def test_a_reader_who_leaves_is_told_as_other_programs_do(tmp_path: Path) -> None:
    code, said = ran(tmp_path, "ftbench methods bidrop 2>err | true; exit ${PIPESTATUS[0]}")
    assert (code, said) == (141, [])


@pytest.mark.parametrize("end", [">&- 2>&-", "2>&-", "2>/dev/full"])
def test_an_error_that_nobody_can_read_keeps_its_exit_code(tmp_path: Path, end: str) -> None:
    assert ran(tmp_path, f"ftbench methods bidrp {end}")[0] == 2


def test_a_file_never_takes_the_place_of_a_closed_stream(tmp_path: Path) -> None:
    """The database would get the lowest free number, and what prints would write into it."""
    code, _ = ran(tmp_path, f"ftbench {QUEUE} <&- >&- 2>&-")
    assert (code, states(tmp_path)) == (0, ["queued"])


@pytest.mark.parametrize("end", [">/dev/full 2>err", "2>err | true; exit ${PIPESTATUS[0]}", ">&- 2>&-"])
def test_a_worker_that_nobody_listens_to_stores_its_jobs(tmp_path: Path, forked: Programs, end: str) -> None:
    assert ran(tmp_path, f"ftbench {QUEUE} --seeds 2 2>err", forked) == (0, [])
    closed = "&-" in end  # the interpreter starts otherwise then
    code, said = ran(tmp_path, f"ftbench worker --drain --threads 1 {end}", COLD if closed else forked)
    assert code == 0 and len(said) <= 1
    assert states(tmp_path) == ["done", "done"]


def test_a_worker_whose_terminal_is_gone_stores_its_jobs(tmp_path: Path) -> None:
    """Started so that no signal tells it, as under nohup or setsid: writing is what fails."""
    assert ran(tmp_path, f"ftbench {QUEUE} --seeds 2 2>err") == (0, [])
    master, slave = pty.openpty()
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    worker = subprocess.Popen(
        [*COLD.ftbench, "worker", "--drain", "--threads", "1"],
        cwd=tmp_path, env=env, stdin=subprocess.DEVNULL, stdout=slave, stderr=slave, start_new_session=True,
    )  # fmt: skip
    os.close(slave)
    assert os.read(master, 1)  # it has begun to draw
    os.close(master)
    assert worker.wait(timeout=120) == 0
    assert states(tmp_path) == ["done", "done"]
