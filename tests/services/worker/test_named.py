"""Which plug-in files of jobs a worker runs, and what it says of the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftbench import trust
from ftbench.services.worker.named import NamedFiles


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(trust, "_here", set())
    return []


def test_a_file_that_only_the_job_names_is_refused_once_in_words(told: list[str], tmp_path: Path) -> None:
    file = tmp_path / "evil.py"
    file.write_text("x = 1")
    named = NamedFiles((), told.append)
    for places in ({"plugins": [str(file)]}, {"perturbations": {"x": str(file)}}):
        assert "was not named on this machine" in (named.refused(places) or "")
    assert len(told) == 1 and str(file) in told[0]


@pytest.mark.parametrize("kind", ["plugins", "perturbations"])
def test_a_file_that_was_queued_here_runs_and_a_changed_one_does_not(
    told: list[str], tmp_path: Path, kind: str
) -> None:
    file = tmp_path / "mine.py"
    file.write_text("x = 1")
    trust.name(file)
    named_by = {"plugins": [str(file)], "perturbations": {"mine": str(file)}}[kind]
    places = {kind: named_by, "digests": {str(file): trust.digest(file)}}
    assert NamedFiles((), told.append).refused(places) is None
    file.write_text("x = 2")
    assert NamedFiles((), told.append).refused(places)
    told.clear()
    named = NamedFiles([str(file)], told.append)  # --methods: named as it is now
    assert named.refused(places) is None and named.here(places)[kind] == named_by
    assert len(told) == 1 and "has changed since" in told[0]


def test_the_same_file_stands_in_elsewhere_and_another_does_not(told: list[str], tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("x = 1")
    gone = "/home/somebody/mine.py"
    named = NamedFiles([str(file)], told.append)
    places = {"plugins": [gone], "digests": {gone: trust.digest(file)}}
    assert named.refused(places) is None and named.here(places)["plugins"] == [str(file)]
    assert "is another file" in (named.refused({"plugins": [gone], "digests": {gone: "0" * 64}}) or "")
    assert "not recorded" in (named.refused({"plugins": [gone]}) or "")
