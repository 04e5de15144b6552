"""The child process: a file of jobs, and jobs over a pipe."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ftbench import trust
from ftbench.domain.events import Collector, Events
from ftbench.domain.job import Job
from ftbench.domain.result import CurvePoint
from ftbench.metrics import score_bounds
from ftbench.training import execute, from_file, products
from ftbench.training.reporter import Reporter, Stop
from tests.training.conftest import Bench

ENDS = {"done", "failed", "stopped"}
Told = list[dict[str, Any]]


def line(job: Job, **more: Any) -> str:
    return json.dumps({"digest": job.digest, "job": job.canonical(), "places": {}, **more}) + "\n"


def read(path: Path) -> Told:
    return [json.loads(text) for text in path.read_text().splitlines()]


def kinds(events: Told) -> list[str]:
    """The events' names, repetitions left out."""
    names = [e["event"] for e in events]
    return [n for i, n in enumerate(names) if not i or names[i - 1] != n]


def scores(events: Told) -> dict[str, float]:
    return {e["metric"]: e["value"] for e in events if e["event"] == "score"}


def last_try(events: Told, digest: str) -> Told:
    """The events of a job's last try."""
    start = max(i for i, e in enumerate(events) if e["event"] == "started" and e["digest"] == digest)
    ends = [i for i, e in enumerate(events) if i > start and e["event"] in ENDS]
    return events[start : ends[0] + 1]


@pytest.fixture(autouse=True)
def process() -> Iterator[None]:
    """The handler of SIGTERM and the products that were there before."""
    term = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, term)
    products.use_torch()


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., tuple[int, Told]]:
    """Run a file of jobs in this process; gives the exit code and all events so far."""

    def do(*lines: str, more: tuple[str, ...] = ()) -> tuple[int, Told]:
        jobs, events = tmp_path / "jobs.jsonl", tmp_path / "events.jsonl"
        jobs.write_text("".join(lines))
        arguments = ["--jobs", str(jobs), "--events", str(events), "--device", "cpu", "--threads", "1"]
        return execute.main([*arguments, *more]), read(events)

    return do


# A method that does at its third step what its hyper-parameter says.
PLUGIN = """\
import os, signal
from dataclasses import dataclass
from ftbench.domain.hparams import hparam
from ftbench.methods import Method

class Falls(Method):
    @dataclass(frozen=True)
    class HParams:
        how: str = hparam("", help="what happens")

    def compute_loss(self, run, batch):
        loss, how = super().compute_loss(run, batch), self.hparams.how
        if run.step == 2:
            if how == "term":
                os.kill(os.getpid(), signal.SIGTERM)
            elif how == "nan":
                return loss * float("nan")
            elif how:
                raise eval(how)
        return loss
"""


