"""The log of a job."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftbench.services.worker import joblog
from ftbench.services.worker.joblog import JobLog, last_line, out_of_memory


def append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def test_each_attempt_begins_with_a_line_that_says_which(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "job.log"
    JobLog(path, "attempt 1, w")
    append(path, "printed\n")
    JobLog(path, "attempt 2, w")
    first, printed, second = path.read_text().splitlines()
    assert first.startswith("=== attempt 1, w, 2") and second.startswith("=== attempt 2, w, 2")
    assert printed == "printed"


def test_the_tail_is_the_last_lines_of_this_attempt_alone(tmp_path: Path) -> None:
    path = tmp_path / "job.log"
    JobLog(path, "attempt 1")
    append(path, "before\n")
    log = JobLog(path, "attempt 2")
    assert log.tail() == ""
    append(path, "one\ntwo\n\n")
    assert log.tail() == "one\ntwo"
    append(path, "".join(f"{number}\n" for number in range(10_000)))
    assert log.tail().splitlines() == [str(number) for number in range(9980, 10_000)]


def test_a_tail_needs_no_file_and_no_proper_text_and_masks_tokens(tmp_path: Path) -> None:
    log = JobLog(tmp_path / "job.log", "attempt 1")
    log.path.write_bytes(log.path.read_bytes() + b"\xff hf_abcdefghijklm\n")
    assert log.tail() == "\ufffd <token>"
    log.path.unlink()
    assert log.tail() == ""


def test_the_last_line_has_something_on_it_and_is_short() -> None:
    assert last_line("one\n two \n\n  \n") == "two"
    assert last_line(" \n") == last_line("") == ""
    assert last_line("x" * 1000) == "x" * 200


@pytest.mark.parametrize(
    ("text", "memory"),
    [
        ("Traceback …\nMemoryError", True),
        ("torch.OutOfMemoryError: CUDA out of memory", True),
        ("terminate called after throwing 'std::bad_alloc'", True),
        ("OSError: [Errno 12] Cannot allocate memory", True),
        ("the word MemoryError in a sentence", False),
        ("", False),
    ],
)
def test_it_is_known_whether_memory_was_lacking(text: str, memory: bool) -> None:
    assert out_of_memory(text) is memory


def test_a_log_that_grows_is_capped_and_its_end_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joblog, "LARGEST", 1000)
    path = tmp_path / "log"
    log = JobLog(path, "attempt 1")
    with path.open("ab", buffering=0) as writer:  # the training process appends
        for number in range(300):
            writer.write(f"line {number}\n".encode())
            log.cap()
        writer.write(b"last words\n")
    kept = [path, joblog.part_before(path)]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["log", "log.1"]
    assert all(p.stat().st_size <= 1000 + 20 for p in kept)
    assert log.tail().splitlines()[-2:] == ["line 299", "last words"]
    assert len(log.tail().splitlines()) == 20, "of both parts"


def test_a_flood_between_two_looks_is_cut_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joblog, "LARGEST", 1000)
    path = tmp_path / "log"
    log = JobLog(path, "attempt 1")
    path.write_text("x" * 100_000 + "end")
    log.cap()
    assert joblog.part_before(path).stat().st_size == 1000 and path.stat().st_size == 0
    assert log.tail().endswith("xend")


def test_an_attempt_at_a_long_log_begins_a_new_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joblog, "LARGEST", 1000)
    path = tmp_path / "log"
    path.write_text("x" * 5000)
    log = JobLog(path, "attempt 2")
    assert path.read_text().startswith("=== attempt 2")
    assert log.tail() == ""


def test_the_end_of_a_huge_log_is_shown_without_reading_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log"
    with path.open("wb") as file:
        file.truncate(10**12)  # takes no room on the disk
        file.seek(10**12)
        file.write(b"\none\ntwo\n")
    assert joblog.last_lines(path, 2) == ["one", "two"]
    assert joblog.last_lines(path, 0) == [] and joblog.last_lines(tmp_path / "none", 3) == []


def test_tokens_that_programs_write_are_masked_while_the_attempt_goes_on(tmp_path: Path) -> None:
    path, token = tmp_path / "job.log", "hf_" + "x" * 20
    log = JobLog(path, "attempt 1")
    begun = path.read_text()
    with path.open("a") as writer:  # another process, which keeps the file open
        writer.write(f"before\ntoken {token}, said\nhalf {token}")
        writer.flush()
        log.keep()
        lines = path.read_text().removeprefix(begun).split("\n")
        assert lines == ["before", f"{'token <token>, said':<35}", f"half {token}"], "its end may be to come"
        writer.write("\nafter\n")
        writer.flush()
        log.scrub(whole=True)
    assert token not in path.read_text() and path.read_text().endswith("\nafter\n")
    log.scrub()
    (tmp_path / "job.log").unlink()
    log.scrub()


def test_what_is_capped_is_masked_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joblog, "LARGEST", 1000)
    log = JobLog(tmp_path / "job.log", "attempt 1")
    append(log.path, f"{'x' * 2000}\nhf_{'y' * 20}\n")
    log.keep()
    assert "hf_y" not in joblog.part_before(log.path).read_text() + log.path.read_text()
