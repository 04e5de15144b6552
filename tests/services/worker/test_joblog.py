"""The log of a job."""

from __future__ import annotations

from pathlib import Path

import pytest

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
