"""An engine that starts nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.services.launching.fake_engine import FakeEngine


@pytest.fixture
def engine(tmp_path: Path) -> FakeEngine:
    return FakeEngine(tmp_path / "launch")
