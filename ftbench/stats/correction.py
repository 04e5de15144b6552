"""Correction of p values for the number of tests that are shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from ftbench.stats.aggregate import FloatArray


def holm(p: FloatArray) -> FloatArray:
    """Adjusted p values that keep the family-wise error (Holm 1979, Scand. J. Stat. 6): (tests,).

    Args:
        p: (tests,) p values, none missing.
    """
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def benjamini_hochberg(p: FloatArray) -> FloatArray:
    """Adjusted p values that keep the false discovery rate (Benjamini & Hochberg 1995, JRSS B 57): (tests,).

    Args:
        p: (tests,) p values, none missing.
    """
    order = np.argsort(p, kind="stable")[::-1]
    stepped = np.minimum.accumulate(p[order] * (len(p) / np.arange(len(p), 0, -1)))
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def none(p: FloatArray) -> FloatArray:
    """The p values as they are: (tests,).

    Args:
        p: (tests,) p values.
    """
    return p.copy()


CORRECTIONS: Mapping[str, Callable[[FloatArray], FloatArray]] = MappingProxyType(
    {"holm": holm, "bh": benjamini_hochberg, "none": none}
)
TITLES: Mapping[str, str] = MappingProxyType(
    {"holm": "Holm", "bh": "Benjamini-Hochberg", "none": "uncorrected"}
)
