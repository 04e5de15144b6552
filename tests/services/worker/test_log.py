"""The log of a worker: what stands in it, where it lies, and that it never comes in the way of a job."""

from __future__ import annotations

import fcntl
import logging
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ftbench.db import Database
from ftbench.domain.result import State
from ftbench.services.worker import log
from ftbench.services.worker.log import Journal
from tests.services.worker.helpers import LIMIT, queue, state, work
from tests.services.worker.logs import events, kept, read

LINE = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z (INFO|WARNING|ERROR) \S+ [a-z-]+"
    r'( [a-z_]+=([^\s"=\\]+|"([^"\\]|\\.)*"))*'
)
TOKEN = "hf_" + "a1B2" * 6


def test_a_line_is_a_moment_in_utc_a_level_the_worker_an_event_and_its_fields_in_order(folder: Path) -> None:
    with kept(folder, "gpu 0"):
        Journal("test").info("claimed", job="3f", attempt=2, nothing=None, why="a b", empty="")
    (line,) = read(folder)
    assert re.sub(r"^\S+", "NOW", line) == 'NOW INFO "gpu 0" claimed job=3f attempt=2 why="a b" empty=""'
    assert LINE.fullmatch(line.replace('"gpu 0"', "gpu_0"))
    moment = datetime.fromisoformat(line.split()[0])
    assert moment.utcoffset() == timedelta(0) and abs(datetime.now(UTC) - moment) < timedelta(minutes=1)


@pytest.mark.parametrize(
    "hostile",
    [
        "two\nlines",
        "carriage\rreturn",
        "\x1b[31mred\x1b[0m",
        "null\0",
        "bell\a",
        "line\u2028separator",
        "right\u202eto left",
        "half \udc80 character",
        'quote" and \\ backslash',
        "key=value",
        "%s %d %(name)s {}",
        " ",
        "x" * 100_000,
        ValueError(),
    ],
)
def test_whatever_stands_in_a_message_the_event_is_one_line(folder: Path, hostile: object) -> None:
    with kept(folder):
        Journal("test").error("failed", reason=hostile, seconds=1.5)
    raw = b"".join(path.read_bytes() for path in folder.iterdir())
    assert raw.count(b"\n") == 1 and raw.endswith(b" seconds=1.5\n") and len(raw) < 2000
    text = raw.decode()[:-1]
    assert LINE.fullmatch(text) and text.isprintable()


def test_tokens_are_masked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "secret token\nof two lines")
    with kept(folder, f"worker {TOKEN}"):
        Journal("test").info("failed", reason=f"no access with {TOKEN}")
        Journal("test").info("failed", reason="header: secret token\nof two lines")
    text = "\n".join(read(folder))
    assert TOKEN not in text and "secret" not in text
    assert text.count("<token>") == 4


def test_without_a_log_nothing_is_printed_or_written(
    database: Database, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    queue(database, [["fail", "user"]])
    work(database)
    assert capfd.readouterr() == ("", "")
    assert not list(tmp_path.rglob("workers"))


def test_a_program_that_configures_no_logging_hears_nothing() -> None:
    program = "from ftbench.services.worker.log import Journal; Journal('test').error('failed')"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=LIMIT)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_the_root_logger_and_loggers_of_others_stay_as_they_are(folder: Path) -> None:
    root, ours = logging.getLogger(), logging.getLogger(log.NAME)
    ours.setLevel(logging.CRITICAL)
    before = root.level, list(root.handlers), logging.CRITICAL, list(ours.handlers)
    with kept(folder):
        assert (root.level, root.handlers) == before[:2]
        logging.getLogger("another").error("not ours")
        Journal("test").info("ours")
    assert (root.level, root.handlers, ours.level, ours.handlers) == before
    ours.setLevel(logging.NOTSET)
    assert events(folder) == ["ours"]


def test_nothing_is_made_before_the_first_event(folder: Path) -> None:
    with kept(folder):
        assert not folder.exists()


