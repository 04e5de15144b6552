"""The events of a training process, one JSON object a line: read strictly, gathered job by job.

Read by the worker from a pipe and by ``ingest`` from a file; nothing counts until the event that ends a job.
"""

from __future__ import annotations

import base64
import json
import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Any

from ftbench.domain import result
from ftbench.domain.event_fields import (
    SHOWN,
    event_bytes,
    event_facts,
    event_float,
    event_mapping,
    event_name,
    event_points,
    event_text,
    event_whole,
    event_words,
    quoted_line,
)
from ftbench.domain.result import CurvePoint, JobResult, Lack, Outcome, Predictions, Score
from ftbench.errors import ProtocolError
from ftbench.secrets import masked_values

_LARGEST_SCORE = 1e9


@dataclass(frozen=True)
class End:
    """How the training process says that a job ended.

    Attributes:
        kind: ``done``, ``failed`` or ``stopped``.
        outcome: the class of a failure; lack: what the machine lacks; final: no use in trying again.
        changed: what the job has changed in its process, which no other job is to be given.
    """

    kind: str
    outcome: Outcome = Outcome.OK
    message: str = ""
    traceback: str = ""
    lack: Lack | None = None
    changed: tuple[str, ...] = ()
    final: bool = False


@dataclass(frozen=True)
class Memory:
    """What a training process knows of the memory that it trains in: the device's, in MiB.

    Attributes:
        held: the most that the process has held.
        free: what nobody holds now.
        total: all that there is.
    """

    held: int
    free: int
    total: int


def parse(line: bytes | str) -> dict[str, Any]:
    """The event of one line.

    Raises:
        ProtocolError: it is not a JSON object with an ``event``.
    """
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        raise ProtocolError(f"not an event: {quoted_line(line)}") from None
    if not isinstance(event, dict) or not isinstance(event.get("event"), str):
        raise ProtocolError(f"not an event: {quoted_line(line)}")
    return event


