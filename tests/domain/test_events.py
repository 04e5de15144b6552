"""The events of a training process: read strictly, gathered job by job."""

from __future__ import annotations

import base64
import io
import json
import struct
import tracemalloc
import zlib
from typing import Any

import pytest

from ftbench.domain.events import Collector, End, Events, Memory, encode_logits, parse
from ftbench.domain.result import CurvePoint, Outcome, Score
from ftbench.errors import ProtocolError
from ftbench.metrics import score_bounds

SCORE = {"event": "score", "evaluation": "dev", "metric": "f1", "value": 0.5}
CURVE = {"event": "curve", "run": "main", "step": 1, "name": "loss", "value": 0.7}


def predictions(rows: int, outputs: int, numbers: int) -> dict[str, Any]:
    logits = encode_logits(struct.pack(f"<{numbers}f", *range(numbers)))
    at = {"run": "main", "evaluation": "dev", "rows": rows, "outputs": outputs}
    return {"event": "predictions", **at, "logits": logits}


def after(*events: dict[str, Any]) -> Collector:
    found = Collector("d", score_bounds)
    for event in events:
        assert found.take(event) is None
    return found


def test_what_comes_twice_counts_once_and_the_later_one() -> None:
    later = {**SCORE, "value": 0.75}
    curves = [CURVE, {**CURVE, "step": 2}, {**CURVE, "value": 0.5}]
    result = after(SCORE, *curves, predictions(1, 2, 2), later, predictions(3, 2, 6)).result()
    assert result.scores == (Score("dev", "f1", 0.75),)
    assert [(p.step, p.value) for p in result.curves] == [(1, 0.5), (2, 0.7)]
    assert [(p.rows, p.outputs) for p in result.predictions] == [(3, 2)]


def test_a_point_that_is_no_number_is_left_out_and_a_score_is_refused() -> None:
    assert after({**CURVE, "value": float("nan")}).result().curves == ()
    with pytest.raises(ProtocolError, match="the score f1 on dev is not a finite number"):
        after({**SCORE, "value": float("inf")})


@pytest.mark.parametrize("numbers", [5, 7, 0])
def test_predictions_have_as_many_numbers_as_they_say(numbers: int) -> None:
    with pytest.raises(ProtocolError, match="the predictions on dev are not 3 x 2 numbers"):
        after(predictions(3, 2, numbers))


@pytest.mark.parametrize(
    "wrong",
    [
        {**SCORE, "value": 10**400},
        {**SCORE, "value": 1e300},
        {**SCORE, "value": True},
        {**SCORE, "evaluation": "\ud800"},
        {**SCORE, "evaluation": "a\0b"},
        {**SCORE, "metric": "\x1b]0;title\x07"},
        {**SCORE, "metric": "f" * 5000},
        {**CURVE, "step": 10**30},
        {**CURVE, "step": -1},
        {**CURVE, "name": "\x1b[31m"},
        predictions(0, 2, 0),
        {**predictions(1, 2, 2), "rows": -1, "outputs": -2},
        {**predictions(1, 2, 2), "rows": 10**30},
        {**predictions(1, 2, 2), "logits": encode_logits(bytes(2**24))},
        {"event": "provenance", "values": json.loads("[" * 20 + "]" * 20)},
        {"event": "provenance", "values": {"a": "x" * 2_000_000}},
    ],
)
def test_what_no_database_could_hold_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ProtocolError):
        Collector("d", score_bounds).take(wrong)


def test_a_bomb_is_not_unpacked() -> None:
    bomb = zlib.compressobj(9)
    packed = b"".join(bomb.compress(bytes(2**20)) for _ in range(256)) + bomb.flush()
    tracemalloc.start()
    try:
        with pytest.raises(ProtocolError, match="are not 3 x 2 numbers"):
            Collector("d", score_bounds).take(
                {**predictions(3, 2, 6), "logits": base64.b64encode(packed).decode()},
            )
        assert tracemalloc.get_traced_memory()[1] < 2**24
    finally:
        tracemalloc.stop()


def test_what_the_caller_knows_wins_over_what_the_process_said() -> None:
    said = after({"event": "provenance", "values": {"torch": "2", "worker": "child"}})
    assert said.result({"worker": "w"}).provenance == {"torch": "2", "worker": "w"}


def test_progress_tells_step_and_memory() -> None:
    step = {"event": "progress", "run": "main", "step": 3, "total": 9}
    found = after({**step, "memory": {"held": 1, "free": 2, "total": 4}}, {**step, "step": 4})
    assert (found.run, found.step, found.total, found.memory) == ("main", 4, 9, Memory(1, 2, 4))


def test_progress_tells_what_was_logged() -> None:
    step = {"event": "progress", "run": "main", "step": 3, "total": 9}
    found = after({**step, "points": [["loss", 3, 0.5], ["odd", 3, float("nan")]]}, step)
    assert found.points == [CurvePoint("main", 3, "loss", 0.5)]
    for points in ({}, [1], [["loss", 3]], [["loss", -1, 0.5]], [["a\x1b", 1, 0.5]], [["loss", 1, "x"]]):
        with pytest.raises(ProtocolError):
            after({**step, "points": points})


def test_a_job_ends_as_it_is_said_and_never_done_without_a_score() -> None:
    assert after(SCORE).take({"event": "done", "digest": "d"}) == End("done")
    assert after().take({"event": "stopped"}) == End("stopped")
    failed = {"event": "failed", "outcome": "oom", "message": "no\n memory", "traceback": "at\nline"}
    assert after().take(failed) == End("failed", Outcome.OOM, "no memory", "at\nline")
    with pytest.raises(ProtocolError, match="no score came"):
        after().take({"event": "done"})
    with pytest.raises(ProtocolError, match="another job"):
        after(SCORE).take({"event": "done", "digest": "e"})


def test_an_event_is_written_as_it_is_read() -> None:
    stream = io.StringIO()
    Events(stream).send("score", evaluation="dev", metric="f1", value=0.5)
    assert stream.getvalue() == '{"event":"score","evaluation":"dev","metric":"f1","value":0.5}\n'
    assert parse(stream.getvalue()) == SCORE
    for line in (b"[]", b'{"event": 1}', b"{", json.dumps("x" * 200)):
        with pytest.raises(ProtocolError) as caught:
            parse(line)
        assert str(caught.value).startswith("not an event: ") and len(str(caught.value)) < 120
