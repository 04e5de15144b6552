"""The process of a tracker: whatever it raises is told in a line, and the next job is taken."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ftbench import trackers
from ftbench.trackers import line_of_tracked
from ftbench.trackers._process import TrackerProcess
from tests.trackers.written import JOB, POINTS, SCORES, lines, series, write_tracker


def messages(how: str = "done") -> list[bytes]:
    job = line_of_tracked(JOB)
    points = [[p.run, p.step, p.name, p.value] for p in POINTS]
    scores = [[s.evaluation, s.metric, s.value] for s in SCORES]
    told: list[dict[str, Any]] = [
        {"op": "begin", "job": job},
        {"op": "points", "digest": JOB.digest, "points": points[:3]},
        {"op": "end", "job": job, "how": how, "points": points, "scores": scores},
    ]
    return [json.dumps(one).encode() for one in told]


@pytest.fixture
def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WRITTEN", str(tmp_path / "written.jsonl"))
    return tmp_path / "written.jsonl"


def served(tmp_path: Path, told: list[bytes]) -> list[dict[str, Any]]:
    said = io.StringIO()
    TrackerProcess(trackers.find(str(write_tracker(tmp_path)))(), said).serve(told)
    return [json.loads(line) for line in said.getvalue().splitlines()]


def test_a_done_job_is_acknowledged(tmp_path: Path, out: Path) -> None:
    assert served(tmp_path, messages()) == [{"sent": JOB.digest}]
    assert len(series(out, JOB.digest)["loss"]) == 5
    assert served(tmp_path, messages("failed")) == []


def test_what_is_open_when_the_input_ends_is_stopped(tmp_path: Path, out: Path) -> None:
    assert served(tmp_path, messages()[:2]) == []
    assert lines(out)[-1]["end"] == "stopped"


def test_what_a_tracker_raises_is_one_line_without_secrets(
    tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_API_KEY", "abcdefgh12345")
    monkeypatch.setenv("WRITTEN_FAILS", "no answer\nof https://me:hunter22@host with abcdefgh12345")
    told = served(tmp_path, messages())
    assert len(told) == 2, "of the beginning and of the end"
    for one in told:
        assert one["said"] == "RuntimeError: no answer of https://me:***@host with <token>"
    assert lines(out) == []


def test_the_real_process_is_silent_but_for_its_lines(tmp_path: Path, out: Path) -> None:
    noisy = write_tracker(tmp_path)
    begin = "        run = Run(job.digest)"
    noisy.write_text(noisy.read_text().replace(begin, f"        print('hello', flush=True)\n{begin}"))
    command = [sys.executable, "-P", "-m", "ftbench.trackers", str(noisy)]
    done = subprocess.run(command, input=b"\n".join(messages()) + b"\n", capture_output=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout) == {"sent": JOB.digest}
