"""Rows that several tests of tables begin with."""

from __future__ import annotations

import pytest

from tests.services.report_rows import Rows


@pytest.fixture
def rows() -> Rows:
    """Vanilla and bidrop on rte and sst2, three seeds each, all there."""
    rows = Rows()
    rows.jobs("bidrop", "rte", [0.66, 0.66, 0.69], hparams_={"k": 2})  # mean 67, best 69
    rows.jobs("bidrop", "sst2", [0.85, 0.86, 0.87], hparams_={"k": 2})  # mean 86, best 87
    rows.jobs("vanilla", "rte", [0.60, 0.62, 0.64])  # mean 62, best 64
    rows.jobs("vanilla", "sst2", [0.80, 0.82, 0.90])  # mean 84, best 90
    return rows
