"""How a worker works."""

from __future__ import annotations

import os

import pytest

from ftbench._version import __version__
from ftbench.services.worker.options import Options, worker_name


def test_the_name_is_the_variables_or_the_process_id(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FTBENCH_WORKER", "gpu0")
    assert worker_name() == "gpu0"
    monkeypatch.setenv("FTBENCH_WORKER", "")
    assert worker_name() == f"worker-{os.getpid()}"
    monkeypatch.delenv("FTBENCH_WORKER")
    assert worker_name() == f"worker-{os.getpid()}"


def test_what_is_told_at_the_start_says_how_the_worker_works_and_leaves_out_what_is_not_set() -> None:
    told = Options(name="w", device="cuda:1", threads=3, slots=None, timeout=60.0).told()
    assert told["ftbench"] == __version__ and told["pid"] == os.getpid()
    assert (told["device"], told["threads"], told["slots"], told["timeout"]) == ("cuda:1", 3, "auto", 60.0)
    assert told["drain"] is told["max_jobs"] is told["data_dir"] is None
