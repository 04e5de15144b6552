"""Packages: those that are needed, in a version that is, and those that can be done without."""

from __future__ import annotations

from importlib import metadata

import pytest

from ftbench.services.doctor import packages
from ftbench.services.doctor.findings import NOTE, OK, WRONG, Finding


def looked_at(monkeypatch: pytest.MonkeyPatch, requires: list[str], **there: str) -> dict[str, Finding]:
    def version(name: str) -> str:
        if name not in there:
            raise metadata.PackageNotFoundError(name)
        return there[name]

    monkeypatch.setattr(metadata, "requires", lambda _: requires)
    monkeypatch.setattr(metadata, "version", version)
    return {one.what: one for one in packages.of_packages()}


def test_a_version_is_held_against_what_is_needed(monkeypatch: pytest.MonkeyPatch):
    requires = ["torch>=2.6", "peft>=0.18", "rich>=13", "notwindows>1; sys_platform == 'win32'"]
    found = looked_at(monkeypatch, requires, torch="2.13.0+cpu", peft="0.9.1")
    assert (found["torch"].state, found["torch"].found) == (OK, "2.13.0+cpu")
    assert (found["peft"].state, found["peft"].found) == (WRONG, "0.9.1; >=0.18 is needed")
    assert (found["rich"].state, found["rich"].advice) == (WRONG, "pip install 'rich>=13'")
    assert "notwindows" not in found


def test_an_extra_that_is_not_there_says_what_it_is_for(monkeypatch: pytest.MonkeyPatch):
    requires = ["vl-convert-python>=1.9; extra == 'plots'", 'ray>=2.49; extra == "ray"', "x; extra == 'test'"]
    found = looked_at(monkeypatch, requires, **{"vl-convert-python": "1.0"})
    assert (found["ray"].state, found["ray"].found) == (NOTE, "not installed: `ftbench launch ray`")
    assert found["ray"].advice.startswith("pip install 'ftbench[ray]'")
    assert found["vl-convert-python"].state == WRONG and "x" not in found


def test_every_extra_of_users_is_looked_at():
    told = metadata.metadata("ftbench").get_all("Provides-Extra") or []
    assert set(told) - {"test", "docs", "trackers"} <= set(packages.EXTRAS)
