"""Plots: Vega-Lite specifications, each a pure function of a tidy data frame, and their files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ftbench.errors import BadValue, FtbenchError

#: Kind -> what it shows.
KINDS: Mapping[str, str] = MappingProxyType(
    {
        "strip": "every run of every method, by task",
        "sweep": "scores over the values of a hyper-parameter",
        "robustness": "scores against the ratio of a perturbation",
        "learning": "training loss against steps",
        "cost": "score against time and memory, with the Pareto front",
        "ranks": "average ranks over tasks: critical-difference diagram",
        "reproduction": "published against measured scores",
    }
)
SUFFIXES = (".svg", ".pdf", ".png")

__all__ = ["KINDS", "SUFFIXES", "check_name", "write"]


def check_name(path: Path) -> None:
    """Refuse a file whose name asks for no format of plots.

    Raises:
        BadValue: it ends in none of ``SUFFIXES``.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise BadValue(f"{path}: name a file that ends in {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}")


def write(spec: Mapping[str, Any], path: Path) -> None:
    """Draw a plot into a file; its name's end says in which format.

    Raises:
        BadValue: the name asks for no such format.
        FtbenchError: the file cannot be written, or the plotting packages are missing.
    """
    from ftbench.reports.plots import theme

    check_name(path)
    theme.load()
    import vl_convert

    kind, shown = path.suffix.lower(), {**spec, "background": "white"}
    if kind == ".svg":
        content = vl_convert.vegalite_to_svg(shown).encode()
    elif kind == ".pdf":
        content = vl_convert.vegalite_to_pdf(shown)
    else:
        content = vl_convert.vegalite_to_png(shown, scale=2)
    try:
        path.write_bytes(content)
    except OSError as error:
        raise FtbenchError(f"{path}: cannot be written: {error.strerror}") from error
