"""What a worker shows."""

from __future__ import annotations

import io
from dataclasses import replace

from rich.console import Console

from ftbench.domain.perturbation import Perturbation
from ftbench.domain.result import State
from ftbench.services.worker.progress import Lines, LiveLine, job_words
from tests.services.worker.helpers import job

DIGEST = "3f2a5b" + "0" * 58
COUNTS = {State.QUEUED: 50, State.RUNNING: 1, State.DONE: 400}


def pipe() -> Console:
    return Console(file=io.StringIO(), force_terminal=False, width=80)


def text(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_pipe_gets_one_line_for_each_attempt() -> None:
    console = pipe()
    lines = Lines(console)
    lines.counted(COUNTS)
    lines.started(DIGEST, "bidrop sst2 seed 1")
    lines.step(DIGEST, "main", 1, 10)
    lines.ended(DIGEST, "done", 41.23)
    lines.started(DIGEST, "bidrop sst2 seed 2")
    lines.ended(DIGEST, "failed", 2.0, "diverged: the loss is [not] finite, " + "and so on " * 20)
    lines.close()
    first, second = text(console).splitlines()
    assert first == "done      3f2a5b00  bidrop sst2 seed 1  41.2 s  (1 done, 51 left)"
    assert second.startswith("failed    3f2a5b00  bidrop sst2 seed 2  2.0 s  (1 done, 1 failed, 51 left)")
    assert "[not]" in second


def test_a_terminal_shows_run_step_and_time_left() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=200, color_system=None)
    live = LiveLine(console)
    live.counted(COUNTS)
    live.started(DIGEST, "bidrop sst2 seed 1")
    live.step(DIGEST, "main", 3, 12)
    assert "0 done · 1 running · 51 left · 3f2a5b00 bidrop sst2 seed 1 main 3/12 · about" in text(console)
    live.ended(DIGEST, "done", 60.0)
    live.counted({State.QUEUED: 50})
    live.tick()
    assert "1 done · 0 running · 50 left · about 50 min left" in text(console)
    live.close()


def test_jobs_at_the_same_time_have_a_line_each() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=60, color_system=None)
    live = LiveLine(console)
    other = "a" * 64
    live.counted({State.QUEUED: 7, State.RUNNING: 2})
    live.started(DIGEST, "bidrop sst2 seed 1")
    live.started(other, "rdrop sst2 seed 2, a name that is far too long for the line")
    live.step(other, "main", 3, 12)
    live.step(DIGEST, "main", 5, 12)
    shown = text(console).rpartition("0 done")[2].split("\n")
    assert shown[0].startswith(" · 2 running · 9 left · about ")
    assert shown[1].strip() == "slot 1 · 3f2a5b00 bidrop sst2 seed 1 main 5/12"
    assert shown[2].startswith("  slot 2 · aaaaaaaa rdrop sst2 seed 2, a name") and "…" in shown[2]
    live.ended(DIGEST, "done", 60.0)
    assert "done      3f2a5b00  bidrop sst2 seed 1" in text(console)
    assert "1 done · 2 running · 9 left · aaaaaaaa rdrop sst2" in text(console).rpartition("\n")[2]
    live.started("b" * 64, "the next one")
    shown = text(console).rpartition("1 done")[2].split("\n")
    assert shown[1].strip() == "slot 1 · bbbbbbbb the next one"
    assert shown[2].startswith("  slot 2 · aaaaaaaa")
    live.close()


def test_time_left_is_shared_by_the_workers_that_run() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=200, color_system=None)
    live = LiveLine(console)
    live.counted({State.QUEUED: 40, State.RUNNING: 4})
    live.started(DIGEST, "x")
    live.ended(DIGEST, "done", 60.0)
    assert "about 10 min left" in text(console)
    live.close()


def test_a_line_is_cut_to_the_terminal() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=30, color_system=None)
    live = LiveLine(console)
    live.started(DIGEST, "a method with a very long name indeed")
    live.close()
    assert all(len(line) < 60 for line in text(console).split("\n"))


def test_a_job_is_named_with_what_was_done_to_its_data() -> None:
    changed = replace(job(1), perturbation=Perturbation.of({"train_size": 500, "noise": 0.1}))
    assert job_words(changed, "bidrop[k=3]") == "bidrop[k=3] toy seed 1 train_size 500 noise 0.1"
