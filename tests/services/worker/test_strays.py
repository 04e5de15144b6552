"""What a job leaves running is ended with its training process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from ftbench.services.worker import strays

pytestmark = pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="the system tells nothing")

#: Starts a process that sleeps, tells its id, and ends; the sleeper does what the first word says.
PARENT = """
import os, subprocess, sys
how = sys.argv[1]
if how == "fork":
    pid = os.fork()
    if not pid:
        os.close(1)
        import time; time.sleep(600)
else:
    pid = subprocess.Popen(
        ["sleep", "600"], start_new_session=how == "session", stdout=subprocess.DEVNULL,
        env={} if how == "bare" else None,
    ).pid
print(pid, flush=True)
os._exit(0)
"""


@pytest.mark.parametrize("how", ["child", "session", "fork", "bare"])
def test_whatever_a_process_started_ends_after_it(how: str) -> None:
    mark = strays.mark()
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, how],
        env={**os.environ, **mark},
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert parent.stdout is not None
    left = int(parent.stdout.readline())
    parent.wait()
    handle = os.pidfd_open(left)
    try:
        assert strays.end_strays(parent.pid, mark) == [left]
        import select

        assert select.select([handle], [], [], 20)[0], "it has ended"
    finally:
        os.close(handle)
        parent.stdout.close()


def test_nobody_elses_process_is_touched() -> None:
    other = subprocess.Popen(["sleep", "600"], env={**os.environ, **strays.mark()})
    try:
        assert strays.end_strays(2**22 + 1, strays.mark()) == []
        assert other.poll() is None
    finally:
        other.send_signal(signal.SIGKILL)
        other.wait()
