"""What is asked for of a grid: its axes, each given or left to a default."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ftbench.domain.axes import MethodChoice, RecipeChoice
from ftbench.domain.task import OwnColumns
from ftbench.perturbations import PerturbationChoice


@dataclass(frozen=True)
class Asked:
    """The axes that were given, None or empty for those that were not; of a suite, what is given beside it.

    Attributes:
        methods: with hyper-parameters.
        tasks: names of tasks and groups.
        models: names, ids of the hub, folders.
        seeds: in their order.
        perturb: what is done to the data, whichever flag it was given by.
        settings: of the recipe, several values of one as a grid.
        variant: of every method that does not name its own.
        columns: with text and label, in users' own files among the tasks.
    """

    methods: tuple[MethodChoice, ...] | None = None
    tasks: tuple[str, ...] | None = None
    models: tuple[str, ...] | None = None
    seeds: tuple[int, ...] | None = None
    perturb: tuple[PerturbationChoice, ...] = ()
    settings: RecipeChoice = RecipeChoice()
    variant: str | None = None
    columns: OwnColumns = OwnColumns()

    def by_recipe(self) -> tuple[Asked, ...]:
        """The same under one recipe each: what differs in it stands in no table together."""
        return tuple(replace(self, settings=point) for point in self.settings.points())
