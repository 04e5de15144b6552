"""Records what ftbench's commands print and write, and compares two such records.

Before a change that users must not see (moved modules, renamed internals), record; after it, once more:

    python scripts/same_outputs.py record before
    git switch the-change
    python scripts/same_outputs.py record after
    python scripts/same_outputs.py compare before after

With `--python OTHER/.venv/bin/python` the ftbench of another checkout is recorded. The command lines of
`same_outputs_files/commands.txt` run in fresh processes, two at a time, on copies of the tracked databases
and on a grid that is trained on the way. A record is a folder with a text file for each command (exit code,
standard output and error, files written) and `index.json`. What may differ between two runs of the same code
is replaced as `same_outputs_rules.py` says, and nothing else is. Trained scores differ in their last bits
from one machine to another. Only the standard library is imported.
"""

from __future__ import annotations

import argparse
import difflib
import json
import os
import shlex
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from same_outputs_rules import FIXED_TIME, STARTED, normal, settle

ROOT = Path(__file__).resolve().parent.parent
COMMANDS = ROOT / "scripts" / "same_outputs_files" / "commands.txt"
INPUTS = COMMANDS.parent / "inputs"
TRACKED = {
    "example.db": ROOT / "ftbench.db.example",
    "measured.db": ROOT / "docs" / "methods" / "measured.db",
}
#: The database that is trained on the way, and the scenario that does it.
GRID, TRAINS = "grid.db", "trained"
PROCESSES = 2
#: Seconds for one command, training the grid included.
LIMIT = 600
#: Kept in the record by name only: commands show what is in a database; a PDF has its fonts in random order.
BY_NAME = (".db", ".pdf")


@dataclass(frozen=True)
class Scenario:
    """Commands that run one after the other in one folder, and the databases that lie there."""

    name: str
    databases: list[str]
    commands: list[str]


def scenarios(only: list[str]) -> list[Scenario]:
    """What `commands.txt` lists, or some of it by name; what reads the trained grid needs its training."""
    found: list[Scenario] = []
    for line in COMMANDS.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            name, *databases = line.split()
            found.append(Scenario(name.strip("[]"), databases, []))
        elif line and not line.startswith("#"):
            found[-1].commands.append(line)
    if unknown := set(only) - {one.name for one in found}:
        sys.exit(f"unknown scenario {min(unknown)!r}; known: {', '.join(one.name for one in found)}")
    chosen = [one for one in found if not only or one.name in only]
    if any(GRID in one.databases for one in chosen) and TRAINS not in [one.name for one in chosen]:
        return [one for one in found if one.name == TRAINS or one in chosen]
    return chosen


@dataclass
class Recorder:
    """Runs scenarios with one interpreter in one working folder, and keeps what they show."""

    python: str
    work: Path
    into: Path
    places: list[tuple[str, str]]
    trained: threading.Event

    def scenario(self, one: Scenario) -> list[dict[str, object]]:
        """Run the commands of a scenario in its own folder, one after the other.

        Returns:
            The rows of the index.
        """
        if GRID in one.databases:
            self.trained.wait()
        folder = self.work / one.name
        shutil.copytree(INPUTS, folder)
        for name in one.databases:
            shutil.copyfile(TRACKED.get(name, self.work / name), folder / name)
        try:
            rows = [self.keep(f"{one.name}/{n:03}", line, folder) for n, line in enumerate(one.commands, 1)]
        finally:
            if one.name == TRAINS:
                settle(folder / GRID, self.work / GRID)
                self.trained.set()
        print(f"{one.name}: {len(rows)} commands, after {time.time() - STARTED:.0f} s", flush=True)
        return rows

    def keep(self, name: str, command: str, folder: Path) -> dict[str, object]:
        """Run a command and write what it showed.

        Returns:
            Its row of the index.
        """
        seen = snapshot(folder)
        ended = self.run(command, folder)
        written = changed(folder, seen)
        path = self.into / f"{name}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.text(command, ended, {one: folder / one for one in written}), encoding="utf-8")
        return {"id": name, "command": command, "code": ended.returncode, "files": written}

    def run(self, command: str, folder: Path) -> subprocess.CompletedProcess[bytes]:
        """Run one command line; a word job:LABEL stands for the digest of the first job of that method."""
        words = shlex.split(command)
        database = words[words.index("--db") + 1] if "--db" in words else "ftbench.db"
        words = [job(folder / database, w[4:]) if w.startswith("job:") else w for w in words]
        start = [self.python, "-m", "ftbench"] if words[0] == "ftbench" else [self.python]
        try:
            return subprocess.run(
                [*start, *words[1:]],
                cwd=folder,
                env=environment(self.work),
                capture_output=True,
                stdin=subprocess.DEVNULL,
                timeout=LIMIT,
            )
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(command, -1, b"", b"took too long\n")

    def text(self, command: str, ended: subprocess.CompletedProcess[bytes], files: dict[str, Path]) -> str:
        """All that a command showed, as the record keeps it."""
        parts = {"standard output": ended.stdout, "standard error": ended.stderr}
        parts |= {
            f"file {name}": b"written\n" if name.endswith(BY_NAME) else path.read_bytes()
            for name, path in files.items()
        }
        shown = [f"$ {command}\nexit code: {ended.returncode}\n"]
        for title, content in parts.items():
            if text := normal(content, self.places):
                shown.append(f"--- {title}\n{text}" + ("" if text.endswith("\n") else "\n--- no line end\n"))
        return "\n".join(shown)


