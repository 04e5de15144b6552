"""A suite as it is asked for: its axes under those that were given, and the cells that they stand for."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ftbench import methods, models, perturbations, tasks
from ftbench.domain import hparams, plan, shell
from ftbench.domain.axes import MethodChoice, RecipeChoice
from ftbench.domain.perturbation import Perturbation
from ftbench.domain.recipe import Recipe, layered
from ftbench.domain.target import Target
from ftbench.domain.task import TaskSpec
from ftbench.errors import UnknownName, UsageError
from ftbench.methods.base import BASELINE, PAPER
from ftbench.perturbations import PerturbationChoice, Perturber, titled
from ftbench.services.planning import lookup
from ftbench.services.planning.asked import Asked
from ftbench.services.planning.commands import words_of
from ftbench.suites import Line, Panel, Suite


@dataclass(frozen=True)
class Wanted:
    """One cell of a suite: all that tells its jobs from others, the seed and the rows aside.

    Attributes:
        block: the condition.
        line: the method's line.
        task: what is trained on.
        method: with all its hyper-parameters.
        recipe: every setting.
        settings: those that the suite and the user set by hand.
    """

    block: Panel
    line: Line
    task: TaskSpec
    method: plan.GridMethod
    recipe: Recipe
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> tuple[Any, ...]:
        """Equal for equal work."""
        values = [hparams.normalise(dict(v)) for v in (self.method.hparams, hparams.as_dict(self.recipe))]
        named = [tuple(sorted(value.items())) for value in values]
        block = self.block
        return block.model, self.task.name, self.method.name, *named, block.change, block.evaluate


def adapted(suite: Suite, asked: Asked) -> Suite:
    """A suite under the axes that were given.

    ``models`` stand in the place of the suite's; ``tasks`` and ``methods`` too, where they are not among the
    suite's; a perturbation concerns the blocks that have it, if any has; ``train_size`` and settings concern
    all.

    Raises:
        UsageError: an unknown model, or nothing is left.
    """
    for name in asked.tasks or ():
        if tasks.is_own(name):
            raise UsageError(f"--tasks {name}: a suite has tasks of papers; queue your own without --suite")
    for name in asked.models or ():
        if "/" not in name:  # of the hub, or a folder
            models.find(name.partition("@")[0])
    blocks: dict[object, Panel] = {}
    for block in suite.blocks:
        for changed in _variants(suite, block, asked):
            if changed.lines:  # what a block has for its own model is not another model's: the first stands
                blocks.setdefault((changed.model, changed.title, changed.tasks, changed.change), changed)
    if not blocks:
        given = shell.joined(words_of(asked))
        raise UsageError(
            f"suite {suite.name} has no cells with {given}: `ftbench suites {suite.name}` shows its grid"
        )
    return replace(
        suite, blocks=tuple(blocks.values()), seeds=suite.seeds if asked.seeds is None else asked.seeds
    )


def differs(suite: Suite, asked: Asked) -> tuple[str, ...]:
    """How what was asked for departs from the paper's protocol, a phrase for each axis."""
    changed = adapted(suite, asked)
    found = []
    if changed.models() != suite.models():
        found.append(f"{_listed(changed.models())} instead of {_listed(suite.models())}")
    if changed.seeds != suite.seeds:
        n = len(changed.seeds)
        found.append(f"{n} seed{'s' * (n > 1)} instead of {len(suite.seeds)}")
    named = {one.name for s in (changed, suite) for block in s.blocks for one in block.change.changes}
    for name in sorted(named, key=lambda name: (name != "train_size", -titled(name).order)):
        mine, own = ([b.change.value(name) for b in s.blocks] for s in (changed, suite))
        if set(mine) != set(own):
            cls = titled(name)
            shown = cls.title.lower() if cls.neutral else name
            found.append(f"{shown} {_values(mine, cls)} instead of {_values(own, cls)}")
    if asked.tasks is not None:
        found.append(f"tasks {_listed(dict.fromkeys(','.join(b.tasks) for b in changed.blocks))}")
    if asked.methods is not None:
        used = dict.fromkeys(line.method.text for block in changed.blocks for line in block.lines)
        found.append(f"methods {_listed(used)}")
    if asked.variant is not None:
        found.append(f"every method in its {asked.variant} variant")
    found += [text for text in asked.settings.texts if text not in suite.printed_under]
    return tuple(found)


