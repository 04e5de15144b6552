"""What all engines share: ids, folders, what a worker is told, the end of a log."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftbench.services.launching.base import end_of_log, folder_of, new_id, variables


def test_ids_are_eight_digits_and_differ() -> None:
    ids = {new_id() for _ in range(20)}
    assert len(ids) == 20 and all(len(one) == 8 and int(one, 16) >= 0 for one in ids)


def test_a_launch_has_a_folder_in_the_work_folder_of_its_database(tmp_path: Path) -> None:
    assert folder_of(str(tmp_path / "a.db"), "0a") == tmp_path / "a.db.work" / "launches" / "0a"


def test_a_worker_is_told_its_allocation_and_a_name() -> None:
    assert variables("0a", 3) == {"FTBENCH_ALLOCATION": "0a/3", "FTBENCH_WORKER": "0a-3"}


def test_the_end_of_a_log_is_shown_without_what_must_not_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_TOKEN", "verysecret")
    log = tmp_path / "log"
    assert end_of_log(log) == ""
    log.write_bytes(b"x\n" * 10000 + b"Error: \x1b[31mverysecret \xff\n\n \n")
    assert end_of_log(log) == "Error: \\x1b[31m<token> \ufffd"
