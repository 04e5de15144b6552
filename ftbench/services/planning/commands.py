"""The one writer of commands: to queue a job again, a table, a claim; to run jobs, and stale ones again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ftbench import methods, models
from ftbench.db.rows import JobSummary
from ftbench.domain import hparams, job, lists, shell, target
from ftbench.domain.cards import MethodCard, card_of_method
from ftbench.domain.claim import DeclaredClaim
from ftbench.domain.own_task import task_of
from ftbench.domain.perturbation import Perturbation
from ftbench.domain.recipe import layered
from ftbench.errors import FtbenchError, UnknownName
from ftbench.methods.base import BASELINE
from ftbench.models.resolve import FOLDER
from ftbench.perturbations import flag, titled
from ftbench.secrets import masked
from ftbench.services.planning.asked import Asked
from ftbench.services.planning.own_files import NO_OWN, OwnFiles
from ftbench.services.scores.own import classifications
from ftbench.services.scores.selection import Selection
from ftbench.services.scores.settings import DATA, TUNED, fitted
from ftbench.settings import DEFAULT_DATABASE

#: What the papers' tables span, where nothing else is known.
USUAL_METHODS = "rdrop,bidrop"
USUAL_SEEDS = "10"


Flags = list[tuple[str, str]]


def queue_command(
    flags: Flags,
    settings: Mapping[str, Any] | None = None,
    rest: Mapping[str, str] | None = None,
    *,
    baseline: bool = True,
) -> str:
    """``ftbench queue …`` as it can be typed.

    Args:
        flags: what spans the grid, in the order in which it is to stand; empty ones are left out.
        settings: of the recipe, given by hand.
        rest: flags that come after them.
        baseline: whether vanilla is added.
    """
    words = [word for flag, value in flags if value for word in _given(flag, value)]
    words += [word for name, value in (settings or {}).items() for word in ("--set", f"{name}={value}")]
    words += [word for flag, value in (rest or {}).items() if value for word in _given(flag, value)]
    return shell.joined(["ftbench", "queue", *words, *([] if baseline else ["--no-baseline"])])


def _given(flag: str, value: str) -> tuple[str, ...]:
    """A flag with its value; one that begins with a dash would be taken for a flag."""
    return (f"{flag}={value}",) if value.startswith("-") else (flag, value)


def example(*words: str, address: str) -> str:
    """A command of another kind, for a database."""
    return shell.joined(["ftbench", *words, *_database(address)])


def worker_command(address: str) -> str:
    """``ftbench worker`` for a database."""
    return example("worker", address=address)


def retry_command(names: Sequence[str], plugins: Mapping[str, Sequence[str]], address: str) -> str:
    """``ftbench retry --stale`` for some methods.

    Args:
        names: of the methods.
        plugins: method -> the files that it may come from.
        address: of the database.
    """
    typed = ",".join(map(OwnFiles(plugins).method, names))
    return example("retry", "--stale", "--methods", typed, address=address)


def _database(address: str) -> list[str]:
    return [] if address == DEFAULT_DATABASE else ["--db", masked(address)]


def for_job(spec: Mapping[str, Any], places: Mapping[str, Any], seeds: Sequence[int] = ()) -> str:
    """``ftbench queue …`` for one job, or for several that differ in their seed only.

    Args:
        spec: the job's canonical form.
        places: where its model, data and plug-ins are on this machine.
        seeds: the seeds; that of ``spec`` where none are given.
    """
    streams = spec.get("streams") or {}
    spec_of = task_of(places, spec["task"]["name"])
    own = OwnFiles({}, places.get("perturbations") or {}, {spec_of.name: spec_of} if spec_of else {})
    flags = [
        ("--methods", _method(spec["method"], places)),
        *own.task_flags([spec["task"]["name"]]),
        ("--models", lists.escaped(_model(spec["model"], places))),
        ("--seeds", _listed([spec["seed"], *streams.values()] if streams else seeds or [spec["seed"]])),
        ("--vary", ",".join(streams)),
        *(own.change(one.text) for one in Perturbation.of(spec["perturbation"]).changes),
        ("--evaluate", ",".join(spec["task"].get("others") or ())),
    ]
    rest = {"--data-dir": str(places.get("data") or "")}
    found = queue_command(flags, _settings(spec, places), rest, baseline=False)
    return f"{found} --retention" if target.RETENTION in spec["task"]["evaluation"] else found


def for_table(
    asked: Selection,
    address: str,
    cells: Sequence[JobSummary] = (),
    axis: str | None = None,
    changed: Mapping[str, Any] | None = None,
    own: OwnFiles = NO_OWN,
    data: str = "",
) -> str:
    """``ftbench queue …`` that would fill a table: as asked for, or like the jobs that there are.

    Args:
        asked: the filters.
        address: of the database.
        cells: jobs of the same models, tasks and methods.
        axis: the perturbation that the table is about, as it is typed without a value; None for clean runs.
        changed: the recipe settings that these jobs were given by hand.
        own: where users' own methods and perturbations stand.
        data: the folder with the rows; "" for the usual places.
    """
    names = {cell.task for cell in cells}
    usable = classifications(names, own.tasks) if axis else names
    found = [cell for cell in cells if cell.task in usable]
    baseline = asked.baseline_label
    labels = dict.fromkeys(cell.label for cell in found if cell.label != baseline)
    sizes = dict.fromkeys(str(c.train_size) for c in found if c.train_size)
    typed = [choice.queued for choice in asked.methods]
    wanted = [
        ("--methods", ",".join(map(own.method, typed or labels)) or USUAL_METHODS),
        *own.task_flags(asked.tasks or [c.task for c in found] or _usual_tasks(axis)),
        ("--models", _list_of(asked.models or [_typed(cell.model) for cell in found])),
        *([flag(f"train_size={','.join(sizes)}")] if sizes else []),
        ("--seeds", seeds_text(sorted({cell.seed for cell in found})) or USUAL_SEEDS),
        *([own.change(f"{axis}={_usual_values(axis)}")] if axis else []),
        ("--db", _unless_default(address)),
    ]
    rest = (DATA, TUNED)
    by_hand = {
        name: value for name, value in (changed or {}).items() if name not in rest and value is not None
    }
    return queue_command(wanted, by_hand, {"--data-dir": data})


def for_suite(name: str, asked: Asked, address: str) -> str:
    """``ftbench queue …`` that would fill a suite's table.

    Args:
        name: of the suite.
        asked: the axes that were given beside it.
        address: of the database.
    """
    rest = {"--db": _unless_default(address)}
    settings = [("--set", text) for text in asked.settings.texts]
    return queue_command([("--suite", name), *flags_of(asked), *settings], rest=rest)


def flags_of(asked: Asked) -> Flags:
    """The axes that were given, as the command line takes them; the recipe's settings left out."""
    given = [
        ("--methods", ",".join(choice.text for choice in asked.methods or ())),
        ("--tasks", ",".join(asked.tasks or ())),
        ("--models", _list_of(asked.models or ())),
        ("--seeds", seeds_text(asked.seeds or ())),
        *(flag(one.text) for one in asked.perturb),
        ("--variant", asked.variant or ""),
    ]
    return [(name, text) for name, text in given if text]


