"""The machine: what is too little is said, with what to do."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from ftbench.services.doctor import machine
from ftbench.services.doctor.findings import NOTE, OK, WRONG


@pytest.mark.parametrize(("free", "state"), [(100.0, OK), (2.0, NOTE), (0.1, WRONG)])
def test_room_on_a_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: float, state: str):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free * machine.GIB))
    disks = [one for one in machine.of_machine(str(tmp_path / "x.db")) if one.what == "disk"]
    assert {one.state for one in disks} == {state}
    assert disks[0].found.startswith(f"{free:,.1f} GiB free where the database is kept: ")
    assert bool(disks[0].advice) == (state != OK)


def test_a_disk_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HF_HOME", str(tmp_path / "not" / "there"))
    assert [one.what for one in machine.of_machine(str(tmp_path / "x.db"))].count("disk") == 1


@pytest.mark.parametrize(("pages", "state"), [(2**24, OK), (2**20, NOTE), (2**18, WRONG)])
def test_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pages: int, state: str):
    sizes = {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": pages}
    monkeypatch.setattr(machine.os, "sysconf", sizes.__getitem__)
    (found,) = [one for one in machine.of_machine(str(tmp_path / "x.db")) if one.what == "memory"]
    assert (found.state, found.found) == (state, f"{4096 * pages / 2**30:,.1f} GiB")
