"""LaTeX, where it is installed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest


def compiled(source: str, folder: Path, name: str = "t.tex") -> str:
    """What pdflatex says of a document that it compiles; the test is skipped where there is none."""
    latex = shutil.which("pdflatex")
    if latex is None:
        pytest.skip("no pdflatex here")
    (folder / name).write_text(source, encoding="utf-8")
    command = [latex, "-interaction=nonstopmode", "-halt-on-error", name]
    ended = subprocess.run(command, cwd=folder, capture_output=True, timeout=120)
    said = ended.stdout.decode(errors="replace")
    assert ended.returncode == 0, said[-2000:]
    return said