def words_of(asked: Asked) -> list[str]:
    """The same as words of a command, with the recipe's settings."""
    words = [word for pair in flags_of(asked) for word in pair]
    return words + [word for setting in asked.settings.texts for word in ("--set", setting)]


def for_claim(about: DeclaredClaim, address: str, own: OwnFiles = NO_OWN) -> str:
    """``ftbench queue …`` that would fill a claim."""
    sides = [side for side in (about.better, about.worse) if side != BASELINE]
    axis = about.condition.changes[0].axis if about.condition.changes else None
    sizes = ",".join(str(size or "full") for size in about.train_sizes)
    wanted = [
        ("--methods", ",".join(map(own.method, sides))),
        *own.task_flags(about.tasks or _usual_tasks(axis)),
        ("--models", _list_of(about.models)),
        *(own.change(one.text) for one in about.condition.changes),
        *([flag(f"train_size={sizes}")] if sizes else []),
        ("--seeds", USUAL_SEEDS),
        ("--db", _unless_default(address)),
    ]
    return queue_command(wanted, baseline=len(sides) == 1)


def _list_of(names: Iterable[str]) -> str:
    """Names as a flag takes them, each once."""
    return ",".join(map(lists.escaped, dict.fromkeys(names)))


def _usual_tasks(axis: str | None) -> Sequence[str]:
    """The tasks of papers' tables: those with classes, where something is done to the data."""
    return ("cola", "mrpc", "rte") if axis else ("glue-small",)