def wanted_cells(suite: Suite, asked: Asked) -> Iterator[Wanted]:
    """The cells of a suite that was adapted, in the order of the paper, under each recipe that was asked for.

    Raises:
        UsageError: a model, task, method, hyper-parameter or setting that does not exist.
    """
    for block in suite.blocks:
        for line in block.lines:
            method = grid_method_of(line, asked.variant)
            for spec in tasks.expand(block.tasks):
                for recipe in asked.settings.points():
                    yield _wanted(block, line, method, spec, recipe)


def grid_method_of(line: Line, variant: str | None) -> plan.GridMethod:
    """The method of a line; a variant that is asked for wins."""
    given = {k: v for k, v in line.method.given.items() if k != "variant" or variant is None}
    return lookup.grid_method(MethodChoice(line.method.name, given), variant or PAPER)


def targets(block: Panel) -> tuple[Target, ...]:
    """What of other tasks the jobs of a block are scored on."""
    return tuple(one.on(tasks.find(one.task)) for one in block.evaluate)


def own_recipe(model: str, task: str) -> Mapping[str, Any]:
    """What a model's registry entry brings; ids of the hub and folders bring nothing."""
    try:
        return models.recipe(models.find(model.partition("@")[0]), task)
    except UnknownName:
        return {}


def _wanted(block: Panel, line: Line, method: plan.GridMethod, spec: TaskSpec, asked: RecipeChoice) -> Wanted:
    brought = own_recipe(block.model, spec.name)
    own = (block.settings, dict(block.task_settings).get(spec.name), line.settings)
    settings: dict[str, Any] = {k: v for choice in own if choice for k, v in choice.values().items()}
    if line.doubled:
        settings |= doubled(layered(brought, method.recipe, settings), line.doubled)
    settings |= asked.values()
    recipe = layered(brought, method.recipe, settings)
    return Wanted(block, line, spec, method, recipe, settings)


def doubled(recipe: Recipe, match: str) -> dict[str, Any]:
    """The settings of a batch of twice the rows.

    Args:
        recipe: the one of the plain batch.
        match: ``epochs``: as many passes over the data, which is half the updates; ``updates``: as many
            updates, which is twice the passes.
    """
    found: dict[str, Any] = {"batch_size": 2 * recipe.batch_size}
    if match == "updates" and recipe.epochs is not None:
        found["epochs"] = 2 * recipe.epochs
    if match == "epochs" and recipe.steps is not None:
        found["steps"] = math.ceil(recipe.steps / 2)
    if match == "epochs" and recipe.warmup_steps is not None:
        found["warmup_steps"] = math.ceil(recipe.warmup_steps / 2)
    return found


def _variants(suite: Suite, block: Panel, asked: Asked) -> Iterator[Panel]:
    """A block under the axes that were given: none, one, or one for each of several values."""
    lines = _lines(block.lines, asked.methods)
    names = [n for n in asked.models or (block.model,) if n == block.model or n not in suite.models()]
    named = _tasks(block, asked.tasks)
    if not named:
        return
    choices = [one for one in asked.perturb if _concerns(one, suite, block)]
    sizes = {change for one in choices if one.perturber.name == "train_size" for change in one.changes}
    for model in names:
        for change in perturbations.combined(choices, block.change):
            changed = _under(block, change, lines=lines, tasks=named, sized=len(sizes) > 1)
            yield changed if model == block.model else _with_model(changed, model, len(suite.models()) == 1)


