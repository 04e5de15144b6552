"""Architecture: the layers' arrows, read from the imports, and what a command may load."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import ftbench
from tests.places import model_folder

ROOT = Path(ftbench.__file__).parent
EXAMPLE = ROOT.parent / "ftbench.db.example"

#: What stands beside the layers and may be used by all of them; it uses no layer itself.
GROUND = {p.stem for p in ROOT.glob("*.py")} - {"__init__", "__main__", "testing"}
#: Layer -> the layers that it may import.
ARROWS: dict[str, set[str]] = {
    "domain": set(),
    "stats": set(),
    "nn": {"domain"},
    "db": {"domain"},
    "tasks": {"domain"},
    "models": {"domain"},
    "perturbations": {"domain"},
    "suites": {"domain"},
    "methods": {"domain", "nn"},
    "reports": {"domain", "stats", "suites"},
    "services": {"db", "domain", "methods", "models", "perturbations", "reports", "stats", "suites", "tasks"},
    "training": {"domain", "methods", "models", "nn", "perturbations", "tasks"},
    "testing": {"domain", "methods", "models", "nn", "perturbations", "tasks", "training"},
    "cli": {"db", "domain", "reports", "services", "testing"},
}
HEAVY = {"sqlalchemy", "alembic", "pandas", "scipy", "numpy", "torch", "transformers", "datasets", "rich"}


@dataclass(frozen=True)
class Import:
    """One import: of which module, where, and whether it happens when the file is loaded."""

    file: str
    line: int
    layer: str
    module: str
    eager: bool

    @property
    def target(self) -> str:
        """The imported layer of ftbench, or ""."""
        parts = self.module.split(".")
        return parts[1] if parts[0] == "ftbench" and len(parts) > 1 else ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line} imports {self.module}"


def imports() -> Iterator[Import]:
    for path in sorted(ROOT.rglob("*.py")):
        relative = path.relative_to(ROOT)
        layer = relative.parts[0].removesuffix(".py")
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node, eager in _walk(tree, eager=True):
            for module in _modules(node, relative):
                yield Import(str(relative), node.lineno, layer, module, eager)


def _walk(node: ast.AST, eager: bool) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool]]:
    """Every import under a node; what stands under ``if TYPE_CHECKING`` is left out."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child, eager
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            for other in child.orelse:
                yield from _walk(other, eager)
        else:
            inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from _walk(child, eager and not inside)


def _modules(node: ast.Import | ast.ImportFrom, relative: Path) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    assert node.level == 0, f"{relative}:{node.lineno}: write imports whole"
    if node.module == "ftbench":
        return [f"ftbench.{alias.name}" for alias in node.names]
    return [node.module or ""]


ALL = list(imports())


def wrong(found: Iterator[Import]) -> list[str]:
    return [str(one) for one in found]


def test_every_folder_is_a_layer() -> None:
    folders = {p.name for p in ROOT.iterdir() if p.is_dir() and any(p.rglob("*.py"))}
    assert folders <= ARROWS.keys()


def test_layers_import_only_downwards() -> None:
    between = (i for i in ALL if i.layer in ARROWS and i.target not in GROUND | {i.layer, "", "__version__"})
    assert not wrong(i for i in between if i.target not in ARROWS[i.layer])


def test_the_ground_imports_no_layer() -> None:
    assert not wrong(i for i in ALL if i.layer in GROUND and i.target not in GROUND | {""})


def test_the_domain_and_the_ground_load_the_standard_library_only() -> None:
    outer = (i for i in ALL if i.layer in GROUND | {"domain"} and i.eager and not i.target)
    assert not wrong(i for i in outer if i.module.split(".")[0] not in sys.stdlib_module_names | {"ftbench"})


def test_commands_load_nothing_but_typer_before_they_run() -> None:
    eager = (i for i in ALL if i.layer == "cli" and i.eager)
    allowed = sys.stdlib_module_names | {"typer"}
    light = {"cli", "errors", "settings", "_version"}
    assert not wrong(i for i in eager if i.module.split(".")[0] not in allowed and i.target not in light)


