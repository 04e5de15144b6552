"""Moments carry their zone, wherever they are printed."""

from __future__ import annotations

import time
from datetime import datetime

import pytest

from ftbench.domain.moment import moment


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/St_Johns"])
def test_a_moment_is_the_same_text_in_every_zone(monkeypatch: pytest.MonkeyPatch, zone: str) -> None:
    with monkeypatch.context() as there:
        there.setenv("TZ", zone)
        time.tzset()
        assert moment(1_783_505_730.9) == "2026-07-08T10:15:30Z"
        assert datetime.fromisoformat(moment(1_783_505_730)).timestamp() == 1_783_505_730
    time.tzset()