def _usual_values(axis: str) -> str:
    """The values of papers' tables; of other perturbations, an example."""
    usual = titled(axis.partition("[")[0]).usual or (0, 0.1)
    return ",".join(f"{value:g}" for value in usual)


def _method(method: Mapping[str, Any], places: Mapping[str, Any]) -> str:
    """The method as a label, with the file it comes from in place of its name."""
    try:
        defaults: Mapping[str, Any] = methods.of_row(method["name"]).defaults()
    except FtbenchError:
        defaults = (card_of_method(places) or MethodCard()).defaults
    own = OwnFiles({method["name"]: places.get("plugins") or ()})
    return own.method(job.label(method["name"], method["hparams"], defaults))


def _model(model: Mapping[str, Any], places: Mapping[str, Any]) -> str:
    name, revision = str(model["id"]), str(model["revision"])
    if name.startswith("folder:"):
        return str(places.get("model") or name)
    return name if revision == "main" or revision.startswith("sha256:") else f"{name}@{revision}"


def _of_model(spec: Mapping[str, Any]) -> Mapping[str, Any]:
    """The recipe that a model brings; folders and ids of the hub bring none, and are not looked at."""
    try:
        return models.recipe(models.find(spec["model"]["id"]), spec["task"]["name"])
    except UnknownName:
        return {}


def _of_method(name: str, places: Mapping[str, Any]) -> Mapping[str, Any]:
    """The recipe that a method brings, as its paper has it.

    Raises:
        FtbenchError: nothing is known of it.
    """
    try:
        return methods.of_row(name).recipe_defaults("paper")
    except UnknownName:
        card = card_of_method(places)
        if card is None:
            raise
        return card.recipes[0]


def _settings(spec: Mapping[str, Any], places: Mapping[str, Any]) -> dict[str, Any]:
    """The recipe settings that differ from those that ``queue`` would take by itself; all where unknown."""
    brought: Mapping[str, Any] = {}
    model, task, method = spec["model"]["id"], spec["task"]["name"], spec["method"]
    try:
        recipe = layered(_of_model(spec), _of_method(method["name"], places))
        brought = fitted(hparams.normalise(hparams.as_dict(recipe)), model, task, method["hparams"])
    except FtbenchError:
        pass
    wanted = {k: v for k, v in spec["recipe"].items() if v is not None}
    return {k: v for k, v in wanted.items() if k not in brought or brought[k] != v}


def _typed(model: str) -> str:
    """A model's id as ``queue`` takes it; where a folder stands is not known here."""
    return model.replace(FOLDER, "./")


def seeds_text(seeds: Sequence[int]) -> str:
    """Seeds as a flag takes them, in short; "" for none."""
    counted = bool(seeds) and tuple(seeds) == tuple(range(len(seeds)))
    return str(len(seeds)) if counted else _listed(seeds) if seeds else ""


def _listed(seeds: Sequence[int]) -> str:
    """Seeds as a flag takes them: ``7,`` is seed 7 alone."""
    return f"{seeds[0]}," if len(seeds) == 1 else ",".join(str(seed) for seed in seeds)


def _unless_default(address: str) -> str:
    return masked(address) if address != DEFAULT_DATABASE else ""