def test_torch_is_loaded_eagerly_by_nn_training_and_testing_only() -> None:
    heavy = (i for i in ALL if i.eager and i.module.split(".")[0] in {"torch", "transformers"})
    assert not wrong(i for i in heavy if i.layer not in {"nn", "training", "testing"})


def test_methods_reach_nn_inside_functions_only() -> None:
    assert not wrong(i for i in ALL if i.layer == "methods" and i.target == "nn" and i.eager)


def test_the_database_layer_alone_knows_sqlalchemy() -> None:
    sql = (i for i in ALL if i.module.split(".")[0] in {"sqlalchemy", "alembic", "sqlite3"})
    assert not wrong(i for i in sql if i.layer != "db")


def test_files_are_short() -> None:
    lengths = {str(p.relative_to(ROOT)): len(p.read_text().splitlines()) for p in ROOT.rglob("*.py")}
    assert not {name: length for name, length in lengths.items() if length > 350}


#: Runs commands in one process and names the first that loads what it should not.
DRIVER = """
import contextlib, io, json, sys
from ftbench.cli.app import run
commands, forbidden = json.loads(sys.argv[1])
for command in commands:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as told:
        code = run(command)
    loaded = sorted(set(forbidden) & {*sys.modules, *(name.partition(".")[0] for name in sys.modules)})
    if loaded or code:
        sys.exit(f"ftbench {' '.join(command)}: exit {code}, loaded {loaded}; {told.getvalue()}")
"""


def drive(commands: list[list[str]], forbidden: set[str], folder: Path) -> None:
    arguments = [sys.executable, "-c", DRIVER, json.dumps([commands, sorted(forbidden)])]
    done = subprocess.run(arguments, cwd=folder, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr


def test_help_loads_nothing_heavy(tmp_path: Path) -> None:
    drive([["--help"], ["queue", "--help"], ["report", "--help"], ["--version"]], HEAVY, tmp_path)


def test_help_loads_no_layer_below_the_commands(tmp_path: Path) -> None:
    """Its time is measured in ``benchmarks/startup.py``; this is what the time is made of."""
    layers = {f"ftbench.{layer}" for layer in ARROWS} - {"ftbench.cli"}
    drive([["--help"], ["worker", "--help"], ["--version"]], layers, tmp_path)


def test_queue_and_report_commands_do_not_load_torch(tmp_path: Path) -> None:
    model_folder(tmp_path / "model")
    grid = ["queue", "--methods", "rdrop,bidrop", "--tasks", "toy", "--models", "./model", "--noise", "0,0.1"]
    commands = [
        [*grid, "--dry-run"],
        grid,
        ["queue"],
        ["status"],
        ["status", "--state", "queued", "--json"],
        ["report", "--table", "main"],
        ["report", "--table", "robustness"],
        ["report", "--suite", "bidrop/table5"],
        ["report", "--suite", "bidrop/table5", "--format", "html"],
        ["report", "--published", "dps"],
        ["suites", "bidrop/table5"],
        ["compare", "vanilla", "bidrop", "--db", str(EXAMPLE)],
        ["claim", "rdrop > vanilla"],
        ["claim"],
        ["topup", "bidrop", "--dry-run", "--db", str(EXAMPLE)],
        ["power", "vanilla", "bidrop", "--db", str(EXAMPLE)],
        *([name] for name in ("methods", "tasks", "models", "suites")),
        ["methods", "bidrop"],
        ["models", "bert-large"],
        ["export", "--jobs", "jobs.jsonl"],
        ["export", "--scores", "scores.csv"],
        ["query", "SELECT count(*) FROM jobs"],
        ["why", "rdrop", "Avg"],
        ["report", "--format", "latex", "--macros", "numbers.tex"],
        ["report", "-o", "report.html", "--db", str(EXAMPLE)],
        ["plot", "strip", "-o", "strip.svg", "--db", str(EXAMPLE)],
        ["cancel", "--all"],
        ["retry", "--all"],
        ["cancel", "--all"],
        ["worker", "--drain"],
        ["db", "backup", "copy.db"],
    ]
    drive(commands, {"torch", "transformers", "datasets"}, tmp_path)
