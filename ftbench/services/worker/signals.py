"""Ctrl-C and its kin as something to read: they are noted, and wake whoever waits on a descriptor."""

from __future__ import annotations

import os
import signal
from types import FrameType
from typing import Any, Self


class Signals:
    """While entered, SIGINT, SIGTERM, SIGHUP, SIGUSR1 and SIGALRM end nothing: they are kept in ``received``.

    The last is the clock's: the worker's time is over. A signal that was ignored before stays ignored
    (``nohup``). To be entered in the main thread.

    Attributes:
        received: the signals in the order of their coming.
        fileno: readable once one has come, until ``news``.
    """

    WATCHED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGALRM)

    def __init__(self) -> None:
        """Note nothing yet."""
        self.received: list[signal.Signals] = []
        self.fileno = -1
        self._write = -1
        self._before: dict[signal.Signals, Any] = {}
        self._wakeup = -1
        self._told = 0

    def __enter__(self) -> Self:
        """Begin to note signals."""
        self.fileno, self._write = os.pipe()
        os.set_blocking(self.fileno, False)
        os.set_blocking(self._write, False)
        self._wakeup = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        for number in self.WATCHED:
            if signal.getsignal(number) != signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        """Give the signals back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup)
        os.close(self.fileno)
        os.close(self._write)

    def news(self) -> list[signal.Signals]:
        """The signals since the last call; the descriptor becomes readable again only at the next one."""
        try:
            while os.read(self.fileno, 4096):
                pass
        except BlockingIOError:
            pass
        before, self._told = self._told, len(self.received)
        return self.received[before : self._told]

    @property
    def exit_code(self) -> int:
        """What a shell expects of a program that such a signal ended: 130 for Ctrl-C; 0 for the clock's."""
        return 128 + self.received[0] if self.received and not self.timed_out else 0

    @property
    def timed_out(self) -> bool:
        """Whether it was the end of the worker's time that came first."""
        return self.received[:1] == [signal.SIGALRM]

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self.received.append(signal.Signals(number))
