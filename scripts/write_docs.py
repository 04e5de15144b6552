"""Writes the pages of ``docs/`` that follow from the code or from the example database.

    python scripts/write_docs.py            # writes what is out of date
    python scripts/write_docs.py --check    # writes nothing; exit 1 and a line for each page out of date

``docs/cli.md``, ``docs/api.md``, ``docs/llms.txt``, ``docs/methods/`` and ``docs/examples/`` are
written whole. In ``docs/protocols.md``, ``docs/models.md``, ``docs/results.md`` and ``docs/schema.md``
only the parts from
``<!-- generated: NAME -->`` to ``<!-- end of NAME -->`` are.
"""

from __future__ import annotations

import argparse
import inspect
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import api
import data_formats
import examples
import house
import llms
import results
import typer

from ftbench import methods, models, tasks
from ftbench.cli._options import Command
from ftbench.cli.app import app
from ftbench.db import tables as db_tables
from ftbench.domain import hparams
from ftbench.domain.model import ModelSpec
from ftbench.domain.recipe import Recipe, layered
from ftbench.services import catalog

DOCS = Path(__file__).resolve().parent.parent / "docs"
NOTE = "<!-- Written by scripts/write_docs.py: change the code, then run `make docs`. -->"
REST = "other tasks"
#: Pages about methods that other scripts and people write.
BESIDE = {"architectures", "measured"}


def pages() -> dict[Path, str]:
    """Every page that is generated, whole or in part, as it should be."""
    names = [row["name"] for row in catalog.list_methods() if row["source"] == "built-in"]
    found = {DOCS / "cli.md": cli_page(), DOCS / "methods" / "index.md": method_index(names)}
    found |= {DOCS / "methods" / f"{name}.md": method_page(catalog.method_card(name)) for name in names}
    parts = {"tasks": task_table(), "recipe": setting_table(), "recipes": recipes()}
    parts["perturbations"] = perturbation_table()
    found |= filled("metrics.md", {"metrics": metric_table()})
    found |= filled("models.md", {"models": model_table()})
    found |= filled("protocols.md", parts) | filled("schema.md", {"tables": schema_tables()})
    found |= filled("results.md", results.page()) | {DOCS / "api.md": api.page(NOTE)}
    found |= {DOCS / "data-formats.md": data_formats.page(NOTE), DOCS / "architecture.svg": house.picture()}
    found |= examples.pages(DOCS / "examples")
    return found | {DOCS / "llms.txt": llms.page(found)}


def filled(page: str, parts: Mapping[str, str]) -> dict[Path, str]:
    """A page with its generated parts put in.

    Raises:
        SystemExit: the page has no place for a part.
    """
    path = (DOCS / page).resolve()
    text = path.read_text(encoding="utf-8")
    for name, content in parts.items():
        begin, end = f"<!-- generated: {name} -->", f"<!-- end of {name} -->"
        before, opened, rest = text.partition(begin)
        _, closed, after = rest.partition(end)
        if not (opened and closed):
            sys.exit(f"docs/{page}: no place for the part '{name}', which begins with {begin}")
        text = f"{before}{begin}\n{content}\n{end}{after}"
    return {path: text}


# -- tables -----------------------------------------------------------------------------------------------


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; columns in which nothing stands are left out."""
    cells = [["" if cell is None else str(cell).replace("|", "\\|") for cell in row] for row in rows]
    kept = [at for at in range(len(head)) if any(row[at] for row in cells)]
    lines = [[head[at] for at in kept], ["---"] * len(kept), *([row[at] for at in kept] for row in cells)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def code(value: object) -> str:
    """A value in code quotes, "" for none."""
    if value in (None, ""):
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def settings_table(rows: Iterable[Mapping[str, Any]]) -> str:
    """Hyper-parameters or recipe settings: name, default, what is allowed, meaning."""
    return table(
        ("name", "default", "values", "unit", "usual grid", "meaning"),
        (
            (
                code(row["name"]),
                code("none" if row["default"] is None else row["default"]),
                ", ".join(code(v) for v in row["values"].split("|")) if row["values"] else "",
                row["unit"],
                ", ".join(code(v) for v in row["grid"]),
                row["help"],
            )
            for row in rows
        ),
    )


# -- the commands -----------------------------------------------------------------------------------------


def cli_page() -> str:
    """The reference of the command line."""
    root: Any = typer.main.get_command(app)
    found = list(commands(root, "ftbench"))
    intro = [
        NOTE,
        "# Commands",
        "Exit codes: 0 done, 1 failed, 2 wrong use, 130 interrupted, 141 nobody reads the result any more. "
        "Work that is done ends with 0, also where its message cannot be printed. An error is one line on "
        "standard error. Lists are separated by commas; one in a path is typed `\\,`. `ftbench COMMAND "
        "--help`, or `-h`, prints the same; `--format` takes the end of a file's name, too (`md`, `tex`).",
        table(("command", "does"), ((f"[`{n}`](#{slug(n)})", first(c.help)) for n, c in found)),
    ]
    return "\n\n".join([*intro, *(command_section(name, command) for name, command in found)]) + "\n"


def commands(group: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every command below a group, with the words that call it."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command.filled() if isinstance(command, Command) else command


def command_section(name: str, command: Any) -> str:
    """One command: what it does, how it is called, its arguments and options."""
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    options = [p for p in command.params if p.param_type_name == "option" and p.name != "help"]
    usage = " ".join([name, *(["[OPTIONS]"] if options else []), *(a.metavar for a in arguments)])
    parts = [f"## {name}", inspect.cleandoc(command.help or ""), f"```text\n{usage}\n```"]
    rows = [(code(a.metavar), a.help) for a in arguments]
    rows += [
        (", ".join(code(f"{o} {p.metavar or kind(p)}".strip()) for o in p.opts), told(p)) for p in options
    ]
    if rows:
        parts.append(table(("option", "meaning"), rows))
    return "\n\n".join(parts)


def kind(option: Any) -> str:
    """What an option without a name for its value takes."""
    return "" if option.is_flag else "INTEGER" if isinstance(option.default, int) else "TEXT"


def told(option: Any) -> str:
    """An option's help, with the default where that is more than its absence."""
    default = option.default
    if option.is_flag or default in (None, (), []) or "default" in (option.help or "").lower():
        return str(option.help or "")
    return f"{option.help} Default: {code(f'{default:g}' if isinstance(default, float) else default)}."


