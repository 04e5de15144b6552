"""A stranger's database, opened by every command that reads: whatever it names is neither opened nor run."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from ftbench.cli.app import run as command_line
from ftbench.db import Entry, create_database
from ftbench.db.tables import jobs as table
from ftbench.domain.result import JobResult, Score
from tests.db.samples import entry

#: Lists what a process opens and starts, into the file that $TRACE names.
HOOK = """
import os, sys
_out = os.open(os.environ["TRACE"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
def _told(event, arguments):
    if event in ("open", "subprocess.Popen", "os.exec", "os.posix_spawn", "os.system", "import", "os.rename",
                 "os.remove", "shutil.rmtree", "ctypes.dlopen", "socket.connect", "exec"):
        os.write(_out, f"{event} {arguments!r:.300}\\n".encode(errors="replace"))
sys.addaudithook(_told)
"""
#: Runs commands in one process, which is loaded once; the last line has how each ended.
ONE_BY_ONE = """
import json, sys
from ftbench.cli.app import run
codes = [run(words) for words in json.loads(sys.argv[1])]
print()
print(json.dumps(codes))
"""
READING = [
    ["status"],
    ["status", "--state", "queued,done"],
    ["report"],
    ["report", "--json"],
    ["report", "-o", "r.html"],
    ["report", "-o", "r.csv"],
    ["compare", "evil", "vanilla"],
    ["why", "evil", "rte"],
    ["power", "evil", "vanilla"],
    ["claim"],
    ["topup"],
    ["plot", "strip", "-o", "p.svg"],
    ["export", "--scores", "s.csv"],
    ["export", "--jobs", "j.jsonl"],
    ["query", "SELECT * FROM jobs LIMIT 3"],
    ["queue"],
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A database of a stranger's, beside the file that it names, and the hook that watches."""
    (tmp_path / "evil.py").write_text("open('RAN', 'a').write('x')\n")
    (tmp_path / "hook").mkdir()
    (tmp_path / "hook" / "sitecustomize.py").write_text(HOOK)
    evil = str(tmp_path / "evil.py")
    places = {"plugins": [evil], "perturbations": {"stranger": evil}, "data": "/etc", "model": "/etc"}
    with create_database(str(tmp_path / "s.db")) as database:
        for seed in range(3):
            for name in ("vanilla", "evil"):
                database.jobs.add([Entry(entry(seed, name).job, name, places=places)])
        while taken := database.jobs.claim("w", 60.0):
            database.jobs.finish(taken, JobResult((Score("dev", "accuracy", 0.5 + taken.job.seed / 100),)))
        for name in ("evil", "./evil.py", "../x", "/etc/passwd", evil):
            database.jobs.add([Entry(entry(9, name).job, name, places=places)])
    return tmp_path


def python(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A process of Python under the hook."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(folder / "hook"), *sys.path]),
        "TRACE": str(folder / "trace"),
        "XDG_STATE_HOME": str(folder / "state"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [sys.executable, *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)


def test_reading_opens_and_starts_nothing_that_the_database_names(folder: Path) -> None:
    before = hashlib.sha256((folder / "s.db").read_bytes()).hexdigest()
    done = python(folder, "-c", ONE_BY_ONE, json.dumps([[*words, "--db", "s.db"] for words in READING]))
    assert "Traceback" not in done.stderr and done.returncode == 0, done.stderr
    codes = json.loads(done.stdout.splitlines()[-1])
    assert len(codes) == len(READING) and set(codes) <= {0, 1, 2}, codes
    trace = (folder / "trace").read_text()
    assert "s.db" in trace, "the hook listens"
    wrong = [line for line in trace.splitlines() if "evil.py" in line or "/etc/passwd" in line]
    started = [line for line in trace.splitlines() if line.startswith(("subprocess", "os.exec", "os.system"))]
    assert not wrong and not [line for line in started if "ldconfig" not in line and "lscpu" not in line]
    assert not (folder / "RAN").exists()
    assert hashlib.sha256((folder / "s.db").read_bytes()).hexdigest() == before


def test_a_worker_leaves_jobs_of_files_that_nobody_named_here(folder: Path) -> None:
    done = python(folder, "-m", "ftbench", "worker", "--drain", "--db", "s.db")
    assert not (folder / "RAN").exists()
    assert "stay queued" in done.stdout + done.stderr and "Traceback" not in done.stderr
    connection = sqlite3.connect(folder / "s.db")
    assert connection.execute("SELECT count(*) FROM attempts WHERE outcome = 'ok'").fetchone() == (6,)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("digest", "../../gone"),
        ("digest", "A" * 64),
        ("spec", "{"),
        ("spec", "[]"),
        ("spec", "[" * 100_000),
        ("spec", '{"method": 1}'),
        ("state", "exploded"),
        ("label", "\x1b]0;pwned\x07"),
        ("label", b"\xff\xfe"),
        ("label", "x" * 100_000),
        ("places", "[1]"),
        ("places", '{"plugins": 5}'),
        ("created", 1e300),
        ("attempts", "many"),
    ],
)
def test_one_wrong_row_is_left_out_and_the_others_stay(
    folder: Path,
    column: str,
    value: object,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    connection = sqlite3.connect(folder / "s.db")
    (digest,) = connection.execute(
        f"SELECT digest FROM {table.name} WHERE method = 'vanilla' AND seed = 0"
    ).fetchone()
    connection.execute(f"UPDATE jobs SET {column} = ? WHERE digest = ?", (value, digest))
    connection.commit()
    connection.close()
    monkeypatch.chdir(folder)  # in this process: a command each would take minutes
    for words in (["status", "--state", "done,queued,running"], ["status"], ["report", "--json"]):
        assert command_line([*words, "--db", "s.db"]) == 0, words
        done = capsys.readouterr()
        assert "\x1b" not in done.out + done.err
    assert json.loads(done.out)["sections"]
