"""What several tests need: no network, one thread, and the folders of recordings and of real data."""

from __future__ import annotations

import gc
import os
import tempfile
from pathlib import Path

import pytest

NEIGHBOURS = Path(__file__).parents[2]

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp(prefix="ftbench-state-")  # what tests name is forgotten
for real in NEIGHBOURS.glob("*/data/CoLA/train.tsv"):
    os.environ.setdefault("FTBENCH_DATA", str(real.parents[1]))


# While the libraries are loaded there is no garbage to look for, nor is there any in them later.
gc.disable()


def pytest_collection_finish() -> None:
    """Collect the garbage of tests, but not among the libraries."""
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def golden() -> Path:
    """The recorded trajectories: ``FTBENCH_GOLDEN``, or ``golden`` in a folder beside the checkout."""
    given = os.environ.get("FTBENCH_GOLDEN")
    found = [Path(given)] if given else [p.parent for p in NEIGHBOURS.glob("*/golden/vanilla_adamw_hf.npz")]
    if not found:
        pytest.skip("no recorded trajectories here (FTBENCH_GOLDEN)")
    return found[0]
