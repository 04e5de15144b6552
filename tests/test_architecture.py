"""Architecture: the layers' arrows, read from the imports, and what a command may load."""

from __future__ import annotations

import ast
import importlib
import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from scripts.structure import FILES, GROUND, ROOT, Import, dotted, imports, room_of
from tests.places import model_folder

EXAMPLE = ROOT.parent / "ftbench.db.example"

#: Layer -> the layers that it may import.
ARROWS: dict[str, set[str]] = {
    "domain": set(),
    "stats": set(),
    "metrics": {"domain"},
    "nn": {"domain"},
    "run": {"domain", "nn"},
    "db": {"domain", "metrics"},
    "tasks": {"domain", "metrics"},
    "models": {"domain"},
    "perturbations": {"domain"},
    "trackers": {"domain"},
    "suites": {"domain"},
    "methods": {"domain", "nn", "run"},
    "render": {"domain", "metrics", "stats", "suites"},
    "services": {
        "db",
        "domain",
        "methods",
        "metrics",
        "models",
        "perturbations",
        "render",
        "stats",
        "suites",
        "tasks",
        "trackers",
    },
    "training": {"domain", "methods", "metrics", "models", "nn", "perturbations", "run", "tasks"},
    "testing": {"domain", "methods", "models", "nn", "perturbations", "run", "tasks", "training"},
    "web": {"db", "domain", "perturbations", "render", "services", "tasks"},
    "cli": {"db", "domain", "metrics", "perturbations", "render", "services", "testing", "web"},
}
#: Room of services -> the rooms that it may import; the files beside the rooms use them all.
ROOMS: dict[str, set[str]] = {
    "worker": set(),
    "scores": set(),
    "launching": {"worker"},
    "board": {"worker"},
    "doctor": {"worker"},
    "planning": {"worker", "scores"},
    "exchange": {"worker", "scores"},
    "papers": {"worker", "scores", "planning", "exchange"},
    "claims": {"worker", "scores", "planning", "exchange"},
    "reporting": {"worker", "scores", "planning", "exchange", "papers", "claims"},
    "comparing": {"worker", "scores", "planning", "exchange", "papers", "claims"},
    "tuning": {"worker", "scores", "planning"},
    "publishing": {
        "worker",
        "scores",
        "planning",
        "exchange",
        "papers",
        "claims",
        "reporting",
        "comparing",
        "tuning",
    },
}
#: Beside the rooms, and used by them: it makes and fills a database.
BELOW_ROOMS = {"database"}
LINES = 300
HEAVY = {
    "sqlalchemy",
    "alembic",
    "pandas",
    "scipy",
    "numpy",
    "torch",
    "transformers",
    "datasets",
    "ray",
    "rich",
}


ALL = imports()
#: What really happens; what type checkers read besides counts for rooms and circles.
RUN = [one for one in ALL if not one.typing]


def wrong(found: Iterable[Import]) -> list[str]:
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
    outer = (i for i in RUN if i.layer in GROUND | {"domain"} and i.eager and not i.target)
    assert not wrong(i for i in outer if i.module.split(".")[0] not in sys.stdlib_module_names | {"ftbench"})


def test_commands_load_nothing_but_typer_before_they_run() -> None:
    eager = (i for i in RUN if i.layer == "cli" and i.eager)
    allowed = sys.stdlib_module_names | {"typer"}
    light = {"cli", "errors", "printable", "secrets", "settings", "_version"}
    assert not wrong(i for i in eager if i.module.split(".")[0] not in allowed and i.target not in light)


def test_torch_is_loaded_eagerly_by_what_trains_only() -> None:
    heavy = (i for i in RUN if i.eager and i.module.split(".")[0] in {"torch", "transformers"})
    assert not wrong(i for i in heavy if i.layer not in {"nn", "run", "training", "testing"})


def test_perturbations_and_metrics_load_numpy_inside_functions_only() -> None:
    known = {"perturbations", "metrics"}
    arrays = (
        i
        for i in RUN
        if i.layer in known and i.file != "metrics/_arrays.py" and i.module.split(".")[0] == "numpy"
    )
    assert not wrong(i for i in arrays if i.eager)


def test_methods_reach_nn_and_run_inside_functions_only() -> None:
    assert not wrong(i for i in RUN if i.layer == "methods" and i.target in {"nn", "run"} and i.eager)


