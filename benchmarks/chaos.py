"""Whether a queue under fire loses anything: workers are killed, stopped, signalled, locked out and lied to.

    python -m benchmarks.chaos [--db postgresql] [--workers 4] [--stub 300] [--real 20] [--disturbances 1000]

Stub jobs train nothing and show what becomes of the queue; real ones show what becomes of numbers. At the end
every job must be done once, with the scores and logits of a queue that nobody disturbed, bit for bit; no
checkpoint may be left, and no worker may have printed a traceback. Exit 1 where that is not so. Of the
workers on stub jobs a third has a clock that is an hour ahead, and a third one that is an hour behind. With
``--db postgresql`` the queue is on a server of its own, which is restarted, stopped, cut off and, for root,
left without space; what nobody disturbed is a SQLite file all the same.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import _server, chaos_child
from benchmarks._grounds import File, Ground, Missed, OnServer
from ftbench.settings import work_dir

LEASE = 2.0  # seconds
Numbers = dict[str, dict[tuple[str, str], str | bytes]]  # of each job
Fought = tuple["Field", Numbers]  # and the numbers that its jobs must have
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
#: All scores of each job, and its logits.
NUMBERS = (
    "SELECT digest, evaluation, metric, value FROM scores",
    "SELECT digest, run, evaluation, logits FROM predictions",
)
#: A worker whose jobs are stubs.
STUB_WORKER = """
import sys
from ftbench.db import open_database
from ftbench.db.backends.addresses import backend_of
from ftbench.services.worker import insisting, progress, worker
from ftbench.errors import FtbenchError
from ftbench.services.worker.options import Options, worker_name
address, lease, child, ahead = sys.argv[1:]
type(backend_of(address)).now += f" + {ahead}"
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
        ground: the database.
        command: starts a worker.
        clocks: seconds by which a worker's clock may be ahead, the last word of its command; or none.
        kinds: what is done to its workers, by name; what is done to it, it knows itself.
        step: seconds that a step of a stub job takes.
        counts: what was done to it.
        retries: how often jobs that had failed were queued again, as by ``ftbench retry``.
        outputs: what its workers have printed.
    """

    ground: Ground
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

    @property
    def open_jobs(self) -> int:
        """Jobs that are not done."""
        (row,) = self.ground.rows("SELECT count(*) FROM jobs WHERE state <> 'done'")
        return int(row[0])

    @property
    def work(self) -> Path:
        """The folder of checkpoints and logs."""
        return self.ground.folder / work_dir(self.ground.address)

    def start(self) -> None:
        """Start a worker."""
        output = self.ground.folder / f"worker-{len(self.outputs)}.out"
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
                    cwd=self.ground.folder,
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
        self.ground.keep()
        self.workers = [worker for worker in self.workers if worker.poll() is None]
        while len(self.workers) < number:
            self.start()

    def disturb(self) -> None:
        """Do one thing to one worker, its training process, the database or a checkpoint."""
        kind = self.draw.choice([*self.kinds, *self.ground.kinds])
        with suppress(*Missed):
            if kind in self.kinds:
                self.kinds[kind](self)
            else:
                self.ground.kinds[kind](self.ground, self.draw)
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
        return self.draw.choice(sorted(self.work.glob("*/*.part.pt")))

    def pause(self, pid: int, seconds: float) -> None:
        """Stop a process for a while."""
        os.kill(pid, signal.SIGSTOP)
        self.stopped[pid] = time.monotonic() + seconds

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
    return lambda f: (f.ground.folder / chaos_child.ACCIDENT).write_text(what) and None


#: What is done to workers, by name.
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
    "folder of checkpoints and logs deleted": lambda f: shutil.rmtree(f.work),
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


def numbers(ground: Ground) -> Numbers:
    """What each job came to: its scores to the last bit, and its logits as they were computed."""
    found: Numbers = {}
    for query in NUMBERS:
        for digest, place, name, value in ground.rows(query):
            exact = zlib.decompress(value) if isinstance(value, bytes) else float(value).hex()
            found.setdefault(digest, {})[place, name] = exact
    return found


def retry(field_: Field) -> None:
    """Queue failed jobs again, as their user would: to be killed three times is no fault of the queue's."""
    from ftbench.db import open_database
    from ftbench.errors import DatabaseError

    with suppress(DatabaseError, *Missed):
        if field_.ground.rows("SELECT 1 FROM jobs WHERE state = 'failed' LIMIT 1"):
            with open_database(field_.ground.address, timeout=5) as database:
                database.jobs.retry()
            field_.retries += 1


