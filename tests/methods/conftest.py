"""What several tests of methods need."""

from __future__ import annotations

import pytest

from ftbench.testing.bench import Bench


@pytest.fixture(scope="session")
def bench() -> Bench:
    return Bench()
