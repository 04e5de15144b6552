"""The command line of a launched worker."""

from __future__ import annotations

from ftbench.services.launching.arguments import WorkerArguments


def test_what_was_not_asked_for_is_left_to_the_worker() -> None:
    assert WorkerArguments().words(None) == ("--slots", "1")  # else each would take all cores
    assert WorkerArguments(drain=True).words(0) == ("--drain", "--gpu", "0")


def test_everything_is_passed_on() -> None:
    told = WorkerArguments("auto", "5", 2, "8h", "10m", False, "/a.py,/b.py", "/data", "wandb,/t.py")
    assert told.words(3) == (
        *("--gpu", "3", "--slots", "auto", "--lease", "5", "--threads", "2", "--time", "8h"),
        *("--idle", "10m", "--methods", "/a.py,/b.py", "--data-dir", "/data"),
        *("--track", "wandb,/t.py"),
    )