def troubles(field_: Field) -> list[str]:
    """What ``ftbench db check`` finds."""
    from ftbench.db import open_database

    with open_database(field_.ground.address, write=False) as database:
        return [f"{one.kind}: {one.first}" for one in database.health.troubles()]


def wrong(field_: Field, expected: Numbers) -> list[str]:
    """What is not as it must be."""
    found, ground = numbers(field_.ground), field_.ground
    once = ground.rows("SELECT digest FROM attempts WHERE outcome = 'ok' GROUP BY digest HAVING count(*) = 1")
    left = [p for p in field_.work.glob("*/*") if p.name.endswith((".pt", ".part"))]
    traces = [text[-500:] for p in field_.outputs if _fell(text := p.read_text(errors="replace"))]
    ill = troubles(field_)
    told = [
        (len(ill), f"troubles of the database, the first of them: {ill[:1]}"),
        (len(expected) - len(once), "jobs not done exactly once"),
        (sum(found.get(digest) != value for digest, value in expected.items()), "jobs with other numbers"),
        (len(left), "checkpoints left"),
        (len(traces), f"tracebacks, the first of them: {traces[:1]}"),
    ]
    return [f"{number} {words}" for number, words in told if number]


def _fell(output: str) -> bool:
    """Whether a worker fell; one that met Ctrl-C while Python started did not."""
    return "Traceback" in output and not output.rstrip().endswith("KeyboardInterrupt")


def stub_field(ground: Ground, jobs: int, draw: random.Random, step: float) -> Fought:
    """A queue of stub jobs, and the scores that they must have."""
    from ftbench.db import Entry, create_database
    from ftbench.domain.job import Job

    queued = [Job("tiny", "r1", "toy", "r1", ("dev",), "bidrop", {"k": 2}, seed) for seed in range(jobs)]
    with create_database(ground.address) as database:
        database.jobs.add([Entry(job, "bidrop") for job in queued])
    command = [sys.executable, "-c", STUB_WORKER, ground.address, str(LEASE), chaos_child.__file__]
    expected: Numbers = {
        job.digest: {("dev", "accuracy"): chaos_child.score(job.digest).hex()} for job in queued
    }
    return Field(ground, command, draw, (0.0, 3600.0, -3600.0), STUB_KINDS, step), expected


def real_field(ground: Ground, jobs: int, draw: random.Random, step: float) -> Fought:
    """A queue of real jobs, and the numbers that they have where nobody disturbs them."""
    ftbench = [sys.executable, "-m", "ftbench"]
    command = ["worker", "--threads", "1", "--drain", "--db"]
    calm = File(ground.folder / "calm.db")
    for address in (calm.address, ground.address):
        seeds = ["--methods", "vanilla", "--seeds", str(jobs), "--yes", "--db", address]
        subprocess.run([*ftbench, "queue", *GRID, *seeds], check=True, capture_output=True)
    subprocess.run([*ftbench, *command, calm.address], check=True, capture_output=True)
    fighting = [*ftbench, *command, ground.address, "--lease", str(LEASE)]
    return Field(ground, fighting, draw, (), KINDS, step), numbers(calm)


@contextmanager
def grounds(system: str) -> Iterator[Callable[[str, Path], Ground]]:
    """What makes databases on a system, by their names, in folders.

    Raises:
        SystemExit: there is no PostgreSQL here.
    """
    if system == "sqlite":
        yield lambda name, folder: File(folder / f"{name}.db")
        return
    if _server.binaries() is None:
        sys.exit("there is no PostgreSQL on this machine: initdb is needed")
    limits = {"max_connections": "40", "max_wal_size": "64MB", "min_wal_size": "32MB"}
    with _server.Server(limits, megabytes=300 if os.geteuid() == 0 else None) as server:
        yield lambda name, folder: OnServer(server, name, folder)


def main(arguments: list[str] | None = None) -> int:
    """Fire, and count."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--db", choices=("sqlite", "postgresql"), default="sqlite", help="the system")
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--stub", type=int, default=300, help="jobs that train nothing")
    parser.add_argument("--real", type=int, default=20, help="jobs that train")
    parser.add_argument("--disturbances", type=int, default=1000)
    parser.add_argument("--step", type=float, default=0.03, help="seconds of a step of a stub job")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(arguments)
    failed = False
    share = given.stub / max(1, given.stub + given.real)
    with grounds(given.db) as ground:
        for name, make, jobs, part, pause in (
            ("stub", stub_field, given.stub, share, 0.15),
            ("real", real_field, given.real, 1 - share, 2.0),
        ):
            if not jobs:
                continue
            with tempfile.TemporaryDirectory() as folder:
                draw = random.Random(given.seed)
                fought, expected = make(ground(name, Path(folder)), jobs, draw, given.step)
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