class Collector:
    """Gathers the events of one job.

    A point, score or prediction that comes twice (the process was interrupted and resumed) counts once, the
    later one.

    Attributes:
        started: whether the training process has taken the job on.
        began: when that was, by its clock, in seconds since 1970; None where it does not say.
        run, step, total: the last progress that was heard of.
        memory: the memory at that time, where it is known.
        points: what the runs have logged so far, as far as ``progress`` tells it; no part of the result.
    """

    def __init__(self, digest: str, bounds: result.Bounds) -> None:
        """Begin with nothing; ``bounds`` are those of scores."""
        self.digest, self._bounds, self.started = digest, bounds, False
        self.began: float | None = None
        self.run, self.step, self.total = "", 0, 0
        self.memory: Memory | None = None
        self.points: list[CurvePoint] = []
        self.provenance: dict[str, Any] = {}
        self._scores: dict[tuple[str, str], Score] = {}
        self._curves: dict[tuple[str, int, str], CurvePoint] = {}
        self._predictions: dict[tuple[str, str], Predictions] = {}

    def take(self, event: Mapping[str, Any]) -> End | None:
        """Take one event in.

        Returns:
            How the job ended, where this event says so.

        Raises:
            ProtocolError: the event is unknown, lacks a field, or is another job's.
        """
        if event.get("digest", self.digest) != self.digest:
            raise ProtocolError(f"an event of another job: {quoted_line(json.dumps(event))}")
        match event["event"]:
            case "ready":
                pass
            case "started":
                self.started = True
                self.began = event_float(event, "began") if "began" in event else None
            case "progress":
                self.run, self.step = event_name(event, "run"), event_whole(event, "step")
                self.total = event_whole(event, "total")
                self.points += event_points(event, self.run)
                if "memory" in event:
                    told = {"event": "progress", **event_mapping(event, "memory")}
                    self.memory = Memory(
                        event_whole(told, "held"), event_whole(told, "free"), event_whole(told, "total")
                    )
            case "curve":
                self._curve(event)
            case "score":
                self._score(event)
            case "predictions":
                self._prediction(event)
            case "provenance":
                self.provenance.update(event_facts(event))
            case "done" | "stopped" as kind:
                if kind == "done" and not self._scores:
                    raise ProtocolError("the job is said to be done, and no score came")
                return End(kind, changed=event_words(event, "changed"))
            case "failed":
                return _failure(event)
            case other:
                raise ProtocolError(f"unknown event '{other[:SHOWN]}'")
        return None

    def result(self, provenance: Mapping[str, Any] | None = None) -> JobResult:
        """All that came, with what the caller knows of where it came from."""
        return JobResult(
            scores=tuple(self._scores.values()),
            curves=tuple(self._curves.values()),
            predictions=tuple(self._predictions.values()),
            provenance={**self.provenance, **(provenance or {})},
        )

    def _curve(self, event: Mapping[str, Any]) -> None:
        run, step, name = event_name(event, "run"), event_whole(event, "step"), event_name(event, "name")
        point = CurvePoint(run, step, name, event_float(event, "value"))
        if math.isfinite(point.value):  # the table holds numbers; a diverged job says so by itself
            self._curves[point.run, point.step, point.name] = point

    def _score(self, event: Mapping[str, Any]) -> None:
        score = Score(
            event_name(event, "evaluation"), event_name(event, "metric"), event_float(event, "value")
        )
        if not math.isfinite(score.value):
            raise ProtocolError(f"the score {score.metric} on {score.evaluation} is not a finite number")
        known = self._bounds(score.metric)
        if abs(score.value) > _LARGEST_SCORE or not result.lies_in(known, score.value):
            told = f"the score {score.metric} on {score.evaluation} is {score.value:g}"
            raise ProtocolError(told + result.lies_within(score.metric, known))
        self._scores[score.evaluation, score.metric] = score

    def _prediction(self, event: Mapping[str, Any]) -> None:
        found = Predictions(
            run=event_name(event, "run"),
            evaluation=event_name(event, "evaluation"),
            rows=event_whole(event, "rows"),
            outputs=event_whole(event, "outputs"),
            logits=event_bytes(event, "logits"),
        )
        if not found.whole:
            shape = f"{found.rows} x {found.outputs}"
            raise ProtocolError(f"the predictions on {found.evaluation} are not {shape} numbers")
        self._predictions[found.run, found.evaluation] = found


def _failure(event: Mapping[str, Any]) -> End:
    try:
        outcome = Outcome(event_text(event, "outcome"))
    except ValueError:
        raise ProtocolError(f"unknown outcome {quoted_line(str(event['outcome']))}") from None
    if outcome is Outcome.OK:
        raise ProtocolError("a failure whose outcome is 'ok'")
    named = event_text(event, "lack", "")
    if named and named not in list(Lack):
        raise ProtocolError(f"unknown lack {quoted_line(named)}")
    given = event_text(event, "message"), event_text(event, "traceback", "")
    message, trace = (text.encode("utf-8", "backslashreplace").decode() for text in given)
    lack, changed = Lack(named) if named else None, event_words(event, "changed")
    final = event.get("final", False)
    if not isinstance(final, bool):
        raise ProtocolError("the event 'failed' has no proper 'final'")
    return End("failed", outcome, " ".join(message.split()), trace, lack, changed, final)


def encode_logits(logits: bytes) -> str:
    """Float32 bytes as the text of a ``predictions`` event."""
    return base64.b64encode(zlib.compress(logits, 6)).decode("ascii")


#: What of an event is words, and may hold a secret.
SPOKEN = {"message", "traceback", "values"}


class Events:
    """Writes events, a JSON object a line."""

    def __init__(self, stream: IO[str]) -> None:
        """Take the stream; every line is flushed."""
        self._stream = stream

    def send(self, event: str, **values: Any) -> None:
        """Write one event."""
        for name in SPOKEN & values.keys():
            values[name] = masked_values(values[name])
        self._stream.write(json.dumps({"event": event, **values}, separators=(",", ":")) + "\n")
        self._stream.flush()