def environment(work: Path) -> dict[str, str]:
    """The same for every command: few variables, no network, one thread, no GPU."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(work / "home"),
        "MPLCONFIGDIR": str(work / "home" / "matplotlib"),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "COLUMNS": "120",
        "LINES": "40",
        "NO_COLOR": "1",
        "HF_HUB_OFFLINE": "1",
        "PYTHONHASHSEED": "0",
        "OMP_NUM_THREADS": "1",
        "CUDA_VISIBLE_DEVICES": "",
        "SOURCE_DATE_EPOCH": str(int(FIXED_TIME)),
    }


def snapshot(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file by its path, with when it was changed and its size."""
    found = {}
    for path in folder.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts and not path.name.endswith(("-wal", "-shm")):
            facts = path.stat()
            found[path.relative_to(folder).as_posix()] = (facts.st_mtime_ns, facts.st_size)
    return found


def changed(folder: Path, seen: dict[str, tuple[int, int]]) -> list[str]:
    """The files that are new or other than before; of databases, the new ones."""
    now = snapshot(folder)
    known = {name for name in seen if name.endswith(BY_NAME)}
    return sorted(name for name, facts in now.items() if name not in known and seen.get(name) != facts)


def job(database: Path, label: str) -> str:
    """The first characters of the digest of the first job of a method, or 'none'."""
    if not database.exists():
        return "none"
    with sqlite3.connect(database) as connection:
        sql = "SELECT digest FROM jobs WHERE label = ? ORDER BY sequence LIMIT 1"
        row = connection.execute(sql, (label,)).fetchone()
    connection.close()
    return str(row[0])[:12] if row else "none"


def record(into: Path, python: str, only: list[str]) -> int:
    """Run the scenarios and write the record."""
    if into.exists():
        sys.exit(f"{into} is there already: name a new folder")
    python = os.path.abspath(python)  # not resolved: a virtual environment is known by its link
    asked = "import ftbench, sys; print(ftbench.__path__[0]); print(sys.prefix)"
    package, prefix = subprocess.run(
        [python, "-c", asked], capture_output=True, text=True, check=True, cwd="/"
    ).stdout.split()
    work = Path(tempfile.mkdtemp(prefix="ftbench-same-outputs-"))
    (work / "home").mkdir()
    places = [(str(work), "WORK"), (prefix, "PYTHON"), (str(Path(package).parent), "CHECKOUT")]
    recorder = Recorder(python, work, into, places, threading.Event())
    with ThreadPoolExecutor(PROCESSES) as pool:
        rows = [row for found in pool.map(recorder.scenario, scenarios(only)) for row in found]
    (into / "index.json").write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    shutil.rmtree(work)
    print(f"{len(rows)} commands in {into}, {time.time() - STARTED:.0f} s")
    return 0


def index(record: Path) -> dict[tuple[str, str, int], str]:
    """The commands of a record: (scenario, command, which time in it) -> its name.

    By their words and not by their place, so that a command more or less moves no other.
    """
    found: dict[tuple[str, str, int], str] = {}
    times: Counter[tuple[str, str]] = Counter()
    for row in json.loads((record / "index.json").read_text(encoding="utf-8")):
        key = row["id"].partition("/")[0], row["command"]
        times[key] += 1
        found[*key, times[key]] = row["id"]
    return found


def differences(old: Path, new: Path, lines: int) -> Iterator[str]:
    """One text for each command that differs: its name and the first lines of a unified diff."""
    before, after = index(old), index(new)
    shared = {scenario for scenario, _, _ in before} & {scenario for scenario, _, _ in after}
    for key in sorted(before.keys() | after.keys(), key=lambda key: before.get(key) or after[key]):
        scenario, command, _ = key
        if scenario not in shared:
            continue
        if key not in before or key not in after:
            place, name = (old, before[key]) if key in before else (new, after[key])
            yield f"{name}: {command}: only in {place}"
            continue
        one = (old / f"{before[key]}.txt").read_text(encoding="utf-8")
        other = (new / f"{after[key]}.txt").read_text(encoding="utf-8")
        if one != other:
            found = list(
                difflib.unified_diff(one.splitlines(), other.splitlines(), "old", "new", lineterm="", n=1)
            )
            more = [f"… {len(found) - lines} more lines"] if len(found) > lines else []
            shown = [line[:300] for line in found[:lines]]
            yield "\n".join([f"{before[key]}: {command}", *shown, *more])


def compare(old: Path, new: Path, lines: int) -> int:
    """Print what differs.

    Returns:
        1 where anything does, else 0.
    """
    for place in (old, new):
        if not (place / "index.json").is_file():
            sys.exit(f"{place} is no record: make one with: {sys.argv[0]} record {place}")
    found = list(differences(old, new, lines))
    partial = {one for one, _, _ in index(old)} ^ {one for one, _, _ in index(new)}
    notes = [f"not in both records: {', '.join(sorted(partial))}"] if partial else []
    print("\n\n".join([*found, *notes, f"{len(found)} commands differ"]))
    return 1 if found else 0


def main() -> int:
    """The two commands."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    recording = commands.add_parser("record", help="run all commands and write what they show")
    recording.add_argument("into", type=Path, metavar="DIR")
    recording.add_argument("--python", default=sys.executable, help="the interpreter whose ftbench runs")
    recording.add_argument("--only", nargs="*", default=[], metavar="SCENARIO", help="some scenarios")
    comparing = commands.add_parser("compare", help="print what differs; exit code 1 where anything does")
    comparing.add_argument("old", type=Path)
    comparing.add_argument("new", type=Path)
    comparing.add_argument("--lines", type=int, default=40, help="of each diff")
    given = parser.parse_args()
    if given.command == "record":
        return record(given.into, given.python, given.only)
    return compare(given.old, given.new, given.lines)


if __name__ == "__main__":
    sys.exit(main())
