"""The page ``docs/data-formats.md``: JSON and CSV for programs, from the modules that write them."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Iterator
from types import ModuleType

from ftbench.cli import claim, topup, tune
from ftbench.cli import compare as compare_command
from ftbench.cli import power as power_command
from ftbench.cli import report as report_command
from ftbench.render import csv_text, json_text, suite_data
from ftbench.render.sheet import Field
from ftbench.services.claims import listed
from ftbench.services.comparing import (
    across,
    by_task,
    examples,
    power,
    seeds_and_examples,
    topup_plans,
    variance_sources,
)
from ftbench.services.comparing import topup as topup_service
from ftbench.services.tuning import budgets, ledger

TABLES = (
    ("Tables as JSON", "ftbench report --format json", json_text),
    ("Tables as CSV", "ftbench report --format csv", csv_text),
    ("Papers' tables", "ftbench report --suite bidrop/table5 --format json", suite_data),
)
SHEETS = {
    "compare": (
        compare_command.SCHEMA,
        {
            "tasks": by_task.FIELDS,
            "methods": across.METHOD_FIELDS,
            "pairs": across.PAIR_FIELDS,
            "examples": examples.FIELDS,
            "seeds_and_examples": seeds_and_examples.FIELDS,
        },
    ),
    "power": (power_command.SCHEMA, {"power": power.FIELDS, "sources": variance_sources.FIELDS}),
    "claim": (claim.SCHEMA, {"claims": listed.FIELDS}),
    "topup": (topup.SCHEMA, {"topup": topup_service.FIELDS, "plans": topup_plans.FIELDS}),
    "tune": (tune.SCHEMA, {"studies": ledger.LISTED}),
    "report --table tuning": (report_command.SCHEMA, {"tuning": ledger.FIELDS, "budget": budgets.FIELDS}),
}


def page(note: str) -> str:
    """The whole page.

    Args:
        note: that it is written by a script.
    """
    parts = [
        note,
        "# Data formats",
        "What programs read. Numbers are fractions unless a line says otherwise. JSON documents name their "
        "form in the field `schema`; the [JSON Schemas](https://json-schema.org) are in the package, in "
        "`ftbench/render/schemas/`.",
    ]
    for title, command, module in TABLES:
        parts += [f"## {title}", f"`{command}`", _text(module)]
    parts += ["## Findings", "\n\n".join(_findings())]
    return "\n\n".join(parts) + "\n"


def _text(module: ModuleType) -> str:
    """A module's docstring as Markdown: literal blocks become fenced ones."""
    text = inspect.cleandoc(module.__doc__ or "").replace("``", "`")
    blocks = re.sub(
        r"::\n\n((?:    .*\n?|\n(?=    ))+)",
        lambda found: ":\n\n```text\n" + textwrap.dedent(found[1]).strip() + "\n```\n",
        text,
    )
    return blocks.strip()


def _findings() -> Iterator[str]:
    yield (
        "`compare`, `power`, `claim`, `topup`, `tune` and the tables of studies are lists, as JSON "
        '`{"schema": name, "sheets": [{"name", "title", "rows": [{field: value}], "notes": [text]}]}`, null '
        "where there is no value (of `compare` with `verdicts`, texts); all but `claim`, `topup` and `tune` "
        "also as CSV. "
        "Fields may be added to a schema, none is renamed or removed."
    )
    for command, (schema, sheets) in SHEETS.items():
        yield f"### `ftbench {command}`: `{schema}`"
        for name, fields in sheets.items():
            yield f"Sheet `{name}`: " + ", ".join(map(_field, fields)) + "."


def _field(field: Field) -> str:
    kind = {"points": "difference of fractions", "score": "fraction", "text": ""}.get(field.kind, field.kind)
    return f"`{field.key}`" + (f" ({kind})" if kind else "")
