"""Whether a queue under fire loses anything: workers are killed, stopped, signalled, locked out and lied to.

    python -m benchmarks.chaos [--workers 4] [--stub 300] [--real 20] [--disturbances 1000] [--step 0.03]

Stub jobs train nothing and show what becomes of the queue; real ones show what becomes of numbers. At the end
every job must be done once, with the scores of a queue that nobody disturbed, bit for bit; no checkpoint may
be left, and no worker may have printed a traceback. Exit 1 where that is not so. Of the workers on stub jobs
a third has a clock that is an hour ahead, and a third one that is an hour behind.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import chaos_child

LEASE = 2.0  # seconds
Fought = tuple["Field", dict[object, object]]  # and the scores that its jobs must have
GRID = [
    "--models",
    "tiny",
    "--tasks",
    "toy-accept",
    "--train-size",
    "96",
    "--no-baseline",
    "--set",
    "epochs=3",
]
#: All scores of each job, to the last bit.
SCORES = (
    "SELECT digest, group_concat(told) FROM (SELECT digest, evaluation || ' ' || metric || ' ' || "
    "printf('%!.17g', value) AS told FROM scores ORDER BY 1, 2) GROUP BY digest"
)
#: A worker whose jobs are stubs.
STUB_WORKER = """
import sys
from ftbench.db import open_database
from ftbench.db.backends.sqlite import Sqlite
from ftbench.services.worker import insisting, progress, worker
from ftbench.errors import FtbenchError
from ftbench.services.worker.options import Options, worker_name
address, lease, child, ahead = sys.argv[1:]
Sqlite.now += f" + {ahead}"
insist = insisting.Insisting(print)
try:
    with insist(lambda: open_database(address, timeout=insisting.LOCK)) as database:
        command = sys.executable, child
        options = Options(name=worker_name(None), lease=float(lease), drain=True, command=command)
        sys.exit(worker.Worker(database, options, progress.Lines()).run().exit_code)
except FtbenchError as error:
    sys.exit(f"error: {error}")
