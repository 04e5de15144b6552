"""Study: a tuning of methods on equal budgets, as it was declared, and its trials."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ftbench.domain.target import HELD_OUT, HELD_OUT_BEST

FIRST_SEED = 1000
"""Of a study's first repetition; reporting runs begin at 0 and should not come so far."""
TRIALS, PASSES, HOURS = UNITS = ("trials", "passes", "hours")
FINAL, BEST_STEP = SELECTED = ("final", "best-step")
"""What of a trial counts: its last model, or the best of those at the ends of its epochs."""
SOBOL, TPE = SAMPLERS = ("sobol", "tpe")
FORM = 1
LATER = {"select": FINAL, "batch": 0}
"""What is declared only where it is not so: studies of earlier versions say nothing of it."""
AGAIN = "again"
"""The command that goes on with a study whose draws hang on results; how it was typed declares nothing."""


@dataclass(frozen=True)
class Trial:
    """One job of a study.

    Attributes:
        digest: of the job.
        method: its method's label as the study declares it, without what the draw changed.
        repeat: of the repetition, from 0.
        draw: its number; 0 is the default recipe.
    """

    digest: str
    method: str
    repeat: int
    draw: int


@dataclass(frozen=True)
class Study:
    """What was declared, and the trials that came of it.

    Attributes:
        name: what it is called.
        declared: what it is about, as JSON values: see ``declaration``.
        trials: its jobs.
    """

    name: str
    declared: Mapping[str, Any]
    trials: tuple[Trial, ...] = ()

    @property
    def repeats(self) -> int:
        """How often the whole search is done, with other draws, heads and held-out rows."""
        return int(self.declared["studies"])

    @property
    def select(self) -> str:
        """What of a trial counts."""
        return str(self.declared.get("select", FINAL))

    @property
    def sampler(self) -> str:
        """What draws."""
        return str(self.declared.get("sampler", SOBOL))

    @property
    def batch(self) -> int:
        """The trials of a round, where draws hang on the results of the round before; 0 elsewhere."""
        return int(self.declared.get("batch", 0))

    @property
    def scored_on(self) -> tuple[str, ...]:
        """What its trials are scored on: the evaluation of their jobs, that which counts last."""
        return (HELD_OUT,) if self.select == FINAL else (HELD_OUT, HELD_OUT_BEST)

    @property
    def each_condition(self) -> bool:
        """Whether each change to the data has a choice of its own."""
        return bool(self.declared["each_condition"])

    def repeat_of(self, seed: int) -> int:
        """Whose choice a reporting run of a seed is trained with: seeds take turns."""
        return seed % self.repeats

    def said(self) -> str:
        """The protocol in a line, for captions."""
        told, space = self.declared, self.declared["space"]
        shared = ", ".join(f"{name} {_written(one)}" for name, one in space["shared"].items())
        per = f"{told['budget']:g} {told['unit']}"
        times = f" × {self.repeats} studies" if self.repeats > 1 else ""
        which = (
            f"; seed s has the choice of study s mod {self.repeats}, and tests are over studies"
            if self.repeats > 1
            else "; with one study, tests are about these values, not about what another search would find"
        )
        rounds = f"; draws by TPE, after {self.batch} common ones" if self.sampler == TPE else ""
        return (
            f"Tuned, study {self.name}: {per}{times} for each method, model and task; space "
            f"{space['name']} ({shared or 'nothing shared'}; and each method's own); chosen by the "
            f"{_COUNTS[self.select]} on training rows held out (10 %, at least 100), never on these rows"
            f"{_THEN[self.select]}{which}{rounds}."
        )

    def differs(self, other: Study) -> tuple[str, Any, Any] | None:
        """The first thing that was declared otherwise: its name, here and there; None where nothing was."""
        for name in (name for name in (*self.declared, *other.declared) if name != AGAIN):
            mine, theirs = (told.get(name, LATER.get(name)) for told in (self.declared, other.declared))
            if mine != theirs:
                return name, mine, theirs
        return None

    def with_trials(self, trials: tuple[Trial, ...]) -> Study:
        """The study with its jobs."""
        return replace(self, trials=trials)


_COUNTS = {FINAL: "last model's score", BEST_STEP: "score of the best epoch's end"}
_THEN = {FINAL: "", BEST_STEP: "; runs are as long as that, and so is their schedule"}


def _written(dimension: Any) -> str:
    if isinstance(dimension, Mapping):
        return f"{dimension['low']:g} to {dimension['high']:g}{' (log)' if dimension.get('log') else ''}"
    return "|".join(f"{value:g}" if isinstance(value, float) else str(value) for value in dimension)
