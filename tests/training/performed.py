"""Jobs performed in this process, and the events that they sent."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

import numpy as np

from ftbench.domain.job import Job
from ftbench.training.perform import perform
from tests.training.conftest import Watcher


class Sent(list[tuple[str, dict[str, Any]]]):
    """Events as they were sent."""

    def __call__(self, event: str, **values: Any) -> None:
        json.dumps(values)
        self.append((event, values))

    def of(self, event: str) -> list[dict[str, Any]]:
        return [values for name, values in self if name == event]

    @property
    def scores(self) -> dict[str, float]:
        return {v["metric"]: v["value"] for v in self.of("score") if v["evaluation"] != "train"}


def done(job: Job, **command: Any) -> Sent:
    sent = Sent()
    perform({"job": job.canonical(), "threads": 1, "device": "cpu", **command}, sent, Watcher())
    return sent


def logits_of(sent: Sent) -> np.ndarray:
    (predictions,) = sent.of("predictions")
    raw = zlib.decompress(base64.b64decode(predictions["logits"]))
    return np.frombuffer(raw, dtype="<f4").reshape(predictions["rows"], predictions["outputs"])
