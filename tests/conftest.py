"""What several tests need."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


@pytest.fixture(scope="session")
def golden() -> Path:
    """The folder of recorded trajectories: ``FTBENCH_GOLDEN``, or ``shared/golden`` beside the checkout."""
    given = os.environ.get("FTBENCH_GOLDEN")
    folder = Path(given) if given else Path(__file__).parents[2] / "shared" / "golden"
    if not folder.is_dir():
        pytest.skip("no recorded trajectories here (FTBENCH_GOLDEN)")
    return folder