def first(text: str | None) -> str:
    """The first line of a help text."""
    return (text or "").strip().partition("\n")[0]


def slug(heading: str) -> str:
    """The anchor of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


# -- the methods ------------------------------------------------------------------------------------------


def method_index(names: Iterable[str]) -> str:
    """The list of the methods."""
    cards = [catalog.method_card(name) for name in names]
    rows = (
        (f"[{c['name']}]({c['name']}.md)", c["title"], c["family"], c["paper"], c["cost"], c["memory"])
        for c in cards
    )
    return "\n\n".join(
        [
            NOTE,
            "# Methods",
            "One page each, written from the method's card; `ftbench methods NAME` prints the same. For a "
            "method of your own see [write a method](../write-a-method.md). "
            "[Methods and architectures](architectures.md) says what trains on what, [measured](measured.md) "
            "what each scored and cost in one small real run. Every tuner of the peft library is a method, "
            "too: [tuners of peft](../peft.md).",
            table(("name", "title", "family", "paper", "cost", "memory"), rows) + "\n",
        ]
    )


def method_page(card: Mapping[str, Any]) -> str:
    """A method's card as a page."""
    name = card["name"]
    parts = [
        NOTE,
        f"# {card['title']}",
        inspect.cleandoc(methods.find(name).__doc__ or "").replace("``", "`"),
        table(("", ""), ((label, value) for label, value in card_lines(card) if value)),
        "## Hyper-parameters",
        settings_table(card["hyper-parameters"]) if card["hyper-parameters"] else "None.",
        "## Paper and code",
        "\n".join(f"- {line}" for line in card["differs"]),
        published(card),
        "## Use",
        "<!-- run: on tiny -->\n"
        f"```console\nftbench queue --methods {example(card)} --tasks glue-small --seeds 10\n```\n",
    ]
    return "\n\n".join(part for part in parts if part)


