"""A stranger's database, opened by every command that reads: whatever it names is neither opened nor run."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import typer.core
import typer.main

from ftbench import models, trust
from ftbench.cli.app import app
from ftbench.cli.app import run as command_line
from ftbench.db import Entry, create_database
from ftbench.db.tables import jobs as table
from ftbench.domain.claim import DeclaredClaim
from ftbench.domain.result import JobResult, Score
from ftbench.domain.topup import TopupPlan
from tests.db.samples import entry

ROOT = Path(__file__).resolve().parent.parent.parent
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
#: Asks the board for pages in one process; the last line has how each was answered.
BOARD = """
import json, sys
from starlette.testclient import TestClient
from ftbench.web.app import create_app
from ftbench.web.options import BoardOptions
with TestClient(create_app(BoardOptions("s.db")), base_url="http://localhost") as opened:
    print(json.dumps([opened.get(path).status_code for path in json.loads(sys.argv[1])]))
"""
PAGES = [
    *("/", "/jobs", "/jobs?method=evil&task=reviews", "/jobs?model=folder:secrets", "/reports", "/claims"),
    *("/report", "/report?table=robustness", "/report?metric=ece", "/report?where=method%3Devil"),
    *(
        "/report?table=tuning",
        "/compare?methods=evil,vanilla",
        "/plot?kind=strip",
        "/papers?name=bidrop/table5",
    ),
    *("/part/queue/grid", "/part/queue/running", "/part/queue/failures", "/part/jobs/jobs"),
]
#: Commands that read, by what they may be asked.
READING = [
    ["status"],
    ["status", "--state", "queued,done", "--where", "method=evil and noise>=0"],
    ["report"],
    ["report", "--table", "robustness"],
    ["report", "--table", "curves"],
    ["report", "--metric", "ece"],
    ["report", "--table", "retention"],
    ["report", "--suite", "bidrop/table5"],
    ["report", "-o", "r.html"],
    ["publish", "site"],
    ["compare", "--examples", "vanilla", "mine", "--tasks", "reviews"],
    ["compare", "evil", "vanilla"],
    ["compare", "--examples", "mine", "vanilla", "--json"],
    ["why", "evil", "toy-entail"],
    ["why", "mine", "toy-entail"],
    ["power", "evil", "vanilla"],
    ["power", "--sources", "vanilla"],
    ["claim"],
    ["topup"],
    ["topup", "mine", "--dry-run"],
    ["plot", "strip", "-o", "p.svg"],
    ["export", "--scores", "s.csv"],
    ["export", "--jobs", "j.jsonl"],
    ["export", "--track", "tensorboard"],
    ["query", "SELECT * FROM jobs LIMIT 3"],
    ["query", "ATTACH '/etc/passwd' AS x"],
    ["queue"],
    ["suites", "bidrop/table5"],
    ["methods", "vanilla"],
    ["tune"],
    ["launch", "status", "--all"],
    ["prune", "--dry-run"],
    ["doctor"],
    ["db", "check"],
    ["db", "backup", "backup.db"],
]
#: Those that write, on a database that they may change.
WRITING = [
    ["queue", "--methods", "rdrop", "--tasks", "toy-accept", "--models", "tiny", "--seeds", "1"],
    ["claim", "evil > vanilla"],
    ["claim", "evil > vanilla", "--withdraw"],
    ["topup", "evil"],
    ["retry", "--all", "--yes"],
    ["retry", "--stale", "--yes"],
    ["cancel", "--where", "method=evil", "--yes"],
    ["ingest", "e.jsonl"],
    ["prune", "--yes"],
    ["db", "init"],
    ["db", "upgrade"],
    ["merge", "copy.db"],
]
#: What each process of Python opens on its way, wherever it is.
_SYSTEM = ("/proc/", "/dev/", "/sys/", "/usr/", "/lib", "/etc/ld.so", "/etc/localtime", "/etc/mime")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A database with what a stranger may write in it, files that it names, and the hook that watches.

    The user has named one of them, ``mine.py``, on this machine; the others nobody has.
    """
    for name in ("evil", "mine"):
        (tmp_path / f"{name}.py").write_text(f"open('RAN-{name}', 'a').write('x')\n")
    (tmp_path / "hook").mkdir()
    (tmp_path / "hook" / "sitecustomize.py").write_text(HOOK)
    (tmp_path / "secrets").mkdir()
    for name in ("config.json", "model.safetensors", "train.tsv", "train.csv"):
        (tmp_path / "secrets" / name).write_text("text,label\nthe password,hunter2\n")
    (tmp_path / "e.jsonl").write_text('{"event": "started", "digest": "../../secrets"}\n')
    evil, mine, secrets = (str(tmp_path / name) for name in ("evil.py", "mine.py", "secrets"))
    record = tmp_path / "state" / "ftbench" / "named.jsonl"
    record.parent.mkdir(parents=True)
    record.write_text(json.dumps({"path": mine, "sha256": trust.digest(mine)}) + "\n")
    places = {"plugins": [evil], "perturbations": {"stranger": evil}, "data": secrets, "model": secrets}
    card = {"title": "\x1b]0;x\x07", "note": ["a"], "recipes": [{"lr": "x"}], "passes": "many"}
    places |= {"cards": {"method": card, "perturbations": {"stranger": {"title": 5, "percent": evil}}}}
    task = {"name": "reviews", "title": "r", "kind": "classification", "labels": ["a", "b"], "text": ["text"]}
    task |= {"label": "label", "metric": "accuracy", "drawn": 0.2, "source": "", "evaluation": ["dev"]}
    theirs = {"rows": secrets, "cards": {"task": {**task, "files": {"train": ["train.csv"]}}}}
    of_file = replace(entry(7, "vanilla").job, task="reviews", data_revision="sha256:0123456789abcdef")
    of_file = replace(of_file, model_revision=models.resolve("tiny")[1].revision)
    own = {"plugins": [mine], "perturbations": {"stranger": mine}, "digests": {mine: trust.digest(mine)}}
    with create_database(str(tmp_path / "s.db")) as database:
        database.jobs.add([Entry(of_file, "vanilla", places=theirs)])
        for seed in range(3):
            for name in ("vanilla", "evil", "mine"):
                there = own if name == "mine" else places
                database.jobs.add([Entry(entry(seed, name).job, name, places=there)])
                database.jobs.add([Entry(entry(seed, name, stranger=0.5).job, name, places=there)])
        while taken := database.jobs.claim("w", 60.0):
            database.jobs.finish(taken, JobResult((Score("dev", "accuracy", 0.5 + taken.job.seed / 100),)))
        for name in ("evil", "./evil.py", "../x", "/etc/passwd", evil):
            database.jobs.add([Entry(entry(9, name).job, name, places=places)])
        from_folder = replace(
            entry(8, "vanilla").job, model="folder:secrets", model_revision="../../../../secrets/config.json"
        )
        database.jobs.add([Entry(from_folder, "vanilla", places={**places, "unresolved": ["model", "data"]})])
        for other in ("reviews", "sst2"):
            file = replace(of_file, seed=8, task=other)
            database.jobs.add([Entry(file, "vanilla", places={**theirs, "data": secrets})])
        claimed = {"methods": {"evil": evil}, "perturbations": {"stranger": evil}}
        database.claims.add(DeclaredClaim("evil", "vanilla"), claimed)
        database.claims.add(DeclaredClaim(evil, "./evil.py", models=(secrets,), tasks=(evil,)), claimed)
        pair = (evil, "../x")
        database.topups.record(TopupPlan(evil, (pair,), 0.05, 0.0, (0, 1, 2), (2, 3)))
    return tmp_path


