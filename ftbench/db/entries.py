"""Entries as rows of ``jobs``; what the jobs of a cell share is written once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from ftbench.db.rows import Entry


def entry_rows(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """The columns of jobs that are to be queued, without ``sequence`` and ``created``."""
    asked = list(entries)
    shared = {id(entry.places): entry.places for entry in asked}
    texts = {at: places_text(places) for at, places in shared.items()}
    return [_row(entry, texts[id(entry.places)]) for entry in asked]


def places_text(places: Mapping[str, Any]) -> str:
    """Where a job's things are, as its column holds it."""
    return json.dumps(dict(places), sort_keys=True, separators=(",", ":"))


def _row(entry: Entry, places: str) -> dict[str, Any]:
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
        "places": places,
    }
