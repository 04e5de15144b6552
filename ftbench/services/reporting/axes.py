"""Which perturbations a report has tables of, and what these say."""

from __future__ import annotations

from collections.abc import Iterable

from ftbench.domain.perturbation import Change, Perturbation
from ftbench.perturbations import NOTHING_KNOWN, KnownChanges, Perturber, available, titled
from ftbench.render.layouts import Axis


def axes_of(conditions: Iterable[Perturbation] = (), told: KnownChanges = NOTHING_KNOWN) -> list[Axis]:
    """The perturbations that jobs have alone, and those of papers' tables, which stand first.

    Args:
        conditions: what was done to the data of the jobs.
        told: what perturbations that are not installed say of themselves.
    """
    alone = {one.changes[0] for one in set(conditions) if len(one.changes) == 1}
    changes = {one.axis: one for one in alone}
    usual = [entry.cls for entry in available() if entry.cls and entry.cls.usual]
    changes |= {cls.name: Change(cls.name, cls.usual[-1]) for cls in usual}
    found = [(titled(one.name, told), one) for one in changes.values()]
    found.sort(key=lambda pair: (not pair[0].usual, -pair[0].order, pair[1].axis))
    return [_axis(cls, one) for cls, one in found]


def _axis(cls: type[Perturber], change: Change) -> Axis:
    options = ", ".join(f"{name}={value}" for name, value in change.options)
    return Axis(
        name=change.axis,
        title=f"{cls.title} ({options})" if options else cls.title,
        caption=f"{cls.caption} ({options})" if options else cls.caption,
        changed=cls.changed,
        along="" if options else cls.along,
        metric=cls.metric,
        percent=cls.percent,
    )