def python(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A process of Python under the hook."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(folder / "hook"), *sys.path]),
        "TRACE": str(folder / "trace"),
        "XDG_STATE_HOME": str(folder / "state"),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "HF_HOME": str(folder / "hf"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [sys.executable, *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)


def wrong_in(trace: str, folder: Path) -> list[str]:
    """What a process has opened that is neither of Python, of ours, of the system nor of the folder."""
    code = {sys.prefix, sys.base_prefix, str(ROOT), *filter(None, sys.path)}
    allowed = (*_SYSTEM, *code, *(str(Path(one).resolve()) for one in code))
    asked = ("ldconfig", "lscpu", "('nvidia-smi', ['nvidia-smi', '-L']", f"('git', ['git', '-C', '{ROOT}'")
    found = []
    for line in trace.splitlines():
        event, _, arguments = line.partition(" ")
        if event in ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.system", "socket.connect"):
            found += [line] if not any(word in line for word in asked) else []
        elif event in ("open", "os.rename", "os.remove", "shutil.rmtree"):
            named = re.match(r"\(b?(['\"])(.*?)\1", arguments)
            place = os.path.join(folder, named[2]) if named else str(folder)  # else a descriptor
            theirs = place.startswith((str(folder / "evil.py"), str(folder / "secrets")))
            found += [line] if theirs or not place.startswith((str(folder), *allowed)) else []
        found += [line] if event == "import" and re.match(r"\('(evil|mine)\b", arguments) else []
    return found


def ran(folder: Path, commands: list[list[str]], database: str) -> str:
    """Run commands on a database in one process, under the hook; what it heard."""
    (folder / "trace").unlink(missing_ok=True)
    done = python(folder, "-c", ONE_BY_ONE, json.dumps([[*words, "--db", database] for words in commands]))
    assert "Traceback" not in done.stderr and done.returncode == 0, done.stderr
    codes = json.loads(done.stdout.splitlines()[-1])
    assert len(codes) == len(commands) and set(codes) <= {0, 1, 2}, codes
    assert codes.count(0) > 0.7 * len(codes), "most of them do what they are asked for"
    assert "\x1b]" not in done.stdout + done.stderr
    trace = (folder / "trace").read_text()
    assert database in trace, "the hook listens"
    return trace


def test_the_trace_tells_what_is_opened_elsewhere(folder: Path) -> None:
    evil = str(folder / "evil.py")
    opened = ["/etc/passwd", "evil.py", evil, "/root/.ssh/id", str(folder / "secrets" / "config.json")]
    fine = [str(folder / "s.db"), "r.html", json.__file__, "/proc/self/stat", 7]
    trace = "".join(f"open {(one, 'r', 0)!r}\n" for one in (*opened, *fine))
    assert len(wrong_in(trace, folder)) == len(opened)
    assert len(wrong_in("import ('evil', None)\nsubprocess.Popen ('sh', [])\nimport ('os',)\n", folder)) == 2


def test_every_command_that_takes_a_database_is_tried() -> None:
    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    taking = set()
    for name, command in group.commands.items():
        inner = command.commands.items() if isinstance(command, typer.core.TyperGroup) else [("", command)]
        for part, one in inner:
            if any("--db" in parameter.opts for parameter in one.params):
                taking.add(f"{name} {part}".strip())
    tried = {" ".join(words[: 2 if words[0] in ("db", "launch") else 1]) for words in (*READING, *WRITING)}
    workers = {
        "worker",
        "demo",
        "serve",
        *(f"launch {one}" for one in ("local", "slurm", "ray", "stop", "top-up")),
    }
    assert taking - tried == {*workers, "show", "logs"}, "tried below, or a queue and workers"


def test_reading_opens_and_starts_nothing_that_the_database_names(folder: Path) -> None:
    before = hashlib.sha256((folder / "s.db").read_bytes()).hexdigest()
    with sqlite3.connect(folder / "s.db") as connection:
        jobs = [
            row[0]
            for row in connection.execute(
                "SELECT digest FROM jobs WHERE seed IN (7, 8) OR (seed = 0 AND method IN ('mine', 'evil'))"
            )
        ]
    connection.close()
    each = [[command, job] for job in jobs for command in ("show", "logs")]
    trace = ran(folder, [*READING, *each], "s.db")
    assert wrong_in(trace, folder) == []
    assert not list(folder.glob("RAN-*")), "not even the user's own is run"
    assert hashlib.sha256((folder / "s.db").read_bytes()).hexdigest() == before


@pytest.mark.slow
def test_the_board_opens_and_starts_nothing_that_the_database_names(folder: Path) -> None:
    pytest.importorskip("starlette", reason="the board's packages are the extra 'serve'")
    with sqlite3.connect(folder / "s.db") as connection:
        pages = [*PAGES, *(f"/job/{row[0]}" for row in connection.execute("SELECT digest FROM jobs"))]
    connection.close()
    (folder / "trace").unlink(missing_ok=True)
    done = python(folder, "-c", BOARD, json.dumps(pages))
    codes = json.loads(done.stdout.splitlines()[-1])
    assert len(codes) == len(pages) and set(codes) <= {200, 404, 422, 503}, dict(
        zip(pages, codes, strict=True)
    )
    assert codes.count(200) > 0.7 * len(codes) and "ftbench: error" not in done.stderr, done.stderr
    assert wrong_in((folder / "trace").read_text(), folder) == []
    assert not list(folder.glob("RAN-*")), "not even the user's own is run"


def test_commands_that_write_open_nothing_that_the_database_names(folder: Path) -> None:
    for name in ("copy.db", "w.db"):
        shutil.copy(folder / "s.db", folder / name)
    trace = ran(folder, WRITING, "w.db")
    assert wrong_in(trace, folder) == []
    assert not (folder / "RAN-evil").exists()
    assert sorted(path.name for path in (folder / "secrets").iterdir()) == [
        *("config.json", "model.safetensors", "train.csv", "train.tsv")
    ]


def test_a_worker_leaves_jobs_of_files_that_nobody_named_here(folder: Path) -> None:
    done = python(folder, "-m", "ftbench", "worker", "--drain", "--db", "s.db")
    assert not (folder / "RAN-evil").exists()
    assert "stay queued" in done.stdout + done.stderr and "Traceback" not in done.stderr
    connection = sqlite3.connect(folder / "s.db")
    assert connection.execute("SELECT count(*) FROM attempts WHERE outcome = 'ok'").fetchone() == (19,)
    told = [row[0] for row in connection.execute("SELECT message FROM attempts WHERE outcome = 'user'")]
    assert any("train.csv has changed since the job was queued" in one for one in told), told
    assert "hunter2" not in (folder / "s.db").read_bytes().decode(errors="replace")
    assert "hunter2" not in done.stdout + done.stderr


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
