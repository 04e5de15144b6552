"""Claims declared, and scores to test them with."""

from __future__ import annotations

from ftbench.cli import _requests
from ftbench.db import Database
from ftbench.services.claims.declared import declare

SCORES = {
    ("vanilla", "rte"): [0.70, 0.71, 0.69, 0.72],
    ("bidrop", "rte"): [0.73, 0.735, 0.715, 0.76],
    ("rdrop", "rte"): [0.68, 0.69, 0.671, 0.70],
    ("vanilla", "sst2"): [0.90, 0.91, 0.92, 0.93],
    ("bidrop", "sst2"): [0.91, 0.90, 0.93],  # the last seed is missing
    ("rdrop", "sst2"): [0.88, 0.891, 0.90, 0.91],
}


def say(database: Database, *texts: str) -> None:
    for text in texts:
        declare(database.address, _requests.claimed(text))
