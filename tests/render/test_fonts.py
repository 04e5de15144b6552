"""Fonts that somebody names, as what draws finds them."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from ftbench.render.plots.fonts import lacking_fonts, quoted_fonts

pytest.importorskip("vl_convert")


def test_fonts_are_named_in_quotation_marks() -> None:
    assert (
        quoted_fonts(["Source Sans 3", " 'Nimbus Roman'", 'a"b\\']) == "'Source Sans 3', 'Nimbus Roman', 'ab'"
    )


def test_the_fonts_that_are_lacking_are_known() -> None:
    named = ("No Such Font", "No Such Font 3", "no & <such>")
    assert lacking_fonts(named) == named


def test_the_fonts_that_are_here_are_known() -> None:
    program = shutil.which("fc-list")
    listed = subprocess.run([program, ":", "family"], capture_output=True, text=True) if program else None
    if listed is None or "DejaVu Sans\n" not in listed.stdout:
        pytest.skip("no list of fonts, or not the one of this test")
    assert lacking_fonts(["No Such Font", "DejaVu Sans"]) == ("No Such Font",)
