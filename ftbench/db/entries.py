"""Entries as rows of ``jobs``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from ftbench.db.rows import Entry


def entry_rows(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """The columns of jobs that are to be queued, without ``sequence`` and ``created``."""
    return [_row(entry) for entry in entries]


def places_text(places: Mapping[str, Any]) -> str:
    """Where a job's things are, as its column holds it."""
    return json.dumps(dict(places), sort_keys=True, separators=(",", ":"))


def _row(entry: Entry) -> dict[str, Any]:
    job = entry.job
    return {
        "digest": job.digest,
        "priority": entry.priority,
        "label": entry.label,
        "model": job.model,
        "model_revision": job.model_revision,
        "task": job.task,
        "data_revision": job.data_revision,
        "method": job.method,
        "hparams": job.texts.hparams,
        "seed": job.seed,
        "train_size": job.perturbation.train_size,
        "reduction": job.perturbation.value("reduction"),
        "noise": job.perturbation.value("noise"),
        "perturbation": job.texts.perturbation,
        "recipe": job.texts.recipe,
        "spec": job.text,
        "places": places_text(entry.places),
    }
