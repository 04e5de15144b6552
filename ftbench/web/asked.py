"""What an address asks for: the fields of its query, which are called as the flags of the commands are.

Names alone are taken: what is a path to a command is none here, so that no address opens a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ftbench import perturbations, tasks
from ftbench.domain import axes
from ftbench.domain.axes import MethodChoice
from ftbench.domain.where import parse
from ftbench.errors import BadValue
from ftbench.perturbations import CLEAN, Condition
from ftbench.plugins import is_file
from ftbench.render.plots import KINDS
from ftbench.services.comparing.request import CompareRequest
from ftbench.services.papers.request import SuiteRequest
from ftbench.services.planning.asked import Asked
from ftbench.services.reporting.plots import PlotRequest
from ftbench.services.reporting.request import ReportRequest
from ftbench.services.scores.fields import fields
from ftbench.services.scores.rescored import MetricChoice
from ftbench.services.scores.selection import Selection
from ftbench.settings import place

BASELINE = "vanilla"
_LONGEST = 2000  # characters of a field
#: The fields in which a command takes the place of a file, too.
_NAMED = frozenset("models tasks methods baseline metric perturb over".split())


@dataclass(frozen=True)
class Query:
    """The fields of an address.

    Attributes:
        given: name -> text; what is empty is not given.
    """

    given: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, fields: Mapping[str, str]) -> Query:
        """Take the fields.

        Raises:
            BadValue: one is too long, or names a file.
        """
        given = {name: text.strip() for name, text in fields.items() if text.strip()}
        for name, text in given.items():
            if len(text) > _LONGEST or not text.isprintable():
                raise BadValue(f"{name[:40]}: this is no text of at most {_LONGEST:,} characters")
            if name in _NAMED and any(_is_place(part, name) for part in axes.split_names(text)):
                raise BadValue(f"{name[:40]} '{text[:200]}': give names; no file is opened from here")
        return cls(tuple(sorted(given.items())))

    def get(self, name: str, default: str = "") -> str:
        """A field's text."""
        return dict(self.given).get(name, default)

    def has(self, name: str) -> bool:
        """Whether a box was ticked."""
        return self.get(name) not in ("", "0", "no")

    def number(self, name: str, default: float) -> float:
        """A field's number.

        Raises:
            BadValue: it is none.
        """
        text = self.get(name)
        try:
            return float(text) if text else default
        except ValueError:
            raise BadValue(f"{name} '{text}': give a number") from None

    def names(self, name: str) -> tuple[str, ...]:
        """The entries of a list with commas."""
        return axes.split_names(self.get(name))


def _is_place(text: str, field: str) -> bool:
    """Whether a command would take a text for a place; the id of a model on the hub has a slash."""
    if field == "models":
        return text.startswith((".", "/", "~")) or ".." in text or "\\" in text or place(text).exists()
    return is_file(text.partition("[")[0]) or tasks.is_own(text.partition("[")[0])


def selection_of(query: Query, methods: str | None = None) -> Selection:
    """The filters of a report.

    Raises:
        BadValue: an expression that cannot be read, or a baseline that is not one method.
    """
    chosen: tuple[MethodChoice, ...] = axes.methods(query.get("baseline", BASELINE))
    if len(chosen) != 1 or chosen[0].every:
        raise BadValue(f"baseline '{query.get('baseline')}': give one method, such as {BASELINE}")
    where = parse(query.get("where"), fields()) if query.get("where") else None
    named = query.get("methods") if methods is None else methods
    return Selection(query.names("models"), query.names("tasks"), axes.methods(named), chosen[0], where=where)


def _metric(query: Query) -> MetricChoice | None:
    return MetricChoice.of(query.get("metric") or None)


def report_of(query: Query) -> ReportRequest:
    """The table of an address.

    Raises:
        UsageError: it asks for what there is not.
    """
    return ReportRequest(
        selection_of(query),
        query.get("table", "main"),
        query.names("show"),
        not query.has("without_collapsed"),
        query.get("diverged", "chance"),
        query.get("estimand", "mean"),
        query.get("tuned", "no"),
        _metric(query),
    )


def comparison_of(query: Query) -> CompareRequest:
    """The comparison of an address.

    Raises:
        UsageError: it asks for what there is not, or names fewer than two methods.
    """
    found = replace(selection_of(query), baseline=None, where=None)
    if len(set(found.methods)) < 2 and not any(one.every for one in found.methods):
        raise BadValue("methods: name two or more, such as bidrop,vanilla")
    return CompareRequest(
        found,
        _condition(query),
        query.get("test", "t"),
        query.get("correction", "holm"),
        query.number("region", 1.0) / 100,
        examples=query.has("examples"),
        untested=query.has("untested"),
        study=query.get("study"),
        metric=_metric(query),
    )


def _condition(query: Query) -> Condition:
    """What was done to the data of the compared runs: ``noise=0.1`` in the field ``perturb``."""
    given = axes.split_names(query.get("perturb"))
    return perturbations.single(given) if given else CLEAN


def plot_of(query: Query) -> PlotRequest:
    """The plot of an address; of the kinds that are of jobs' scores.

    Raises:
        UsageError: it asks for what there is not.
    """
    critical = query.number("critical", 0.0)
    return PlotRequest(
        query.get("kind", next(iter(KINDS))),
        selection_of(query),
        query.get("over") or None,
        critical if critical > 0 else None,
        query.has("violin"),
        _metric(query),
    )


def suite_of(query: Query) -> SuiteRequest:
    """A paper's tables, as the paper has them, or for other methods, tasks and models."""

    def chosen(name: str) -> str | None:
        return query.get(name) or None

    methods, tasks, models = map(chosen, ("methods", "tasks", "models"))
    given = Asked(
        methods=None if methods is None else axes.methods(methods),
        tasks=None if tasks is None else axes.split_names(tasks),
        models=None if models is None else axes.split_names(models),
    )
    return SuiteRequest(
        query.get("name"), given, diverged=query.get("diverged", "chance"), show=query.names("show")
    )
