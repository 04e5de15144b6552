"""Runs of Weights & Biases, offline, read back: they have the curves and scores of the database."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.trackers.written import JOB, SCORES, WANTED

pytest.importorskip("wandb")
pytestmark = pytest.mark.slow  # it starts a program of its own

SEND = """
from dataclasses import replace
from ftbench import trackers
from ftbench.trackers import Deliveries, Ending
from tests.trackers.written import JOB, POINTS, SCORES
deliveries = Deliveries(trackers.find("wandb")())
deliveries.begin(replace(JOB, digest="f" * 64))  # of a worker with two slots
deliveries.begin(JOB)
deliveries.points(JOB.digest, POINTS[:6])
deliveries.end(JOB, Ending.DONE, POINTS, SCORES)
deliveries.close()
"""
_BLOCK = 32768


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_DIR", str(tmp_path))
    monkeypatch.setenv("WANDB_API_KEY", "0123456789" * 4)
    monkeypatch.delenv("WANDB_PROJECT", raising=False)
    return tmp_path


def send() -> None:
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", SEND], cwd=root, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def records(path: Path) -> Iterator[Any]:
    """The records of a run's file, which is a log of LevelDB's form with a header of 7 bytes."""
    from wandb.proto.wandb_internal_pb2 import Record

    data, at, parts = path.read_bytes(), 7, b""
    while at + 7 <= len(data):
        left = _BLOCK - at % _BLOCK
        if left < 7:
            at += left
            continue
        _, length, kind = struct.unpack("<IHB", data[at : at + 7])
        parts += data[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in (1, 4):  # whole, or its last part
            record = Record()
            record.ParseFromString(parts)
            parts = b""
            yield record


def test_a_job_is_a_run_of_its_digest(folder: Path) -> None:
    send()
    (path,) = folder.rglob(f"*{JOB.digest}*.wandb")
    found: dict[str, dict[int, float]] = {}
    summary: dict[str, float] = {}
    run = None
    for record in records(path):
        kind = record.WhichOneof("record_type")
        if kind == "run" and run is None:
            run = record.run
        elif kind == "history":
            row = {
                item.key or item.nested_key[0]: json.loads(item.value_json) for item in record.history.item
            }
            for name, value in row.items():
                if not name.startswith("_") and name != "step":
                    found.setdefault(name, {})[int(row["step"])] = value
        elif kind == "summary":
            for item in record.summary.update:
                summary[item.key or item.nested_key[0]] = json.loads(item.value_json)
    assert found == WANTED
    assert {k: summary[k] for k in WANTED if "/" in k and not k.startswith("soup")} == {
        f"{one.evaluation}/{one.metric}": one.value for one in SCORES
    }
    assert run is not None
    assert (run.run_id, run.display_name, run.project) == (JOB.digest, JOB.name, "ftbench")
    assert run.run_group == JOB.group and "task:toy-accept" in run.tags


def test_no_token_nor_what_the_machine_is_stands_in_any_file(folder: Path) -> None:
    send()
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files and not [path for path in files if b"0123456789" * 4 in path.read_bytes()]
    names = {path.name for path in files}
    assert not names & {"requirements.txt", "wandb-metadata.json", "output.log"}


def test_two_attempts_offline_are_two_files_of_one_run(folder: Path) -> None:
    send()
    send()
    assert len(list(folder.rglob(f"*{JOB.digest}*.wandb"))) == 2, "wandb sync joins what has one id"