"""


@dataclass
class Field:
    """A database under fire, and the workers on it.

    Attributes:
        path: of the database.
        command: starts a worker.
        clocks: seconds by which a worker's clock may be ahead, the last word of its command; or none.
        kinds: what is done to it, by name.
        step: seconds that a step of a stub job takes.
        counts: what was done to it.
        retries: how often jobs that had failed were queued again, as by ``ftbench retry``.
        outputs: what its workers have printed.
    """

    path: Path
    command: list[str]
    draw: random.Random
    clocks: tuple[float, ...]
    kinds: dict[str, Callable[[Field], None]]
    step: float
    counts: Counter[str] = field(default_factory=Counter)
    retries: int = 0
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    outputs: list[Path] = field(default_factory=list)
    stopped: dict[int, float] = field(default_factory=dict)

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """Look into the database as any other tool would."""
        with closing(sqlite3.connect(self.path, timeout=60)) as connection:
            return connection.execute(query).fetchall()

    @property
    def open_jobs(self) -> int:
        """Jobs that are not done."""
        (row,) = self.rows("SELECT count(*) FROM jobs WHERE state <> 'done'")
        return int(str(row[0]))

    def start(self) -> None:
        """Start a worker."""
        output = self.path.parent / f"worker-{len(self.outputs)}.out"
        self.outputs.append(output)
        environment = {
            **os.environ,
            "FTBENCH_CHECKPOINT_SECONDS": "0",
            "NO_COLOR": "1",
            "OMP_NUM_THREADS": "1",
            chaos_child.SECONDS: str(self.step),
        }
        with output.open("wb") as file:
            self.workers.append(
                subprocess.Popen(
                    [*self.command, *([str(self.draw.choice(self.clocks))] if self.clocks else [])],
                    stdout=file,
                    stderr=file,
                    env=environment,
                    cwd=self.path.parent,
                    start_new_session=True,
                )
            )

    def keep(self, number: int) -> None:
        """Let so many workers live; those that were stopped go on after a while."""
        for pid, until in list(self.stopped.items()):
            if time.monotonic() >= until:
                del self.stopped[pid]
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)
        self.workers = [worker for worker in self.workers if worker.poll() is None]
        while len(self.workers) < number:
            self.start()

    def disturb(self) -> None:
        """Do one thing to one worker, its training process, the database or a checkpoint."""
        kind = self.draw.choice(list(self.kinds))
        with suppress(OSError, IndexError, sqlite3.OperationalError):
            self.kinds[kind](self)
            self.counts[kind] += 1

    def any_worker(self) -> int:
        """A worker that lives."""
        return self.draw.choice(self.workers).pid

    def any_child(self) -> int:
        """The training process of a worker."""
        worker = self.any_worker()
        words = Path(f"/proc/{worker}/task/{worker}/children").read_text().split()
        return int(self.draw.choice(words))

    def any_checkpoint(self) -> Path:
        """A file with a checkpoint."""
        return self.draw.choice(sorted(Path(f"{self.path}.work").glob("*/*.part.pt")))

    def pause(self, pid: int, seconds: float) -> None:
        """Stop a process for a while."""
        os.kill(pid, signal.SIGSTOP)
        self.stopped[pid] = time.monotonic() + seconds

    def lock(self, seconds: float) -> None:
        """Hold the database's write lock."""
        with closing(sqlite3.connect(self.path, timeout=1, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            time.sleep(seconds)
            connection.execute("ROLLBACK")

    def replace(self) -> None:
        """Put a copy of the database, which holds the same, in its place."""
        copy = self.path.with_suffix(".copy")
        copy.unlink(missing_ok=True)
        with (
            closing(sqlite3.connect(self.path, timeout=1, isolation_level=None)) as lock,
            closing(sqlite3.connect(self.path)) as reader,
        ):
            lock.execute("BEGIN IMMEDIATE")
            reader.execute("VACUUM INTO ?", [str(copy)])
            for end in ("-wal", "-shm"):
                Path(f"{self.path}{end}").unlink(missing_ok=True)
            copy.replace(self.path)
            lock.execute("ROLLBACK")

    def spoil(self, change: Callable[[bytes], bytes]) -> None:
        """Change a checkpoint behind everybody's back."""
        path = self.any_checkpoint()
        path.write_bytes(change(path.read_bytes()))

    def flip(self, content: bytes) -> bytes:
        """One bit is another one, where there is any."""
        if not content:
            return content
        at = self.draw.randrange(len(content))
        return content[:at] + bytes([content[at] ^ (1 << self.draw.randrange(8))]) + content[at + 1 :]

    def end(self) -> None:
        """End all workers; those that were stopped too."""
        for worker in self.workers:
            if worker.poll() is None:
                worker.kill()
            worker.wait()


def _accident(what: str) -> Callable[[Field], None]:
    """Let the next training process that looks for it do something."""
    return lambda f: (f.path.parent / chaos_child.ACCIDENT).write_text(what) and None


#: What is done, by name.
KINDS: dict[str, Callable[[Field], None]] = {
    "worker killed": lambda f: os.kill(f.any_worker(), signal.SIGKILL),
    "training process killed": lambda f: os.kill(f.any_child(), signal.SIGKILL),
    "worker stopped past its lease": lambda f: f.pause(f.any_worker(), 2.5 * LEASE),
    "training process stopped": lambda f: f.pause(f.any_child(), LEASE),
    "training process asked to stop": lambda f: os.kill(f.any_child(), signal.SIGTERM),
    "SIGTERM": lambda f: os.kill(f.any_worker(), signal.SIGTERM),
    "SIGINT": lambda f: os.kill(f.any_worker(), signal.SIGINT),
    "SIGHUP": lambda f: os.kill(f.any_worker(), signal.SIGHUP),
    "SIGUSR1": lambda f: os.kill(f.any_worker(), signal.SIGUSR1),
    "SIGTERM twice": lambda f: [os.kill(f.any_worker(), signal.SIGTERM) for _ in range(2)] and None,
    "database locked": lambda f: f.lock(f.draw.uniform(0.05, 0.5)),
    "database locked past the leases": lambda f: f.lock(3 * LEASE),
    "database replaced by a copy": Field.replace,
    "folder of checkpoints and logs deleted": lambda f: shutil.rmtree(f"{f.path}.work"),
    "checkpoint cut short": lambda f: f.spoil(lambda content: content[: len(content) // 2]),
    "checkpoint with a flipped bit": lambda f: f.spoil(f.flip),
    "checkpoint emptied": lambda f: f.spoil(lambda content: b""),
    "checkpoint deleted": lambda f: f.any_checkpoint().unlink(),
}
#: What training processes do that train nothing.
STUB_KINDS = KINDS | {f"training process: {what}": _accident(what) for what in chaos_child.ACCIDENTS}


def fire(field_: Field, workers: int, disturbances: int, pause: float) -> None:
    """Disturb, then let the workers finish in peace."""
    try:
        while sum(field_.counts.values()) < disturbances and field_.open_jobs:
            field_.keep(workers)
            time.sleep(field_.draw.expovariate(1 / pause))
            field_.disturb()
            retry(field_)
        while field_.open_jobs or field_.stopped:
            field_.keep(workers if field_.open_jobs else 0)
            retry(field_)
            time.sleep(0.1)
        for worker in field_.workers:
            worker.wait(120)
        field_.start()  # what a worker left that was killed at the very end, the next one clears away
        field_.workers[-1].wait(120)
    finally:
        field_.end()


def retry(field_: Field) -> None:
    """Queue failed jobs again, as their user would: to be killed three times is no fault of the queue's."""
    from ftbench.db import open_database
    from ftbench.errors import DatabaseError

    with suppress(DatabaseError, sqlite3.OperationalError):
        if field_.rows("SELECT 1 FROM jobs WHERE state = 'failed' LIMIT 1"):
            with open_database(str(field_.path), timeout=5) as database:
                database.jobs.retry()
            field_.retries += 1


def troubles(field_: Field) -> list[str]:
    """What ``ftbench db check`` finds."""
    from ftbench.db import open_database

    with open_database(str(field_.path), write=False) as database:
        return [f"{one.kind}: {one.first}" for one in database.health.troubles()]


def wrong(field_: Field, expected: dict[object, object]) -> list[str]:
    """What is not as it must be."""
    found = dict(field_.rows(SCORES))
    once = field_.rows("SELECT digest FROM attempts WHERE outcome = 'ok' GROUP BY digest HAVING count(*) = 1")
    left = [p for p in Path(f"{field_.path}.work").glob("*/*") if p.name.endswith((".pt", ".part"))]
    traces = [text[-500:] for p in field_.outputs if _fell(text := p.read_text(errors="replace"))]
    ill = troubles(field_)
    told = [
        (len(ill), f"troubles of the database, the first of them: {ill[:1]}"),
        (len(expected) - len(once), "jobs not done exactly once"),
        (sum(found.get(digest) != value for digest, value in expected.items()), "jobs with other scores"),
        (len(left), "checkpoints left"),
        (len(traces), f"tracebacks, the first of them: {traces[:1]}"),
    ]
    return [f"{number} {words}" for number, words in told if number]


def _fell(output: str) -> bool:
    """Whether a worker fell; one that met Ctrl-C while Python started did not."""
    return "Traceback" in output and not output.rstrip().endswith("KeyboardInterrupt")


def stub_field(folder: Path, jobs: int, draw: random.Random, step: float) -> Fought:
    """A queue of stub jobs, and the scores that they must have."""
    from ftbench.db import Entry, create_database
    from ftbench.domain.job import Job

    path = folder / "stub.db"
    queued = [Job("tiny", "r1", "toy", "r1", ("dev",), "bidrop", {"k": 2}, seed) for seed in range(jobs)]
    with create_database(str(path)) as database:
        database.jobs.add([Entry(job, "bidrop") for job in queued])
    command = [sys.executable, "-c", STUB_WORKER, str(path), str(LEASE), chaos_child.__file__]
    with closing(sqlite3.connect(":memory:")) as shown:
        text = "SELECT 'dev accuracy ' || printf('%!.17g', ?)"
        expected: dict[object, object] = {
            job.digest: shown.execute(text, (chaos_child.score(job.digest),)).fetchone()[0] for job in queued
        }
    return Field(path, command, draw, (0.0, 3600.0, -3600.0), STUB_KINDS, step), expected


def real_field(folder: Path, jobs: int, draw: random.Random, step: float) -> Fought:
    """A queue of real jobs, and the scores that they have where nobody disturbs them."""
    ftbench = [sys.executable, "-m", "ftbench"]
    command = ["worker", "--threads", "1", "--drain", "--db"]
    for name in ("calm.db", "real.db"):
        seeds = ["--methods", "vanilla", "--seeds", str(jobs), "--yes", "--db", str(folder / name)]
        subprocess.run([*ftbench, "queue", *GRID, *seeds], check=True, capture_output=True)
    subprocess.run([*ftbench, *command, str(folder / "calm.db")], check=True, capture_output=True)
    calm = Field(folder / "calm.db", [], draw, (), {}, step)
    expected = dict(calm.rows(SCORES))
    path = folder / "real.db"
    return Field(
        path, [*ftbench, *command, str(path), "--lease", str(LEASE)], draw, (), KINDS, step
    ), expected


def main(arguments: list[str] | None = None) -> int:
    """Fire, and count."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--stub", type=int, default=300, help="jobs that train nothing")
    parser.add_argument("--real", type=int, default=20, help="jobs that train")
    parser.add_argument("--disturbances", type=int, default=1000)
    parser.add_argument("--step", type=float, default=0.03, help="seconds of a step of a stub job")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(arguments)
    failed = False
    share = given.stub / max(1, given.stub + given.real)
    for name, make, jobs, part, pause in (
        ("stub", stub_field, given.stub, share, 0.15),
        ("real", real_field, given.real, 1 - share, 2.0),
    ):
        if not jobs:
            continue
        with tempfile.TemporaryDirectory() as folder:
            fought, expected = make(Path(folder), jobs, random.Random(given.seed), given.step)
            begun = time.monotonic()
            fire(fought, given.workers, round(given.disturbances * part), pause)
            found = wrong(fought, expected)
            told = f"{name}: {jobs} jobs, {len(fought.outputs)} workers, {sum(fought.counts.values())} "
            told += f"disturbances in {time.monotonic() - begun:.0f} s: "
            print(told + ("; ".join(found) or "each done once, bit-equal, nothing left, no traceback"))
            print(f"  {fought.retries:5}  (failed jobs queued again)")
            for kind, number in sorted(fought.counts.items()):
                print(f"  {number:5}  {kind}")
            failed = failed or bool(found)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
