"""What a worker learns of where it is."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

import pytest

from ftbench.errors import FtbenchError
from ftbench.services.launching.site import SlurmSite, site_here, slurm

ELEMENT = {
    "SLURM_JOB_ID": "14",
    "SLURM_ARRAY_JOB_ID": "12",
    "SLURM_ARRAY_TASK_ID": "3",
    "SLURMD_NODENAME": "n7",
}


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of programs before all others."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder


def program(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)


def test_a_machine_without_a_scheduler_has_its_name_and_no_end() -> None:
    site = site_here({})
    assert (site.node, site.engine_id, site.seconds_left) == (socket.gethostname(), None, None)
    with pytest.raises(FtbenchError, match="nothing starts a worker again here"):
        site.again()


def test_an_element_of_an_array_knows_its_names() -> None:
    site = site_here(ELEMENT)
    assert isinstance(site, SlurmSite) and (site.node, site.engine_id) == ("n7", "12_3")
    assert site_here({"SLURM_JOB_ID": "14"}).engine_id == "14"


def test_newer_versions_say_when_the_time_is_over() -> None:
    left = site_here({**ELEMENT, "SLURM_JOB_END_TIME": str(int(time.time()) + 100)}).seconds_left
    assert left is not None and 95 < left <= 100


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("1-02:00:00", 93600.0),
        ("7:30", 450.0),
        ("0:05", 5.0),
        ("UNLIMITED", None),
        ("INVALID", None),
        ("", None),
    ],
)
def test_older_ones_are_asked(programs: Path, said: str, left: float | None) -> None:
    program(programs, "squeue", f'[ "$3" = 14 ] && echo "{said}"')
    assert site_here(ELEMENT).seconds_left == left


def test_a_scheduler_that_does_not_answer_sets_no_end(programs: Path) -> None:
    program(programs, "squeue", "exit 1")
    assert site_here(ELEMENT).seconds_left is None


def test_an_element_has_itself_started_again(programs: Path, tmp_path: Path) -> None:
    program(programs, "scontrol", f'echo "$@" > {tmp_path}/told')
    site_here(ELEMENT).again()
    assert (tmp_path / "told").read_text() == "requeue 12_3\n"


def test_a_refusal_is_one_line_in_the_schedulers_words(programs: Path) -> None:
    program(programs, "sbatch", "echo 'sbatch: error: no such partition' >&2; echo ' why' >&2; exit 1")
    with pytest.raises(FtbenchError, match=r"^sbatch: no such partition why$"):
        slurm("sbatch")
    program(programs, "squeue", "exit 3")
    with pytest.raises(FtbenchError, match=r"^squeue: exit code 3$"):
        slurm("squeue")
    with pytest.raises(FtbenchError, match="there is no sbatched on this machine.*ftbench launch local"):
        slurm("sbatched")
