"""Noise: wrong labels."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ftbench.domain.hparams import hparam
from ftbench.domain.task import NO_LABEL, TaskSpec
from ftbench.perturbations.base import Draws, LabelledRows, Perturber

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ftbench.perturbations.base import Integers

_PLACE = 20  # bits of a decision's number that are its place in its row
_FLIP = re.compile(r"(\d+)>(\d+)(?::([0-9.eE+-]+))?")


class LabelNoise(Perturber):
    """Give rows a wrong label, by one of three transition matrices T, T[i, j] the share of class i called j.

    ``uniform``: ``round(r·N)`` of the N rows get another class, each of the others alike: T[i, i] = 1 - r,
    T[i, j] = r / (C - 1). ``pairflip`` (Han et al. 2018, arXiv:1804.06872, appendix A): the same rows get the
    next class: T[i, i + 1 mod C] = r. With two classes the two are one. ``by_class``: the asymmetric noise of
    Patrini et al. 2017 (arXiv:1609.03683, section 5), of two classes the class-conditional noise of Natarajan
    et al. 2013: ``flips`` says which class becomes which. ``flips=1>0``: ``round(r·n₁)`` of the n₁ rows of
    class 1 are called 0. Several flips are divided by ``/``, and a weight after ``:`` multiplies the ratio:
    ``flips=0>1:0.5/1>0`` calls r/2 of class 0 and r of class 1 wrong. A class with two flips shares its rows
    out between them at random.

    Where rows have several labels, and where words have labels, the noise is uniform: ``round(r·D)`` of the D
    decisions (rows × labels, or labelled words) come out wrong: 0 for 1 and 1 for 0, or another tag.
    """

    name = "noise"
    title = "Label noise"
    caption = "A fraction of the training labels replaced by wrong ones"
    changed = "noisy"
    along = "Clean and noisy training labels, by the ratio of wrong ones."
    usual = (0, 0.05, 0.1, 0.15)
    order = 30
    wanted = "ratios from 0 to below 1, such as 0,0.1"
    flag = "--noise"

    @dataclass(frozen=True)
    class Settings:
        """How many labels, and which become which."""

        value: float = hparam(
            0.0,
            range=(0, 1),
            open="high",
            help="fraction of the training labels that is replaced by a wrong one",
        )
        kind: str = hparam(
            "uniform",
            choices=("uniform", "pairflip", "by_class"),
            help="any other class; the next one; or as flips says",
        )
        flips: str = hparam("", help="with kind=by_class, which class becomes which: 1>0, or 0>1:0.5/1>2")

    def problem(self) -> str | None:
        """Flips without by_class, or by_class without flips."""
        by_class, flips = self.settings.kind == "by_class", self.settings.flips
        if not by_class:
            return f"flips goes with kind=by_class, not with kind={self.settings.kind}" if flips else None
        if not flips:
            return "kind=by_class needs flips: which class becomes which, such as flips=1>0"
        wrong = next((part for part in flips.split("/") if not _flip(part)), None)
        if wrong is not None:
            return f"flips '{wrong}' is not CLASS>CLASS or CLASS>CLASS:WEIGHT, weights above 0 to 1"
        over = [source for source, targets in self.flips().items() if sum(targets.values()) > 1 + 1e-9]
        return f"the weights of class {over[0]}'s flips sum to more than 1" if over else None

    def flips(self) -> dict[int, dict[int, float]]:
        """Class -> what it becomes -> the weight."""
        found: dict[int, dict[int, float]] = {}
        for part in self.settings.flips.split("/") if self.settings.flips else ():
            flip = _flip(part)
            if flip:
                source, target, weight = flip
                found.setdefault(source, {})[target] = weight
        return found

    def unsuitable(self, task: TaskSpec, rows: int | None) -> str | None:
        """No classes, or not those of the flips."""
        if task.regression:
            return f"{task.title} is a regression task: it has no wrong labels"
        if not task.one_class and self.settings.kind != "uniform":
            return (
                f"{task.title} has several labels a row: kind={self.settings.kind} is about one class a row"
            )
        named = {target for targets in self.flips().values() for target in targets} | self.flips().keys()
        beyond = [one for one in sorted(named) if one >= len(task.labels)]
        return f"{task.title} has no class {beyond[0]}, but 0 to {len(task.labels) - 1}" if beyond else None

    def perturb(self, rows: LabelledRows, draws: Draws) -> tuple[LabelledRows, Integers]:
        """Replace the labels of the first in the ranking."""
        import numpy as np

        ratio, classes = self.settings.value, len(rows.task.labels)
        if self.settings.kind == "by_class":
            return self._by_class(rows, draws)
        if not rows.task.one_class:
            return self._of_decisions(rows, draws)
        hit = draws.first(rows.numbers, round(ratio * len(rows.numbers)))
        right = rows.labels[np.searchsorted(rows.numbers, hit)]
        if self.settings.kind == "pairflip":
            return rows.relabelled(hit, (right + 1) % classes), hit
        return rows.relabelled(hit, wrong_labels(right, draws.keys("label", hit), classes)), hit

    def _of_decisions(self, rows: LabelledRows, draws: Draws) -> tuple[LabelledRows, Integers]:
        """Make decisions wrong: each has a number made of its row and its place there."""
        import numpy as np

        at, places = np.nonzero(rows.labels != NO_LABEL)
        numbers = (rows.numbers[at] << _PLACE) + places
        hit = draws.first(numbers, round(self.settings.value * len(numbers)))
        found = np.searchsorted(numbers, hit)
        changed, where = np.array(rows.labels), (at[found], places[found])
        classes = len(rows.task.labels) if rows.task.by_word else 2
        changed[where] = wrong_labels(changed[where], draws.keys("label", hit), classes)
        return replace(rows, labels=changed), np.unique(rows.numbers[where[0]])

    def _by_class(self, rows: LabelledRows, draws: Draws) -> tuple[LabelledRows, Integers]:
        import numpy as np

        changed, found = rows, [rows.numbers[:0]]
        for source, targets in self.flips().items():
            members = rows.numbers[rows.labels == source]
            share = self.settings.value * sum(targets.values())
            hit = draws.first(members, round(share * len(members)))
            edges = np.cumsum(list(targets.values())) / sum(targets.values())
            place = np.searchsorted(edges, draws.keys("noise:target", hit) / 2.0**64, side="right")
            labels = np.array(list(targets))[np.minimum(place, len(targets) - 1)]
            changed, found = changed.relabelled(hit, labels), [*found, hit]
        return changed, np.sort(np.concatenate(found))


def wrong_labels(labels: Integers, keys: NDArray[np.uint64], classes: int) -> Integers:
    """A wrong label for each row: the other class of two, one of the others at random of more.

    Args:
        labels: the right ones, shape (m,).
        keys: of the rows, shape (m,): a row's draw stays the same at every ratio.
        classes: how many there are.

    Returns:
        Labels, shape (m,).
    """
    import numpy as np

    shift = 1 + (keys % np.uint64(classes - 1)).astype(np.int64)
    return (labels + shift) % classes


def _flip(text: str) -> tuple[int, int, float] | None:
    """Source, target and weight of ``1>0:0.5``; None where it is not one."""
    found = _FLIP.fullmatch(text.strip())
    if found is None:
        return None
    try:
        weight = float(found[3]) if found[3] else 1.0
    except ValueError:
        return None
    source, target = int(found[1]), int(found[2])
    return (source, target, weight) if source != target and 0 < weight <= 1 else None
