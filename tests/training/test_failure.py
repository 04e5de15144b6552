"""Whose fault a failure is."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from ftbench.domain.result import Lack, Outcome
from ftbench.errors import DataError, DataMissing, DeviceMissing, ModelError, ModelMissing
from ftbench.training.failure import failure_of, message_of

ENVIRONMENT = Outcome.ENVIRONMENT


def wrapped(error: Exception, inside: Exception) -> Exception:
    error.__cause__ = inside
    return error


@pytest.mark.parametrize(
    ("error", "outcome", "lack"),
    [
        (torch.OutOfMemoryError("CUDA out of memory."), Outcome.OOM, None),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), Outcome.OOM, None),
        (MemoryError(), Outcome.OOM, None),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), Outcome.USER, None),
        (DataError("line 3 has no label"), Outcome.USER, None),
        (ModelError("its weights lack layers"), Outcome.USER, None),
        (KeyError("x"), Outcome.USER, None),
        (OSError("Can't load the tokenizer"), Outcome.USER, None),
        (ModelMissing("not in the cache"), ENVIRONMENT, Lack.MODEL),
        (DataMissing("no such folder"), ENVIRONMENT, Lack.DATA),
        (DeviceMissing("fp16 needs a GPU"), ENVIRONMENT, Lack.DEVICE),
        (OSError(errno.ENOSPC, "No space left on device"), ENVIRONMENT, Lack.DISK),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), ENVIRONMENT, Lack.DISK),
        (OSError(errno.EFBIG, "File too large"), ENVIRONMENT, Lack.DISK),
        (OSError(errno.EROFS, "Read-only file system"), ENVIRONMENT, Lack.DISK),
        (OSError(errno.EMFILE, "Too many open files"), ENVIRONMENT, None),
        (OSError(errno.EIO, "Input/output error"), ENVIRONMENT, None),
        (PermissionError(errno.EACCES, "Permission denied"), ENVIRONMENT, None),
        (BrokenPipeError(), ENVIRONMENT, None),
        (ConnectionResetError(), ENVIRONMENT, None),
        (RuntimeError("CUDA error: an illegal memory access"), ENVIRONMENT, None),
        (wrapped(ModelError("cannot be read"), OSError(errno.ESTALE, "Stale handle")), ENVIRONMENT, None),
        (wrapped(ModelError("cannot be read"), OSError("no such tokenizer")), Outcome.USER, None),
    ],
)
def test_every_error_has_its_class(error: Exception, outcome: Outcome, lack: Lack | None) -> None:
    found = failure_of(error)
    assert (found.outcome, found.lack) == (outcome, lack)


@pytest.mark.parametrize(
    ("number", "outcome"),
    [(errno.ENOENT, Outcome.USER), (errno.ENOSPC, ENVIRONMENT), (errno.EIO, ENVIRONMENT)],
)
def test_a_file_that_ones_own_method_does_not_find_is_its_own_affair(
    tmp_path: Path, number: int, outcome: Outcome
) -> None:
    file = tmp_path / "mine.py"
    file.write_text(f"def step():\n    raise OSError({number}, 'no')\n")
    space: dict[str, Callable[[], None]] = {}
    exec(compile(file.read_text(), str(file), "exec"), space)
    with pytest.raises(OSError) as raised:
        space["step"]()
    assert failure_of(raised.value, [str(file)]).outcome is outcome
    assert failure_of(raised.value).outcome is ENVIRONMENT


def test_a_bug_says_its_class_and_an_error_of_ours_speaks_for_itself() -> None:
    for error, text in [
        (ValueError("two\nlines"), "ValueError: two lines"),
        (DataError("line 3 has no label"), "line 3 has no label"),
        (MemoryError(), "MemoryError"),
        (OSError(errno.EIO, "no"), "[Errno 5] no"),
    ]:
        assert message_of(error, failure_of(error)) == text
