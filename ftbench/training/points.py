"""Points: what a run scores on held-out training rows at each epoch's end, and which of them is the best."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from torch import nn

from ftbench.domain.recipe import Recipe
from ftbench.domain.result import CurvePoint
from ftbench.methods.base import Method
from ftbench.run.run import Run

NAME = "held_out"
"""Of the curve."""
RUN = "main"


@dataclass(frozen=True)
class Best:
    """The best point of a run.

    Attributes:
        score: on the held-out rows.
        setting: ``epochs`` or ``steps``, as the recipe gives its length.
        length: the value of it that ends there.
    """

    score: float
    setting: str
    length: float


class Points:
    """Scores a run as it goes; nothing that it trains with is touched.

    A method of several runs has no points but its end: none of its runs is what it is about.

    Attributes:
        rows: that the run is trained on, once it has begun.
    """

    def __init__(self, method: Method, score: Callable[[nn.Module], float | None]) -> None:
        """Take what scores a model on the held-out rows; None says that predictions are not finite."""
        self._score = score
        self._single = type(method).fit is Method.fit
        self.rows = 0

    def after(self, run: Run, method: Method, rows: int) -> list[CurvePoint]:
        """The score after a step, where that ends an epoch; the run's end is scored as every job's is.

        Args:
            run: after the step.
            method: its method.
            rows: that the run is trained on.
        """
        self.rows = rows
        step, each = run.step + 1, math.ceil(rows / run.recipe.batch_size)
        if not self._single or run.name != RUN or step % each or step >= run.total_steps:
            return []
        value = self._score(self._as_it_stands(run, method))
        return [] if value is None else [CurvePoint(run.name, step, NAME, value)]

    def best(self, curves: Iterable[CurvePoint], recipe: Recipe, last: float) -> Best:
        """The best point, of equal ones the earliest; ``last`` is the score of the trained model."""
        setting = "epochs" if recipe.steps is None else "steps"
        whole = recipe.epochs if recipe.steps is None else recipe.steps
        assert whole is not None
        found = [Best(last, setting, float(whole))]
        each = math.ceil(self.rows / recipe.batch_size) if setting == "epochs" else 1
        found += [Best(one.value, setting, one.step / each) for one in curves if one.name == NAME]
        return max(found, key=lambda one: (one.score, -one.length))

    def _as_it_stands(self, run: Run, method: Method) -> nn.Module:
        if type(method).model_for_evaluation is Method.model_for_evaluation:
            return run.model
        shadow = copy.copy(run)  # for methods that turn what they train into what is evaluated, in place
        shadow.model = copy.deepcopy(run.model)
        return method.model_for_evaluation(shadow)