def test_the_database_layer_alone_knows_sqlalchemy() -> None:
    sql = (i for i in RUN if i.module.split(".")[0] in {"sqlalchemy", "alembic", "sqlite3"})
    assert not wrong(i for i in sql if i.layer != "db")


def test_files_are_short() -> None:
    lengths = {name: len(path.read_text().splitlines()) for name, path in FILES.items()}
    assert not {name: length for name, length in lengths.items() if length > LINES}


def test_rooms_of_services_import_only_downwards() -> None:
    folders = {p.name for p in (ROOT / "services").iterdir() if p.is_dir() and any(p.glob("*.py"))}
    assert folders == ROOMS.keys()
    for one in ALL:
        here = room_of(dotted(ROOT / one.file))
        if not here or one.target != "services":
            continue
        there = room_of(one.module)
        if there:
            assert there == here or there in ROOMS[here], str(one)
        else:
            assert one.module.split(".")[2] in BELOW_ROOMS, str(one)


def test_layers_and_rooms_form_a_staircase() -> None:
    assert not circles(ARROWS)
    assert not circles(ROOMS)


def circles(graph: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """The groups of nodes that reach each other (Tarjan's algorithm by repeated pruning)."""
    left = {node: {one for one in ends if one in graph} for node, ends in graph.items()}
    while True:
        ends = {node for node, targets in left.items() if not targets & left.keys()}
        starts = left.keys() - {one for targets in left.values() for one in targets}
        if not ends | starts:
            break
        left = {node: targets for node, targets in left.items() if node not in ends | starts}
    return [sorted(left)] if left else []


def test_circles_are_found() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}) == [["b", "c"]]
    assert circles({"a": {"a"}, "b": {"a"}}) == [["a"]]
    assert not circles({"a": {"b"}, "b": {"c"}, "c": set()})


def test_no_file_stands_in_a_circle() -> None:
    """Imports for type checkers counted; a package's ``__init__`` counts as what it imports."""
    graph: dict[str, set[str]] = {name: set() for name in FILES}
    for one in ALL:
        if one.module in FILES:
            graph[dotted(ROOT / one.file)].add(one.module)
    assert not circles(graph)


def test_no_star_and_nothing_private_is_imported_from_another_room() -> None:
    for one in ALL:
        assert "*" not in one.names, str(one)
        here, there = dotted(ROOT / one.file).rpartition(".")[0], one.module.rpartition(".")[0]
        if one.target in ("", "__version__") or one.layer == "__init__":
            continue
        private = [n for n in (*one.names, one.module.rpartition(".")[2]) if re.fullmatch(r"_[a-z]\w*", n)]
        if private and one.module.split(".")[1] not in GROUND:
            assert here == there or one.file.endswith("__init__.py"), f"{one}: {private}"


#: What reads the texts of flags, and of suites, which are written as flags.
PARSERS = {
    "ftbench.domain.axes": {
        "methods",
        "outside_brackets",
        "points",
        "recipe_settings",
        "seeds",
        "split_names",
    },
    "ftbench.domain.claim": {"parse"},
    "ftbench.domain.target": {"target_choices"},
    "ftbench.perturbations": {"asked", "single"},
}
#: The edges: commands, what is written in papers' files, and methods named to the tests of a user's own.
#: Parsers build on each other.
EDGES = (
    "cli/",
    "web/asked.py",
    "testing/",
    "suites/_suite.py",
    "domain/claim.py",
    "domain/target.py",
    "perturbations/_asked.py",
)


