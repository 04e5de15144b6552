"""Fonts that somebody names, as what draws finds them."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from ftbench.render.plots.fonts import font_names, lacking_fonts

pytest.importorskip("vl_convert")


def test_fonts_are_listed_with_or_without_quotation_marks() -> None:
    assert font_names("Source Sans 3, 'Nimbus Roman',\"Times\",") == (
        "Source Sans 3",
        "Nimbus Roman",
        "Times",
    )
    assert font_names("") == ()


def test_the_fonts_that_are_lacking_are_known() -> None:
    named = ("No Such Font", "No Such Font 3", "no & <such>")
    assert lacking_fonts(",".join(named)) == named


def test_the_fonts_that_are_here_are_known() -> None:
    program = shutil.which("fc-list")
    listed = subprocess.run([program, ":", "family"], capture_output=True, text=True) if program else None
    if listed is None or "DejaVu Sans\n" not in listed.stdout:
        pytest.skip("no list of fonts, or not the one of this test")
    assert lacking_fonts("No Such Font,DejaVu Sans") == ("No Such Font",)
