"""The generated parts of ``docs/results.md``: what the example database holds."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ftbench.cli import _requests
from ftbench.db import open_database
from ftbench.render import render_suites
from ftbench.render.suite_table import SuiteReport
from ftbench.services.papers import report as suite_report
from ftbench.services.papers.request import SuiteRequest
from ftbench.services.planning.asked import Asked
from ftbench.services.planning.commands import words_of

ROOT = Path(__file__).resolve().parent.parent
DATABASE = "ftbench.db.example"


@dataclass(frozen=True)
class Experiment:
    """A suite under axes of our own.

    Attributes:
        part: its name in the page.
        suite: the paper's table.
        asked: the axes that are ours.
    """

    part: str
    suite: str
    asked: Asked


def _small(tasks: str, *perturb: str, settings: tuple[str, ...] = ()) -> Asked:
    """A small model and few seeds on some of a suite's tasks."""
    return _requests.asked(
        suite=True, models="minilm", seeds="3", tasks=tasks, perturb=perturb, settings=settings
    )


EXPERIMENTS = (
    Experiment(
        "robustness",
        "bidrop/table5",
        _small("sst2,qnli", "noise=0,0.1", "reduction=0.6", "train_size=500"),
    ),
    Experiment("ablation", "bidrop/table7", _small("sst2,stsb", "train_size=500")),
    Experiment("lowresource", "bidrop/table6", _small("sst2,stsb", "train_size=300,500")),
    Experiment("time", "dps/table6", _small("rte", "train_size=64", settings=("optimizer=adamw_torch",))),
)


def page() -> Mapping[str, str]:
    """The parts of ``docs/results.md`` by name."""
    # Commands in the reports name the database as it is given.
    with contextlib.chdir(ROOT), open_database(DATABASE, write=False) as database:
        reports = {
            one: suite_report.suite_reports(DATABASE, database, SuiteRequest(one.suite, one.asked))[0]
            for one in EXPERIMENTS
        }
    found = {one.part: "\n\n".join([_commands(one), _table(report)]) for one, report in reports.items()}
    return {"orders": "\n".join(_orders(reports)), **found}


def _commands(one: Experiment) -> str:
    words = ["--suite", one.suite, *words_of(one.asked)]
    trained = (shlex.join(["ftbench", "queue", *words]), "ftbench worker --drain --threads 1")
    report = shlex.join(["ftbench", "report", *words, "--db", DATABASE])
    return "\n".join(
        [
            "<!-- not run: needs the rows of GLUE -->",
            "```sh",
            *trained,
            "```",
            "",
            "<!-- run -->",
            "```sh",
            report,
            "```",
        ]
    )


def _table(report: SuiteReport) -> str:
    """The table without its heading: the page has one already."""
    return render_suites([report], "markdown").split("\n", 1)[1].strip()


def _orders(reports: Mapping[Experiment, SuiteReport]) -> Iterator[str]:
    """What agrees with the papers' orderings, and what became of their claims."""
    yield "| table | what the paper says | here |"
    yield "| --- | --- | --- |"
    for one, report in reports.items():
        for note in report.notes:
            head, _, found = note.partition(": ")
            if head.startswith("Order"):
                condition = "".join(head.partition(", ")[1:])
                yield f"| `{one.suite}` | its order of methods{condition} | {found.rstrip('.')} |"
        for claim in report.claims:
            yield f"| `{one.suite}` | {claim.text} | {claim.verdict} ({claim.detail}) |"
