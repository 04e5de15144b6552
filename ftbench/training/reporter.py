"""What a job says of itself while it runs, and how it is asked to stop."""

from __future__ import annotations

import select
import signal
import time
from collections.abc import Sequence

from ftbench.domain.events import Events
from ftbench.domain.result import CurvePoint
from ftbench.training import memory


class Stop:
    """Whether the process was asked to stop.

    Args:
        commands: the file descriptor of the commands, whose end means that the worker is gone; None in file
            mode.
    """

    def __init__(self, commands: int | None) -> None:
        """Listen to SIGTERM; Ctrl-C is the worker's to handle."""
        self._commands, self._asked, self.ended = commands, False, False
        signal.signal(signal.SIGTERM, self._on_term)
        if commands is not None:
            signal.signal(signal.SIGINT, signal.SIG_IGN)

    def _on_term(self, *_: object) -> None:
        self._asked = True

    def asked(self) -> bool:
        """True once a signal came or the commands ended.

        During a job the worker sends nothing, so that a readable pipe means its end.
        """
        if self._commands is not None and not self._asked:
            readable, _, _ = select.select([self._commands], [], [], 0)
            if readable:
                self._asked = self.ended = True
        return self._asked

    def reset(self) -> None:
        """Begin a new job."""
        self._asked = self.ended


class Reporter:
    """Tells the worker how a job goes, and the job whether to stop."""

    def __init__(
        self, events: Events, digest: str, stop: Stop, device: str = "", *, live: bool = False
    ) -> None:
        """Speak for one job; where a device is named, of its memory too; where ``live``, of what it logs."""
        self._events, self._digest, self._stop, self._last = events, digest, stop, 0.0
        self._device, self._live = device, live
        self._run, self._told = "", 0

    def progress(self, run: str, step: int, total: int, points: Sequence[CurvePoint]) -> None:
        """Send the step, at most twice a second, with the points that are new since."""
        now = time.monotonic()
        if now - self._last >= 0.5 or step == total:
            self._last = now
            told = memory.memory(self._device) if self._device else None
            more = {"memory": told} if told else {}
            news = self._news(run, points) if self._live else []
            logged = {"points": news} if news else {}
            self._events.send(
                "progress", digest=self._digest, run=run, step=step, total=total, **more, **logged
            )

    def stopping(self) -> bool:
        """Whether SIGTERM came, or the worker is gone."""
        return self._stop.asked()

    def _news(self, run: str, points: Sequence[CurvePoint]) -> list[tuple[str, int, float]]:
        """The points of a run that were not told yet; all of one that begins anew, out of memory."""
        if run != self._run or len(points) < self._told:
            self._run, self._told = run, 0
        first, self._told = self._told, len(points)
        return [(point.name, point.step, point.value) for point in points[first:]]
