"""Every JSON document that a report command writes is of the schema that it names, and has no other field."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from ftbench import suites
from ftbench.cli import claim, compare, power, topup
from ftbench.render import LAYOUTS, json_text, suite_data
from tests.cli.conftest import Ftbench

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = ROOT / "ftbench" / "render" / "schemas"
SHEETS = (claim.SCHEMA, compare.SCHEMA, power.SCHEMA, topup.SCHEMA)
FILES = {
    json_text.SCHEMA: "report-1",
    suite_data.SCHEMA: "suite-1",
    **dict.fromkeys(SHEETS, "sheets-1"),
}
COMMANDS = [
    *(f"report --table {table}" for table in LAYOUTS if table != "retention"),  # the example has none
    "report --show median,iqm,std --without-collapsed",
    "compare bidrop vanilla",
    "power bidrop vanilla",
    "power --spread 2 --seeds 5",
    "claim",
]


def schema(name: str, *, closed: bool = False) -> dict[str, Any]:
    """A schema of the package; ``closed``: without room for fields that it does not have."""
    found: dict[str, Any] = json.loads((SCHEMAS / f"{FILES[name]}.schema.json").read_text(encoding="utf-8"))
    return close(found) if closed else found


def close(part: Any) -> Any:
    if isinstance(part, list):
        return [close(one) for one in part]
    if not isinstance(part, dict):
        return part
    shut = {"additionalProperties": False} if "properties" in part and "required" in part else {}
    return {**{key: close(value) for key, value in part.items()}, **shut}


def check(document: Any) -> None:
    jsonschema.Draft202012Validator(schema(document["schema"], closed=True)).validate(document)


@pytest.fixture
def example(ftbench: Ftbench) -> Ftbench:
    """Run a command beside the example database."""
    shutil.copy(ROOT / "ftbench.db.example", "ftbench.db")
    return ftbench


@pytest.mark.parametrize("name", FILES)
def test_the_schemas_are_schemas(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schema(name))


@pytest.mark.parametrize("command", COMMANDS)
def test_what_commands_write_is_of_its_schema(example: Ftbench, command: str) -> None:
    ended = example(*command.split(), "--json")
    assert ended.code == 0, ended.err
    check(ended.json)


@pytest.mark.parametrize("command", ["report", "report --table robustness", "compare bidrop vanilla"])
def test_tables_with_missing_cells_are_of_their_schema(filled: Ftbench, command: str) -> None:
    check(filled(*command.split(), "--json").json)


def test_what_topup_writes_is_of_its_schema(filled: Ftbench) -> None:
    check(filled("topup", "bidrop", "--dry-run", "--json").json)
    filled("topup", "bidrop")
    check(filled("topup", "--json").json)


@pytest.mark.parametrize("name", suites.available())
def test_every_papers_table_is_of_its_schema(example: Ftbench, name: str) -> None:
    check(example("report", "--suite", name, "--json").json)


@pytest.mark.parametrize(
    "change",
    [
        lambda cell: cell.update(mean="70.1"),
        lambda cell: cell.pop("seeds"),
        lambda cell: cell.update(score=0.7),
        lambda cell: cell.update(jobs=["2e69"]),
    ],
)
def test_a_renamed_removed_or_mistyped_field_is_noticed(
    example: Ftbench, change: Callable[[dict[str, Any]], object]
) -> None:
    document = example("report", "--json").json
    check(document)
    cells = document["sections"][0]["groups"][0]["rows"][0]["cells"]
    change(next(cell for cell in cells.values() if cell and "values" in cell))
    with pytest.raises(jsonschema.ValidationError):
        check(document)
