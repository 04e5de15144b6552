"""Engines by name."""

from __future__ import annotations

import pytest

from ftbench.errors import UnknownName
from ftbench.services.launching.engines import engine_of
from ftbench.services.launching.slurm import Slurm


def test_an_engine_is_found_by_its_name_and_another_is_refused() -> None:
    assert engine_of("slurm") is Slurm
    with pytest.raises(UnknownName, match="unknown engine 'slum'; did you mean 'slurm'"):
        engine_of("slum")