def parsing(path: Path) -> Iterator[str]:
    """The calls in a file that read the text of a flag, however the function was imported."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    modules, taken = {}, set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                name = alias.asname or alias.name
                if f"{node.module}.{alias.name}" in PARSERS:
                    modules[name] = PARSERS[f"{node.module}.{alias.name}"]
                elif alias.name in PARSERS.get(node.module or "", ()):
                    taken.add(name)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            call = node.func
            whole = isinstance(call, ast.Attribute) and isinstance(call.value, ast.Name)
            if (isinstance(call, ast.Name) and call.id in taken) or (
                whole and call.attr in modules.get(call.value.id, ())
            ):
                yield f"{path.relative_to(ROOT)}:{node.lineno}"


def test_flags_are_read_at_the_edge_alone() -> None:
    """Commands make requests of values; everything further in takes these."""
    inner = [path for path in FILES.values() if not str(path.relative_to(ROOT)).startswith(EDGES)]
    assert not [line for path in inner for line in parsing(path)]
    assert all(any(parsing(ROOT / edge)) for edge in ("cli/_requests.py", "suites/_suite.py"))


def test_the_functions_that_read_flags_are_those_that_there_are() -> None:
    """A parser under another name would go unseen."""
    for module, functions in PARSERS.items():
        assert functions <= vars(importlib.import_module(module)).keys(), module


#: What works on tensors, of which ``id`` is the only name that the library itself gives.
TENSORS = {"nn", "run", "methods", "training", "testing"}


def test_nothing_is_told_apart_by_its_place_in_memory() -> None:
    """Equal settings are one key, however often they were read: see ``db.rows.Document``."""
    found = [
        f"{name}:{node.lineno}"
        for name, path in FILES.items()
        if path.relative_to(ROOT).parts[0] not in TENSORS
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "id"
    ]
    assert not found


def test_rooms_say_what_they_are_for() -> None:
    for name, path in FILES.items():
        if path.name == "__init__.py" and name != "ftbench":
            said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
            assert len(said) > 20 and "filled" not in said, name


TESTS = ROOT.parent / "tests"


def test_no_test_takes_anything_from_another_test() -> None:
    """What several tests need stands in a file of its own."""
    taken = []
    for path in TESTS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                taken += [(path, f"{node.module}.{alias.name}") for alias in node.names]
            elif isinstance(node, ast.Import):
                taken += [(path, alias.name) for alias in node.names]
    tests = re.compile(r"tests\..*\btest_|tests\.test_")
    assert not [f"{path.relative_to(TESTS)}: {name}" for path, name in taken if tests.match(name)]


def test_each_module_of_services_is_tested_in_the_place_that_mirrors_it() -> None:
    services = ROOT / "services"
    modules = [path.relative_to(services) for path in services.rglob("*.py") if path.name != "__init__.py"]
    here = TESTS / "services"
    assert not [str(one) for one in modules if not (here / one).with_name(f"test_{one.name}").exists()]


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
    drive([["--help"], ["queue", "--help"], ["report", "-h"], ["--version"]], HEAVY, tmp_path)


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
        ["tune", "--methods", "rdrop", "--tasks", "toy-accept", "--trials", "2", "--db", "study.db"],
        ["report", "--table", "tuning", "--db", "study.db"],
        ["tune", "--db", "study.db"],
        [*grid, "--perturb", "typos[side=both]=0,0.1"],
        *([name] for name in ("methods", "tasks", "models", "suites", "perturbations")),
        ["perturbations", "typos"],
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


#: Functions that several modules have, as they do the same for another kind of thing: one role a name.
ROLES = {
    "available": "all entries of a registry, the broken ones with their error",
    "climbed": "a perturbation moved up its gradient, by a method's formula",
    "digest": "what stands for a content",
    "find": "the entry behind a name",
    "listed": "rows for a listing",
    "locate": "where the files of a revision lie",
    "markdown": "as Markdown",
    "names": "the names that a registry knows",
    "notes": "the lines under a table",
    "page": "as an HTML page",
    "parse": "from a text to what it says",
    "read": "the rows or text of a file",
    "render": "a report in a format",
    "rich": "as a terminal's text",
    "selection_score": "by what a method chooses its weights",
    "sheets": "findings as sheets",
    "to_csv": "as CSV",
    "to_json": "as JSON",
}


def public_names() -> dict[str, list[str]]:
    """Public classes, functions, type aliases -> the modules that define them, commands aside."""
    found: dict[str, list[str]] = {}
    for module, path in FILES.items():
        if module.startswith("ftbench.cli") or ".migrations." in module:
            continue
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            names = [node.name] if isinstance(node, ast.ClassDef | ast.FunctionDef) else []
            if isinstance(node, ast.Assign):
                names = [t.id for t in node.targets if isinstance(t, ast.Name) and not t.id.isupper()]
            for name in names:
                if not name.startswith("_"):
                    found.setdefault(name, []).append(module)
    return found


def test_a_public_name_means_one_thing_in_the_whole_package() -> None:
    alike = {name: modules for name, modules in public_names().items() if len(modules) > 1}
    assert not {name: modules for name, modules in alike.items() if name not in ROLES}
    assert not ROLES.keys() - alike.keys(), "a role that one module has is none"
    assert not [name for name in ROLES if name[0].isupper()], "classes are never alike"
