"""Everything that a doctor looks at."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftbench.services.doctor.examined import examined


def test_areas_come_one_after_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    areas = [one.area for one in examined(str(tmp_path / "none.db"), None)]
    assert (
        list(dict.fromkeys(areas))
        == ["machine", "packages", "GPU", "places", "database"]
        == sorted(set(areas), key=areas.index)
    )
