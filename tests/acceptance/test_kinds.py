"""Tasks with several labels a row and with labels of words, by the real command line."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pytest

from ftbench import tasks
from ftbench.metrics import find
from ftbench.tasks import toy_labels
from ftbench.tasks.rows import label_array, logits_by_row
from tests.acceptance.conftest import Place


@pytest.mark.slow
def test_both_kinds_are_queued_trained_and_reported(tmp_path: Path) -> None:
    place = Place(tmp_path / "place")
    short = ["--train-size", "32", "--set", "epochs=1", "--seeds", "1"]
    place.ftbench("queue", "--methods", "vanilla,bidrop,lora", "--tasks", "toy-labels", *short)
    place.ftbench("worker", "--drain", "--threads", "1")
    table = place.ftbench("report")
    assert all(name in table for name in ("toy topics", "micro F1", "toy tags", "entity F1", "LoRA"))
    kept = place.rows(
        "select j.task, s.value, p.rows, p.outputs, p.logits from jobs j"
        " join scores s on s.digest = j.digest join predictions p on p.digest = j.digest"
        " where s.metric in ('micro_f1', 'entity_f1') and s.evaluation = 'dev'"
    )
    assert len(kept) == 6
    for name, value, rows, outputs, packed in kept:  # a score is that of the stored logits
        task = tasks.find(name)
        labels = label_array(task, toy_labels.labelled_rows(name, "dev").labels)
        logits = np.frombuffer(zlib.decompress(packed), dtype="<f4").reshape(rows, outputs)
        metric = find(task.metric).for_task(task)
        assert metric.score(logits_by_row(task, logits, labels), labels) == value
    found = place.ftbench("compare", "vanilla", "lora", "--examples")
    assert "micro_f1" in found and "entity_f1" in found and "is left out" not in found
    refused = place.ftbench("queue", "--tasks", "toy-labels", "--reduction", "0.5", code=2)
    assert "several labels a row: none is label 1 to reduce" in refused