@pytest.fixture
def falls(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """The line of a job whose method falls in some way."""
    path = tmp_path / "falls.py"
    path.write_text(PLUGIN)
    monkeypatch.setenv(trust.VARIABLE, str(path))

    def make(how: str, **more: Any) -> str:
        job = bench.job("falls", **{"steps": 5, **more})
        spec = job.canonical()
        spec["method"]["hparams"] = {"how": how}
        job = Job.from_canonical(spec)
        return line(job, places={"plugins": [str(path)]})

    return make


# -- a file of jobs ---------------------------------------------------------------------------------------


def test_a_job_of_a_file_gives_its_events_in_order(bench: Bench, run: Any) -> None:
    job = bench.job(steps=3)
    code, events = run(line(job))
    assert code == 0
    assert kinds(events) == [
        *("started", "progress", "predictions", "score", "curve", "provenance", "done"),
    ]
    assert {e["digest"] for e in events if "digest" in e} == {job.digest}
    progress = [e for e in events if e["event"] == "progress"]
    assert progress[-1] == {
        "event": "progress",
        "digest": job.digest,
        "run": "main",
        "step": 3,
        "total": 3,
    }
    assert set(scores(events)) == {"accuracy", "accuracy_label1", "f1", "matthews", "explained"}
    assert [e for e in events if e["event"] == "provenance"][0]["values"]["threads"] == 1


def test_progress_tells_of_the_memory_where_that_is_asked_for(bench: Bench) -> None:
    told, stream = json.loads(line(bench.job(steps=1))), io.StringIO()
    told |= {"memory": True, "device": "cpu", "threads": 1, "workdir": "", "checkpoint_seconds": 60.0}
    execute.execute(told, Events(stream), Stop(None))
    (progress,) = [e for e in map(json.loads, stream.getvalue().splitlines()) if e["event"] == "progress"]
    found = Collector(progress["digest"], score_bounds)
    found.take(progress)
    assert found.memory is not None and 0 < found.memory.held < found.memory.total


def test_progress_tells_each_point_once_where_it_is_asked_for(bench: Bench) -> None:
    told = json.loads(line(bench.job(steps=4)))
    told |= {"device": "cpu", "threads": 1, "workdir": "", "checkpoint_seconds": 60.0}

    def events(**more: bool) -> list[dict[str, Any]]:
        stream = io.StringIO()
        execute.execute({**told, **more}, Events(stream), Stop(None))
        return [json.loads(text) for text in stream.getvalue().splitlines()]

    live, silent = events(live=True), events()
    assert not any("points" in one for one in silent)
    points = [tuple(point) for one in live if one["event"] == "progress" for point in one.get("points", [])]
    assert sorted(points) == sorted((e["name"], e["step"], e["value"]) for e in live if e["event"] == "curve")
    assert [e for e in live if e["event"] == "curve"] == [e for e in silent if e["event"] == "curve"]


def test_a_run_that_begins_anew_tells_its_points_again() -> None:
    stream, first = io.StringIO(), CurvePoint("main", 1, "loss", 0.5)
    reporter = Reporter(Events(stream), "d", Stop(None), live=True)
    for points in ([first], [], [first, CurvePoint("main", 2, "loss", 0.4)]):
        reporter.progress("main", 2, 2, points)
    reporter.progress("second", 2, 2, [CurvePoint("second", 1, "loss", 0.3)])
    told = [json.loads(text).get("points") for text in stream.getvalue().splitlines()]
    assert told == [[["loss", 1, 0.5]], None, [["loss", 1, 0.5], ["loss", 2, 0.4]], [["loss", 1, 0.3]]]


def test_a_bad_job_fails_alone(bench: Bench, run: Any) -> None:
    good, bad = bench.job(steps=1), bench.job("bidrp", steps=1)
    code, events = run(line(bad), line(good))
    assert code == 1
    (failed,) = [e for e in events if e["event"] == "failed"]
    assert failed["digest"] == bad.digest and failed["outcome"] == "user"
    assert "unknown method 'bidrp'; did you mean 'bidrop'?" in failed["message"]
    assert events[-1] == {"event": "done", "digest": good.digest}
    assert [e["event"] for e in events if e["event"] in ENDS] == ["failed", "done"]


def test_fp16_without_a_gpu_is_refused_in_one_line_and_is_the_machines_fault(bench: Bench, run: Any) -> None:
    code, events = run(line(bench.job(steps=1, precision="fp16")))
    (failed,) = [e for e in events if e["event"] == "failed"]
    assert code == 1 and failed["outcome"] == "environment" and not scores(events)
    assert failed["message"] == (
        "precision=fp16 needs a CUDA GPU, and this is the cpu: run the job with `ftbench worker --gpu 0` "
        "on a machine that has one, or queue it with --set precision=fp32"
    )


@pytest.mark.parametrize(
    ("how", "outcome", "message"),
    [
        ("ValueError('two\\nlines')", "user", "ValueError: two lines"),
        ("MemoryError()", "oom", "MemoryError"),
        ("RuntimeError('CUDA out of memory. Tried to allocate')", "oom", "CUDA out of memory"),
        ("OSError(28, 'No space left on device')", "environment", "No space left on device"),
        ("RuntimeError('CUDA error: device-side assert')", "environment", "CUDA error: device-side assert"),
        ("nan", "diverged", "not finite from step 3 of run 'main'"),
    ],
)
def test_a_fall_is_told_by_its_class_and_gives_no_score(
    run: Any, falls: Any, how: str, outcome: str, message: str, capfd: pytest.CaptureFixture[str]
) -> None:
    code, events = run(falls(how))
    assert code == 1 and [e["event"] for e in events if e["event"] in ENDS] == ["failed"]
    assert not scores(events) and not [e for e in events if e["event"] == "predictions"]
    (failed,) = [e for e in events if e["event"] == "failed"]
    assert failed["outcome"] == outcome and message in failed["message"] and "\n" not in failed["message"]
    assert failed.get("final", False) is (outcome == "oom"), "its micro-batches are one row by then"
    assert ("falls.py" in failed["traceback"]) is (how != "nan")
    assert ("falls.py" in capfd.readouterr().err) is (how != "nan")  # into the job's log


@pytest.mark.parametrize("task", ["toy-accept", "toy-sim"])
def test_weights_that_the_last_update_broke_give_no_score(bench: Bench, run: Any, task: str) -> None:
    job = bench.job(task=task, steps=1, lr=1e38, warmup_steps=0)
    code, events = run(line(job))
    assert code == 1 and not scores(events)
    assert events[-1]["outcome"] == "diverged"
    assert events[-1]["message"] == "predictions on dev are not finite"


@pytest.mark.parametrize(
    ("how", "outcome", "message"),
    [
        ("SystemExit(0)", "user", "SystemExit: 0"),
        ("KeyboardInterrupt()", "user", "KeyboardInterrupt"),
        ("ValueError('bad \\ud800 name')", "user", "bad \\ud800 name"),
        ("ValueError('y' * 5_000_000)", "user", "yyy"),
        ('RuntimeError("can\'t start new thread")', "oom", "can't start new thread"),
    ],
)
def test_whatever_a_method_raises_ends_its_job_and_not_the_process(
    run: Any, falls: Any, how: str, outcome: str, message: str
) -> None:
    code, events = run(falls(how))
    last = events[-1]
    assert code == 1 and (last["event"], last["outcome"]) == ("failed", outcome)
    assert message in last["message"] and len(json.dumps(last)) < 200_000
    last["message"].encode()


def test_a_job_that_changes_its_process_says_so_in_its_last_event(run: Any, falls: Any) -> None:
    _, calm = run(falls("no such name"))
    assert "changed" not in calm[-1]
    before = os.environ.copy()
    try:
        _, events = run(falls("os.environ.update(LEFT='1')"))
    finally:
        os.environ.pop("LEFT", None)
    assert events[-1]["changed"] == ["the environment"] and os.environ == before


def test_every_event_of_a_job_names_it(bench: Bench, run: Any) -> None:
    job = bench.job(steps=2)
    _, events = run(line(job))
    assert {event["digest"] for event in events} == {job.digest}


def test_sigterm_stops_with_a_checkpoint_and_the_job_goes_on_from_it(
    run: Any, falls: Any, tmp_path: Path, bench: Bench
) -> None:
    job, other = falls("term"), bench.job(steps=1)
    more = ("--workdir", str(tmp_path / "work"))
    code, events = run(job, line(other), more=more)
    assert code == 1 and events[-1]["event"] == "stopped" and not scores(events)
    digest = json.loads(job)["digest"]
    assert [p.name for p in (tmp_path / "work").glob(f"{digest}.*/*")] == ["main.part.pt"]
    code, events = run(job, line(other), more=more)
    assert code == 0 and events[-1] == {"event": "done", "digest": other.digest}
    resumed = last_try(events, digest)
    (provenance,) = [e for e in resumed if e["event"] == "provenance"]
    assert provenance["values"]["runs"]["main"]["resumed_at"] == 3
    calm = falls("")
    _, events = run(calm)
    undisturbed = last_try(events, json.loads(calm)["digest"])
    assert scores(resumed) == scores(undisturbed)
    logits = [[e["logits"] for e in found if e["event"] == "predictions"] for found in (resumed, undisturbed)]
    assert logits[0] == logits[1] and len(logits[0]) == 1


def test_a_partial_last_line_is_cut_before_more_is_written(bench: Bench, run: Any, tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").write_text('{"event":"started","digest":"a"}\n{"event":"sco')
    _, events = run(line(bench.job(steps=1)))
    assert events[0] == {"event": "started", "digest": "a"} and events[1]["event"] == "started"
    assert events[-1]["event"] == "done"


@pytest.mark.parametrize("content", ["", "half", "one\n", "one\ntwo\n", "one\nhal"])
def test_cutting_leaves_whole_lines(tmp_path: Path, content: str) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text(content)
    from_file.cut_partial_line(path)
    assert path.read_text() == content[: content.rfind("\n") + 1]
    from_file.cut_partial_line(tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_empty_lines_are_no_jobs(bench: Bench, run: Any) -> None:
    code, events = run("\n", line(bench.job(steps=1)), "\n")
    assert code == 0 and events[-1]["event"] == "done"


def test_what_is_no_job_is_a_failure_of_the_user() -> None:
    written = io.StringIO()
    end = execute.execute({"digest": "d", "job": {}}, Events(written), Stop(None))
    events = [json.loads(text) for text in written.getvalue().splitlines()]
    assert end == "failed" and [e["event"] for e in events] == ["started", "failed"]
    assert events[1]["outcome"] == "user" and events[1]["message"] == "KeyError: 'model'"


def test_files_or_a_pipe_must_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as error:
        execute.main(["--jobs", "x"])
    assert error.value.code == 2 and "--events" in capsys.readouterr().err


# -- jobs over a pipe -------------------------------------------------------------------------------------


class Child:
    """A real child process with its two pipes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        ours, theirs = os.pipe()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "ftbench.training.execute", "--events-fd", str(theirs)],
            stdin=subprocess.PIPE,
            pass_fds=[theirs],
            start_new_session=True,
            cwd=folder,
        )
        os.close(theirs)
        self.events = os.fdopen(ours)

    def send(self, job: Job, **more: Any) -> None:
        assert self.process.stdin is not None
        command = {"op": "run", "threads": 1, "device": "cpu", "log": str(self.folder / "logs" / "job.log")}
        command |= {"workdir": str(self.folder / job.digest), "checkpoint_seconds": 60.0, **more}
        self.process.stdin.write(line(job, **command).encode())
        self.process.stdin.flush()

    def until(self, *names: str) -> Told:
        """Events up to the first of these names; fails at the end of the pipe."""
        found: Told = []
        for text in self.events:
            found.append(json.loads(text))
            if found[-1]["event"] in names:
                return found
        raise AssertionError(f"the pipe ended after {found[-3:]}")


@pytest.fixture(scope="module")
def child(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Child]:
    made = Child(tmp_path_factory.mktemp("child"))
    patience = threading.Timer(180, made.process.kill)  # a child that hangs fails, and hangs no test
    patience.start()
    yield made
    patience.cancel()
    if made.process.poll() is None:
        made.process.kill()
    made.process.wait()
    made.events.close()
    if made.process.stdin is not None and not made.process.stdin.closed:
        made.process.stdin.close()


LONG = {"steps": 100000}


def test_a_child_lives_from_job_to_job_is_stopped_by_sigterm_and_ends_with_its_commands(
    bench: Bench, child: Child
) -> None:
    (ready,) = child.until("ready")
    assert ready == {"event": "ready", "pid": child.process.pid}

    # a job that is done
    short = bench.job(steps=2)
    child.send(short)
    first = child.until(*ENDS)
    assert kinds(first) == ["started", "progress", "predictions", "score", "curve", "provenance", "done"]

    # SIGTERM: the job stops with a checkpoint, and the process stays
    long = bench.job("rdrop", **LONG)
    child.send(long)
    assert child.until("progress")[-1]["digest"] == long.digest
    child.process.send_signal(signal.SIGTERM)
    assert child.until(*ENDS)[-1] == {"event": "stopped", "digest": long.digest}
    assert (child.folder / long.digest / "main.part.pt").exists()

    # Ctrl-C reaches it too, and is the worker's affair; a SIGTERM between jobs stops none
    child.process.send_signal(signal.SIGINT)
    child.process.send_signal(signal.SIGTERM)
    bad = bench.job("bidrp", steps=1)
    child.send(bad)
    failed = child.until(*ENDS)
    assert kinds(failed) == ["started", "failed"] and failed[-1]["outcome"] == "user"
    assert failed[-1]["message"].startswith("unknown method 'bidrp'")
    assert "UnknownName" in (child.folder / "logs" / "job.log").read_text()  # what is printed goes to the log
    child.send(short, workdir="")
    assert scores(child.until(*ENDS)) == scores(first)

    # the end of the commands in the middle of a job: a checkpoint, and the end
    another = bench.job("bidrop", **LONG)
    child.send(another)
    child.until("progress")
    assert child.process.stdin is not None
    child.process.stdin.close()
    assert child.until(*ENDS)[-1] == {"event": "stopped", "digest": another.digest}
    assert (child.folder / another.digest / "main.part.pt").exists()
    assert child.process.wait(timeout=60) == 0
    assert child.events.read() == ""


def test_freed_memory_is_kept_unless_the_user_says_how_to_handle_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int]] = []

    class Library:
        def __init__(self, _: object) -> None:
            self.mallopt = lambda what, value: asked.append((what, value))

    monkeypatch.setattr(execute.ctypes, "CDLL", Library)
    for name in [n for n in os.environ if n.startswith("MALLOC_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("MALLOC_ARENA_MAX", "2")
    execute.keep_memory()
    assert asked == []
    monkeypatch.delenv("MALLOC_ARENA_MAX")
    execute.keep_memory()
    assert dict(asked)[execute._M_MMAP_MAX] == 0 and dict(asked)[execute._M_TRIM_THRESHOLD] > 2**30
    monkeypatch.setattr(execute.ctypes, "CDLL", lambda _: object())  # another C library
    execute.keep_memory()


def test_the_libraries_are_no_matter_of_the_collector_which_goes_on_after_them() -> None:
    code = (
        "import gc; from ftbench.training import execute; execute.load_libraries(); "
        "print(gc.isenabled(), gc.get_freeze_count() > 2 * len(gc.get_objects()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True"]


def test_a_training_process_tells_whose_products_it_computed(
    run: Callable[..., tuple[int, Told]], bench: Bench
) -> None:
    code, sent = run(line(bench.job(steps=1)))
    (facts,) = [event["values"] for event in sent if event["event"] == "provenance"]
    assert code == 0
    assert facts["products"] == ("onednn" if products.faster_elsewhere() else "torch")
