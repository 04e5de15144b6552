"""Jobs from a file: those that are done are passed over."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ftbench.training.from_file import done_jobs


def test_only_jobs_with_a_recorded_end_are_passed_over(tmp_path: Path) -> None:
    events = tmp_path / "events.jsonl"
    assert done_jobs(events) == set()
    lines = ['{"event":"started","digest":"a"}', '{"event":"done","digest":"a"}']
    lines += ['{"event":"started","digest":"b"}', '{"event":"failed","digest":"b","outcome":"oom"}']
    events.write_text("\n".join([*lines, '{"event":"started","digest":"c"}']) + "\n")
    assert done_jobs(events) == {"a"}


ASKING = """
import json, sys
from ftbench.training import execute, from_file

def asks(command, events, stop):
    print("read", repr(sys.stdin.read()))
    return "done"

execute.execute = asks
from_file.job_of_line = json.loads
sys.exit(execute.main(sys.argv[1:]))
"""


@pytest.mark.parametrize("mode", ["file", "pipe"])
def test_a_job_that_asks_on_standard_input_gets_no_answer(tmp_path: Path, mode: str) -> None:
    (tmp_path / "jobs.jsonl").write_text('{"digest": "a", "job": {"task": {"revision": ""}}}\n')
    told = '{"digest": "a"}\n' if mode == "pipe" else "y\ny\n"
    events = os.open(tmp_path / "events.jsonl", os.O_WRONLY | os.O_CREAT)
    files = ["--jobs", "jobs.jsonl", "--events", "events.jsonl"]
    done = subprocess.run(
        [sys.executable, "-c", ASKING, *(files if mode == "file" else ["--events-fd", str(events)])],
        cwd=tmp_path,
        input=told,
        text=True,
        pass_fds=[events],
        capture_output=True,
        timeout=60,
    )
    os.close(events)
    assert (done.returncode, done.stdout) == (0, "read ''\n"), done.stderr


def test_a_closed_standard_input_is_an_empty_one() -> None:
    code = "from ftbench.settings import close_input; import os; close_input(); print(os.read(0, 1))"
    done = subprocess.run(["sh", "-c", f'"{sys.executable}" -c "{code}" <&-'], capture_output=True, text=True)
    assert done.stdout == "b''\n", done.stderr