def test_the_file_is_named_by_worker_and_process_whatever_the_name() -> None:
    assert log.stem("worker-12", 12) == "worker-12"
    assert log.stem("gpu0", 12) == "gpu0-12"
    assert log.stem("../../etc/pass wd\n", 12) == "etc_pass_wd-12"
    assert log.stem("", 12) == log.stem("…", 12) == "worker-12"
    assert len(log.stem("n" * 1000, 12)) < 70


def test_a_full_log_goes_on_in_a_new_part_and_the_oldest_part_goes(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "BYTES", 2000)
    with kept(folder):
        for number in range(200):
            Journal("test").info("claimed", number=number)
    parts = sorted(path.name for path in folder.iterdir())
    stem = log.stem("w", os.getpid())
    assert parts == [f"{stem}.log", f"{stem}.log.1", f"{stem}.log.2"]
    assert all(0 < path.stat().st_size <= 2000 for path in folder.iterdir())
    numbers = sorted(int(line.rpartition("=")[2]) for line in read(folder))
    assert numbers == list(range(numbers[0], 200)) and len(numbers) > 60


def test_workers_of_one_name_and_process_number_never_share_a_file(folder: Path) -> None:
    with kept(folder):
        Journal("test").info("first")
    with kept(folder):
        Journal("test").info("second")
    assert sorted(path.read_text().split()[-1] for path in folder.iterdir()) == ["first", "second"]


def test_logs_of_workers_that_ended_long_ago_are_swept_but_not_those_of_workers_that_live(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "WORKERS", 2)
    folder.mkdir(parents=True)
    for age, name in enumerate(["new-1.log", "new-2.log", "old-3.log", "old-3.log.1", "alive-4.log"]):
        (folder / name).write_text("line\n")
        os.utime(folder / name, (1e9 - age, 1e9 - age))
    (folder / "alive-4.log.1").write_text("line\n")
    os.utime(folder / "alive-4.log.1", (1e9 - 9, 1e9 - 9))
    with (folder / "alive-4.log").open() as held:
        fcntl.flock(held, fcntl.LOCK_SH)
        with kept(folder):
            Journal("test").info("started")
    left = {path.name for path in folder.iterdir()} - {f"{log.stem('w', os.getpid())}.log"}
    assert left == {"new-1.log", "new-2.log", "alive-4.log", "alive-4.log.1"}


def test_a_worker_holds_its_log_so_that_others_do_not_sweep_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "WORKERS", 0)
    monkeypatch.setattr(log, "BYTES", 100)
    with kept(folder, "idle"):
        for _ in range(9):  # also after it has gone on in a new part
            Journal("test").info("started")
        mine = sorted(folder.iterdir())
        log._sweep(folder)
        assert sorted(folder.iterdir()) == mine and len(mine) == 3
    log._sweep(folder)
    assert list(folder.iterdir()) == []


def test_a_folder_that_cannot_be_made_costs_one_line_and_no_job(database: Database, folder: Path) -> None:
    folder.parent.parent.mkdir(exist_ok=True)
    folder.parent.write_text("a file where the folder should be")
    digests, said = queue(database, [], []), list[str]()
    with kept(folder, said=said):
        assert work(database).done == 2
    assert [state(database, digest) for digest in digests] == [State.DONE] * 2
    assert len(said) == 1 and str(folder) in said[0] and "cannot be written" in said[0]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a disk that is always full")
def test_a_full_disk_costs_one_line_and_the_log_goes_on_when_there_is_space_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, said = log._File._open, list[str]()
    with kept(folder, said=said):
        with monkeypatch.context() as full:
            full.setattr(log._File, "_open", lambda self: open("/dev/full", "a"))
            for _ in range(3):
                Journal("test").info("lost")
        assert log._File._open is opened
        Journal("test").info("kept")
    assert len(said) == 1 and said[0].endswith("No space left on device")
    assert events(folder) == ["kept"]


def test_an_echo_takes_the_same_lines_once_and_may_break(folder: Path) -> None:
    echoed: list[str] = []

    def echo(line: str) -> None:
        echoed.append(line)
        raise BrokenPipeError

    with log.kept_log(folder, "w", [].append, echo):
        Journal("test").info("started")
        Journal("other").warning("ended", reason="a\nb")
    assert echoed == read(folder) and len(echoed) == 2