def _concerns(asked: PerturbationChoice, suite: Suite, block: Panel) -> bool:
    """Whether what was asked for concerns a block: all, where no block of the suite has it."""
    name = asked.perturber.name
    alone = not any(other.change.value(name) for other in suite.blocks)
    return name == "train_size" or alone or bool(block.change.value(name))


def _under(
    block: Panel, change: Perturbation, lines: tuple[Line, ...], tasks: tuple[str, ...], sized: bool = False
) -> Panel:
    """A block under another change of the data; ``sized``: its title names the number of rows."""
    title, setting, departs = block.title, block.setting, block.departs
    other_size = change.train_size != block.change.train_size
    if change.condition != block.change.condition or (other_size and setting.startswith("n=")):
        title, setting = _condition(change, setting)
    if sized and not setting.startswith("n="):
        title = f"{title}, {_rows(change.train_size)}".removeprefix(", ")
    if other_size and not setting.startswith("n="):
        departs = (*departs, f"{_rows(change.train_size)}, not {_rows(block.change.train_size)}")
    return replace(
        block, lines=lines, tasks=tasks, title=title, setting=setting, departs=departs, change=change
    )


def _with_model(block: Panel, model: str, alone: bool) -> Panel:
    """A block with another model; the numbers of a table of one model stay beside it."""
    departs = (*block.departs, f"model {model}, not {block.model}")
    return replace(
        block, model=model, printed_model=block.model if alone else "-", departs=departs if alone else ()
    )


def _rows(size: int | None) -> str:
    return f"{size} training rows" if size else "all training rows"


def _condition(change: Perturbation, setting: str) -> tuple[str, str]:
    """The title of a perturbation, and the setting of the numbers that a paper prints for it."""
    found = sorted(change.condition.changes, key=lambda one: -titled(one.name).order)
    if found:
        first, cls = found[0], titled(found[0].name)
        return f"{cls.phrase or first.axis} {cls.shown(first.value)}", f"{first.axis}={first.value:g}"
    if setting.startswith("n="):
        return f"{change.train_size or 'all'} rows", f"n={change.train_size or 'all'}"
    return "clean", "full"


def _tasks(block: Panel, asked: tuple[str, ...] | None) -> tuple[str, ...]:
    """The tasks of a block; those of one with columns of its own can be chosen, not replaced."""
    if asked is None:
        return block.tasks
    wanted = tuple(spec.name for spec in tasks.expand(asked))
    return tuple(name for name in block.tasks if name in wanted) if block.columns else wanted


def _lines(lines: Sequence[Line], asked: Sequence[MethodChoice] | None) -> tuple[Line, ...]:
    """The lines of the methods that were asked for, and the baseline; others get a line of their own."""
    if asked is None:
        return tuple(lines)
    found = [line for line in lines if line.method == MethodChoice(BASELINE, {})]
    for choice in asked:
        method = lookup.grid_method(choice, PAPER)
        own = [x for x in lines if x.name == method.name and (not choice.given or _same(x, method))]
        for line in own or [Line(_title(choice, method), choice, "-", ours=True)]:
            if line not in found:
                found.append(line)
    return tuple(found)


def _title(choice: MethodChoice, method: plan.GridMethod) -> str:
    """A method that is not in the paper, as tables of jobs print it."""
    title = " ".join(methods.find(choice.name).title.split()) or method.name
    inside = method.label.partition("[")[2].removesuffix("]").replace(",", ", ")
    return f"{title} ({inside})" if inside else title


def _same(line: Line, method: plan.GridMethod) -> bool:
    return grid_method_of(line, None).hparams == method.hparams


def _values(values: Sequence[float], cls: type[Perturber]) -> str:
    return ", ".join("all" if cls.neutral and not v else f"{v:g}" for v in dict.fromkeys(values))


def _listed(names: Any) -> str:
    return ", ".join(names)
