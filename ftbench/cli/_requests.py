"""From the texts of flags to what services take: nothing further in reads a flag's text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ftbench.cli._options import columns, perturb_of
from ftbench.errors import BadValue, UsageError

if TYPE_CHECKING:
    from ftbench.db import JobFilter
    from ftbench.domain.axes import MethodChoice
    from ftbench.domain.perturbation import Change
    from ftbench.domain.where import Where
    from ftbench.perturbations import Condition
    from ftbench.services.claims.declared import ClaimRequest
    from ftbench.services.papers.request import PrintedRequest
    from ftbench.services.planning.asked import Asked
    from ftbench.services.scores.selection import Selection
    from ftbench.services.scores.titles import Naming

BASELINE = "vanilla"

Called = tuple[Sequence[str] | None, str | None] | None
"""The texts of ``--rename`` and that of ``--names``, as far as they were given."""


def names(text: str | None) -> tuple[str, ...]:
    """The entries of a list with commas, without repetitions; () where the flag was not given."""
    from ftbench.domain import axes

    return axes.split_names(text or "")


def asked(
    *,
    suite: bool = False,
    methods: str | None = None,
    tasks: str | None = None,
    models: str | None = None,
    seeds: str | None = None,
    perturb: Sequence[str] = (),
    settings: Sequence[str] = (),
    variant: str | None = None,
    text: str | None = None,
    label: str | None = None,
) -> Asked:
    """The axes of a grid by the texts of their flags, None for one that was not given.

    Args:
        suite: whether they stand beside a suite, where an empty one means nothing.
        methods: ``bidrop[k=2|3],rdrop``.
        tasks: a list.
        models: a list.
        seeds: ``10``, ``0,3,7``.
        perturb: ``NAME=value,value`` each; see ``perturb_of``.
        settings: ``name=value`` each.
        variant: a name.
        text: one or two columns of users' own files.
        label: a column of these.

    Raises:
        UsageError: a text that cannot be read, a perturbation or recipe setting that does not exist.
    """
    from ftbench import perturbations
    from ftbench.domain import axes
    from ftbench.services.planning.asked import Asked

    recipe = axes.recipe_settings(settings)
    if suite:
        lists = {"--methods": methods, "--tasks": tasks, "--models": models, "--seeds": seeds}
        given = [*lists.items(), *map(perturbations.flag, perturb), ("--variant", variant)]
        for flag, text in given:
            if text is not None and not axes.split_names(text):
                raise BadValue(f"{flag} '{text}': give a value, or leave it out for the suite's own")
    return Asked(
        perturb=tuple(map(perturbations.asked, perturb)),
        seeds=None if seeds is None else axes.seeds(seeds),
        methods=None if methods is None else axes.methods(methods),
        tasks=None if tasks is None else axes.split_names(tasks),
        models=None if models is None else axes.split_names(models),
        settings=recipe,
        variant=variant,
        columns=columns(text, label),
    )


def selection(
    models: str | None,
    tasks: str | None,
    methods: str | None = None,
    baseline: str = BASELINE,
    called: Called = None,
    where: str | None = None,
) -> Selection:
    """The filters of a report, and what its methods are called.

    Raises:
        BadValue: an expression that cannot be read, brackets that do not close, a baseline that is not one
            method, or a wrong ``--rename``.
    """
    from ftbench.domain import axes
    from ftbench.services.scores.selection import Selection

    chosen = axes.methods(baseline)
    if len(chosen) != 1 or chosen[0].every:
        raise BadValue(f"baseline '{baseline}': give one method, such as vanilla")
    naming = naming_of(called)
    return Selection(
        names(models), names(tasks), axes.methods(methods or ""), chosen[0], naming, meaning(where)
    )


def naming_of(called: Called) -> Naming:
    """How ``--rename`` and ``--names`` call methods.

    Raises:
        UsageError: an entry is not ``METHOD=TITLE``, names a method twice, or names are of no such kind.
    """
    from ftbench.services.scores.titles import Naming

    renamed, which = called or ((), None)
    return Naming.of(renamed or ()) if which is None else Naming.of(renamed or (), which)


def meaning(where: str | None) -> Where | None:
    """What ``--where`` says; None where it was not given.

    Raises:
        BadValue: it cannot be read; names the place.
    """
    if where is None:
        return None
    from ftbench.domain.where import parse
    from ftbench.services.scores.fields import fields

    return parse(where, fields())


def without_baseline(
    models: str | None,
    tasks: str | None,
    methods: Sequence[str],
    called: Called = None,
    where: str | None = None,
) -> Selection:
    """The filters where no baseline is let through beside them.

    Args:
        models: the flag.
        tasks: the flag.
        methods: lists of methods, one after the other.
        called: the texts of ``--rename``, and that of ``--names``.
        where: the text of ``--where``.

    Raises:
        BadValue: an expression that cannot be read, brackets that do not close, or a wrong ``--rename``.
    """
    from ftbench.domain import axes
    from ftbench.services.scores.selection import Selection

    found = axes.methods(",".join(methods))
    return Selection(names(models), names(tasks), found, None, naming_of(called), meaning(where))


def compared(
    models: str | None,
    tasks: str | None,
    methods: Sequence[str],
    called: Called = None,
    *,
    command: str,
) -> Selection:
    """The filters of a comparison.

    Args:
        models: the flag.
        tasks: the flag.
        methods: lists of methods, one after the other.
        called: the texts of ``--rename``, and that of ``--names``.
        command: what asks, for the error.

    Raises:
        UsageError: fewer than two methods, or brackets that do not close.
    """
    found = without_baseline(models, tasks, methods, called)
    if len(set(found.methods)) < 2 and not any(one.every for one in found.methods):
        raise UsageError(f"{command} needs two methods or more, such as: ftbench {command} bidrop vanilla")
    return found


def against(
    models: str | None,
    tasks: str | None,
    methods: Sequence[str],
    baseline: str,
    called: Called = None,
) -> Selection:
    """The filters of methods that are compared with a baseline, each.

    Raises:
        UsageError: no method but the baseline, or brackets that do not close.
    """
    found = selection(models, tasks, ",".join(methods), baseline, called)
    if not set(found.methods) - {found.baseline}:
        raise UsageError(f"topup needs a method beside {baseline}, such as: ftbench topup bidrop")
    return found


def jobs(
    state: str | None, models: str | None, tasks: str | None, methods: str | None, where: str | None = None
) -> JobFilter:
    """The jobs that the filters of ``status``, ``retry`` and ``cancel`` mean.

    Raises:
        UsageError: a state that does not exist, an expression that cannot be read, or brackets that do not
            close.
    """
    from ftbench.domain import axes
    from ftbench.services.jobs import job_filter

    return job_filter(
        names(state),
        names(models),
        names(tasks),
        axes.methods(methods or ""),
        meaning(where),
    )


def method_files(methods: str | None) -> dict[str, str]:
    """The methods that were given by their file: name -> its whole path.

    Raises:
        UsageError: brackets that do not close.
    """
    from ftbench.domain import axes
    from ftbench.services.scores.selection import named_files

    return named_files(axes.methods(methods or ""))


def condition(named: Mapping[str, float], listed: Sequence[str] | None) -> Condition:
    """What was done to the data of the runs that are meant.

    Args:
        named: perturbation -> the value of its own flag; 0 is the clean run.
        listed: the texts of ``--perturb``.

    Raises:
        UsageError: a perturbation that there is not, or several values of one.
    """
    from ftbench.perturbations import single

    texts = {name: repr(value).removesuffix(".0") for name, value in named.items() if value}
    return single(perturb_of(texts, listed))


def claimed(text: str) -> ClaimRequest:
    """A claim as it was typed.

    Raises:
        UsageError: it is not a claim.
    """
    from ftbench import perturbations
    from ftbench.domain import claim
    from ftbench.services.claims.declared import ClaimRequest

    known = [entry.name for entry in perturbations.available()]
    files: dict[str, str] = {}

    def changes(one: str) -> tuple[Change | None, ...]:
        found = perturbations.asked(one)
        files.update(perturbations.files_named([found]))
        return found.changes

    typed = claim.parse(text, known, changes)
    better, worse = (_one(side) for side in (typed.better, typed.worse))
    return ClaimRequest(text, better, worse, typed, files)


def printed(name: str) -> PrintedRequest:
    """The printed numbers of ``bidrop``, ``bidrop/table5`` or ``all``, in any case."""
    from ftbench.services.papers.request import PrintedRequest

    known = name.strip().lower()
    if known == "all":
        return PrintedRequest(name)
    paper, _, exhibit = known.partition("/")
    return PrintedRequest(name, paper or (None if exhibit else ""), exhibit or None)


def _one(side: str) -> MethodChoice:
    """One side of a claim, of which ``claim.parse`` has seen that it is one method."""
    from ftbench.domain import axes

    (choice,) = axes.methods(side)
    return choice
