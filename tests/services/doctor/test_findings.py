"""Paths that name nobody."""

from __future__ import annotations

import pytest

from ftbench.services.doctor.findings import homely


@pytest.mark.parametrize(
    ("path", "shown"),
    [("/home/ada/x", "~/x"), ("/home/ada", "~"), ("/home/adam/x", "/home/adam/x"), ("x", "x")],
)
def test_the_home_folder_is_a_tilde(monkeypatch: pytest.MonkeyPatch, path: str, shown: str):
    monkeypatch.setenv("HOME", "/home/ada")
    assert homely(path) == shown


def test_without_a_home_paths_stay(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", "/")
    assert homely("/data") == "/data"
