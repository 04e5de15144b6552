"""Workers of this host, found by what they were told."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ftbench.domain.launch import Allocation, Launch
from ftbench.errors import BadValue, FtbenchError
from ftbench.services.launching.base import Seen, Sight, variables
from ftbench.services.launching.local import Local, devices, gpu_numbers
from ftbench.services.worker import machine


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0-7", tuple(range(8))), ("0,2", (0, 2)), ("0-1, 6", (0, 1, 6)), ("3", (3,))],
)
def test_lists_of_gpus_are_read(text: str, expected: tuple[int, ...]) -> None:
    assert gpu_numbers(text, 8) == expected


@pytest.mark.parametrize("text", ["", "a", "0-", "-1", "1-0", "0,0", "0-2,1", "0;1"])
def test_what_is_no_list_of_gpus_is_refused(text: str) -> None:
    with pytest.raises(BadValue, match="--gpus"):
        gpu_numbers(text, 8)


def test_a_gpu_that_is_not_there_is_named() -> None:
    with pytest.raises(BadValue, match="no GPU 4 here, there is 0 to 3"):
        gpu_numbers("0-7", 4)
    with pytest.raises(BadValue, match="no GPU 1 here, there is only 0"):
        gpu_numbers("0,1", 1)
    with pytest.raises(BadValue, match="there is none; --workers N uses the CPU"):
        gpu_numbers("0", 0)


def test_each_gpu_has_a_worker_and_a_host_without_one_has_one_on_the_cpu(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(machine, "gpus", lambda: 4)
    monkeypatch.setattr(machine, "torch_has_cuda", lambda: True)
    assert devices(None, None) == (0, 1, 2, 3)
    assert devices("0,2", None) == (0, 2)
    assert devices(None, 2) == (None, None)
    with pytest.raises(BadValue, match="give one of them"):
        devices("0", 2)
    monkeypatch.setattr(machine, "torch_has_cuda", lambda: False)
    assert devices(None, None) == (None,)
    with pytest.raises(BadValue, match="torch installed here is built for the CPU alone"):
        devices("0", None)


def test_a_worker_is_found_and_stopped_by_what_it_was_told(tmp_path: Path) -> None:
    engine, host = Local(tmp_path), socket.gethostname()
    new = [Allocation("0a1b2c3d", number) for number in (0, 1)]
    names = engine.start(Launch("0a1b2c3d", "local", 2), new)
    assert names == {0: f"{host}/0", 1: f"{host}/1"}
    those = [Allocation("0a1b2c3d", number, names[number]) for number in (0, 1)]
    told = {**os.environ, **variables("0a1b2c3d", 1)}
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    trainer = subprocess.Popen(command, env=told)  # told the same, as all that a worker starts
    worker = subprocess.Popen([*command, "worker"], env=told)
    try:
        end = time.monotonic() + 20
        while not engine.seen(those) and time.monotonic() < end:
            time.sleep(0.01)
        assert engine.seen(those) == {f"{host}/1": Seen(Sight.RUNNING, host)}
        engine.stop(those)
        assert worker.wait(20) == -signal.SIGTERM and trainer.poll() is None
        assert engine.seen(those) == {}
    finally:
        for process in (worker, trainer):
            process.kill()
            process.wait()


def test_of_another_host_nothing_is_known(tmp_path: Path) -> None:
    with pytest.raises(FtbenchError, match="launch 0a1b2c3d runs on elsewhere: ask there"):
        Local(tmp_path).seen([Allocation("0a1b2c3d", 0, "elsewhere/0")])
