"""The short form of ``benchmarks.chaos``: workers under fire lose nothing."""

from __future__ import annotations

import pytest

from benchmarks import _server, chaos
from tests.server import NONE


def test_a_queue_under_fire_has_each_job_done_once_bit_for_bit(capsys: pytest.CaptureFixture[str]) -> None:
    few = ["--workers", "2", "--stub", "8", "--real", "0", "--disturbances", "6"]
    code = chaos.main([*few, "--step", "0.01", "--seed", "1"])
    said = capsys.readouterr().out
    assert code == 0, said
    assert "each done once, bit-equal, nothing left, no traceback" in said


@pytest.mark.slow
@pytest.mark.skipif(_server.binaries() is None, reason=NONE)
def test_a_queue_on_a_server_under_fire_has_each_job_done_once_bit_for_bit(
    capsys: pytest.CaptureFixture[str],
) -> None:
    few = ["--db", "postgresql", "--workers", "2", "--stub", "40", "--real", "2", "--disturbances", "40"]
    code = chaos.main([*few, "--step", "0.02", "--seed", "1"])
    said = capsys.readouterr().out
    assert code == 0, said
    assert said.count("each done once, bit-equal, nothing left, no traceback") == 2
