"""Whose fault a failure is: memory's, the machine's, or what the user asked for."""

from __future__ import annotations

import errno
import traceback
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ftbench.domain.result import Lack, Outcome
from ftbench.errors import DataMissing, DeviceMissing, FtbenchError, ModelMissing

#: The disk takes nothing more, whichever file of a job it is.
_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS})
_LINE = 2_000  # characters of a message
#: What libraries say where memory runs out; of a thread's stack, too.
_MEMORY = (
    "out of memory",
    "can't allocate memory",
    "cannot allocate memory",
    "bad_alloc",
    "can't start new thread",
)
#: What a program can bring about by itself, by a wrong name above all.
_OWN = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.EBADF, errno.EINVAL})


class TooLarge(MemoryError):
    """Memory ran out, and nothing smaller can be tried."""


@dataclass(frozen=True)
class Failure:
    """What became of a job.

    Attributes:
        outcome: the class.
        lack: what the machine lacks, where that is known of an outcome ``environment``.
        final: whether another attempt would only end as this one.
    """

    outcome: Outcome
    lack: Lack | None = None
    final: bool = False


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out, the machine's or the GPU's; libraries have no error of one class for it."""
    text = str(error).lower()
    return isinstance(error, MemoryError) or any(words in text for words in _MEMORY)


def failure_of(error: BaseException, plugins: Iterable[str | Path] = ()) -> Failure:
    """The class of a failure.

    Args:
        error: what was raised; what it was raised from counts, too.
        plugins: files of the user's own: a file that such code does not find is its own affair.
    """
    text = str(error).lower()
    if is_out_of_memory(error):
        return Failure(Outcome.OOM, final=isinstance(error, TooLarge))
    if isinstance(error, ModelMissing):
        return Failure(Outcome.ENVIRONMENT, Lack.MODEL)
    if isinstance(error, DataMissing):
        return Failure(Outcome.ENVIRONMENT, Lack.DATA)
    if isinstance(error, DeviceMissing):
        return Failure(Outcome.ENVIRONMENT, Lack.DEVICE)
    if isinstance(error, RuntimeError) and "cuda error" in text:
        return Failure(Outcome.ENVIRONMENT)
    found = _of_the_system(error)
    if found is None or _raised_by(found, plugins):
        return Failure(Outcome.USER)
    return Failure(Outcome.ENVIRONMENT, Lack.DISK if found.errno in _DISK else None)


def _of_the_system(error: BaseException | None) -> OSError | None:
    """The system's error that this one is, or was raised from; libraries raise OSErrors without a number."""
    while error is not None:
        if isinstance(error, OSError) and (error.errno or isinstance(error, ConnectionError | TimeoutError)):
            return error
        error = error.__cause__
    return None


def _raised_by(error: OSError, plugins: Iterable[str | Path]) -> bool:
    """Whether the user's own code met an error that is likely its own."""
    if error.errno not in _OWN:
        return False
    frames = traceback.extract_tb(error.__traceback__)
    return bool(frames) and Path(frames[-1].filename) in {Path(file) for file in plugins}


def message_of(error: BaseException, failure: Failure) -> str:
    """A failure in one line, of a length that fits; a bug says its class."""
    message = shortened(" ".join(str(error).split()), _LINE) or type(error).__name__
    bug = failure.outcome is Outcome.USER and not isinstance(error, FtbenchError)
    return f"{type(error).__name__}: {message}" if bug and message != type(error).__name__ else message


def shortened(text: str, most: int) -> str:
    """A text as any file takes it, without its middle where it is long.

    Args:
        text: may hold what is no text, such as halves of surrogate pairs.
        most: characters.
    """
    if len(text) > most:
        text = f"{text[: most // 2]} … {text[-most // 2 :]}"
    return text.encode("utf-8", "backslashreplace").decode()
