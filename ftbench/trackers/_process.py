"""The process of a tracker beside a worker: lines of JSON in, deliveries out, and what is to be told back.

Lines in: ``{"op": "begin", "job"}``, ``{"op": "points", "digest", "points": [[run, step, name, value]]}`` and
``{"op": "end", "job", "how", "points", "scores": [[evaluation, metric, value]]}``. Lines out: ``{"said"}``, a
sentence for the user, and ``{"sent"}``, a done job's digest. The end of the input ends the process.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import IO, Any

from ftbench.domain.result import CurvePoint, Score
from ftbench.secrets import masked
from ftbench.trackers._deliveries import Deliveries, tracked_of_line
from ftbench.trackers.base import Ending, Tracker

_LONGEST = 300  # characters of what a library says
_LEFT = 60.0  # seconds for what is left, where the worker was killed
_LOOK = 1.0  # seconds between two looks at whether it lives


class TrackerProcess:
    """Takes lines until there are no more; what a tracker raises is told, and the next line is taken."""

    def __init__(self, tracker: Tracker, out: IO[str]) -> None:
        """Deliver to a tracker, and tell what comes of it."""
        self._deliveries, self._out = Deliveries(tracker), out

    def serve(self, lines: Iterable[bytes]) -> None:
        """Take every line, then let go of what is open."""
        for line in lines:
            told = json.loads(line)
            if self._did(partial(self._take, told)) and told.get("how") == Ending.DONE:
                self._tell(sent=told["job"]["digest"])
        self._did(self._deliveries.close)

    def _take(self, told: Mapping[str, Any]) -> None:
        match told["op"]:
            case "begin":
                self._deliveries.begin(tracked_of_line(told["job"]))
            case "points":
                self._deliveries.points(told["digest"], _points(told))
            case "end":
                scores = [Score(*one) for one in told["scores"]]
                job = tracked_of_line(told["job"])
                self._deliveries.end(job, Ending(told["how"]), _points(told), scores)

    def _did(self, do: Callable[[], None]) -> bool:
        try:
            do()
        except (Exception, SystemExit) as error:  # a library may raise anything
            self._tell(said=said_of(error))
            return False
        return True

    def _tell(self, **values: str) -> None:
        try:
            self._out.write(json.dumps(values) + "\n")
            self._out.flush()
        except OSError:
            pass  # the worker is gone


def said_of(error: BaseException) -> str:
    """What a library's exception says, in one line without secrets."""
    text = " ".join(str(error).split())
    return masked(f"{type(error).__name__}: {text}" if text else type(error).__name__)[:_LONGEST]


def end_with(parent: int) -> None:
    """See to it, in a thread, that this process ends some time after its parent, however a library hangs."""

    def look() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK)
        time.sleep(_LEFT)
        os._exit(1)

    threading.Thread(target=look, daemon=True).start()


def _points(told: Mapping[str, Any]) -> list[CurvePoint]:
    return [CurvePoint(*one) for one in told["points"]]