def card_lines(card: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The card in a few lines: what it is, and its text, "" where it says nothing."""
    yield "name", ", ".join(code(n) for n in (card["name"], *card["aliases"]))
    yield "paper", card["paper"]
    yield "family", card["family"]
    yield "update", code(card["formula"])
    yield "cost", card["cost"]
    yield "memory", card["memory"]
    yield "limits", card["not supported"]
    yield "recipe it brings", ", ".join(code(f"{k}={v}") for k, v in card["recipe"].items())


def published(card: Mapping[str, Any]) -> str:
    """What ``--variant published`` does to a method."""
    switches = ", ".join(code(f"{k}={v}") for k, v in card["published"].items())
    if not switches:
        return "`--variant published` changes nothing here."
    return f"`--variant published` sets {switches}."


def example(card: Mapping[str, Any]) -> str:
    """The method with its usual grid, where it has a small one."""
    for setting in card["hyper-parameters"]:
        if setting["grid"]:
            values = "|".join(map(str, setting["grid"][:2]))
            return f"'{card['name']}[{setting['name']}={values}]'"
    return str(card["name"])


# -- tasks and recipes ------------------------------------------------------------------------------------


def task_table() -> str:
    """The tasks: classes, metric, reported set."""
    specs = [tasks.find(name) for name in tasks.names()]
    return table(
        ("name", "task", "question", "labels, from 0", "reported metric", "reported set", "scored too"),
        (
            (
                code(s.name),
                s.title,
                s.note,
                ", ".join(s.labels) or "a number from {:g} to {:g}".format(*s.label_range or (0, 0)),
                code(s.metric),
                code(s.evaluation[0].name),
                ", ".join(code(rows.name) for rows in s.evaluation[1:]),
            )
            for s in specs
        ),
    )


def setting_table() -> str:
    """The settings of a recipe, with BERT's values."""
    settings = [catalog.setting(spec) for spec in hparams.describe(Recipe)]
    return settings_table(settings)


def model_table() -> str:
    """The models of the registry."""
    specs = [models.find(name) for name in models.names()]
    rows = ((code(s.name), code(s.hub_id), s.family, f"{s.parameters:g} M", s.note) for s in specs)
    return table(("name", "hub id", "family", "parameters", "note"), rows)


def metric_table() -> str:
    """The built-in metrics: how each is computed, and how it is read."""
    rows = []
    for found in catalog.list_metrics():
        if found["source"] == "built-in":
            card = catalog.metric_card(found["name"])
            where = "; ".join(part for part in (card["where there is little"], card["paper"]) if part)
            shown = (found["of"], found["better"], found["range"], found["shown"])
            rows.append((code(found["name"]), *shown, card["formula"], where))
    head = ("name", "of", "better", "range", "shown", "formula", "edge cases; reference")
    return table(head, rows)


def perturbation_table() -> str:
    """The built-in perturbations in the order of their application."""
    rows = []
    for found in catalog.list_perturbations():
        if found["source"] == "built-in":
            card = catalog.perturbation_card(found["name"])
            options = "; ".join(
                f"{code(option['name'])}: {code(option['default'])}"
                + (f" of {option['values'].replace('|', ', ')}" if option["values"] else "")
                if option["default"]
                else code(option["name"])
                for option in card["options"]
            )
            flag = code(card["flag"]) if card["flag"] != "--perturb" else ""
            values = code(found["values"])
            rows.append((code(found["name"]), flag, found["changes"], values, found["neutral"], options))
    return table(("name", "flag", "changes", "values", "changes nothing", "options"), rows)


def recipes() -> str:
    """The effective recipes: a row for each set of models and tasks that have another one."""
    by_recipe: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for name in models.names():
        spec = models.find(name)
        for task in (*spec.task_recipes, REST if spec.task_recipes else "all tasks"):
            by_recipe.setdefault((task, effective(spec, task)), []).append(name)
    head = ("models", "tasks", "batch", "length", "warm-up", "learning rate", "weight decay")
    entries = sorted(by_recipe.items(), key=lambda item: models.names().index(item[1][0]))
    rows = ((", ".join(map(code, names)), task, *shown) for (task, shown), names in entries)
    return table(head, rows)


def effective(spec: ModelSpec, task: str) -> tuple[str, ...]:
    """The settings of a model on a task that tell its recipes apart."""
    r = layered(models.recipe(spec, task))
    length = f"{r.epochs:g} epochs" if r.epochs is not None else f"{r.steps} steps"
    warmup = f"{100 * r.warmup_ratio:g} %" if r.warmup_ratio is not None else f"{r.warmup_steps} steps"
    return str(r.batch_size), length, warmup, f"{r.lr:g}", f"{r.weight_decay:g}"


# -- the database ------------------------------------------------------------------------------------------


def schema_tables() -> str:
    """Every table of the database with its columns."""
    parts = []
    for found in db_tables.metadata.tables.values():
        rows = ((code(c.name), column_type(c), references(c), c.comment) for c in found.columns)
        parts += [f"### {found.name}", str(found.comment), table(("column", "type", "key", "holds"), rows)]
    return "\n\n".join(parts)


def column_type(column: Any) -> str:
    """What a column holds: text, integer, …; and whether it may be empty."""
    kind = {"LargeBinary": "bytes", "Float": "number"}.get(type(column.type).__name__)
    return (kind or type(column.type).__name__.lower()) + (", may be NULL" if column.nullable else "")


def references(column: Any) -> str:
    """Whether a column is part of the primary key, and what it points at."""
    targets = ", ".join(code(key.target_fullname) for key in column.foreign_keys)
    return " → ".join(part for part in ("primary" if column.primary_key else "", targets) if part)


# -- writing ----------------------------------------------------------------------------------------------


def stale() -> dict[Path, str | None]:
    """The pages that are not as they should be, with their new text; None for one that should not be."""
    wanted = pages()
    changed: dict[Path, str | None] = {
        path: text
        for path, text in wanted.items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    }
    left_over = {path for path in (DOCS / "methods").glob("*.md") if path.stem not in BESIDE} - set(wanted)
    return changed | {path: None for path in left_over}


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a page is out of date")
    check = parser.parse_args().check
    found = stale()
    for path, text in sorted(found.items()):
        name = path.relative_to(DOCS.parent)
        if check:
            print(f"{name} is out of date: run make docs", file=sys.stderr)
        elif text is None:
            path.unlink()
            print(f"removed {name}")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"wrote {name}")
    return 1 if check and found else 0


if __name__ == "__main__":
    sys.exit(main())
