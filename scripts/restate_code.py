"""Bring the digests of methods' code that a database holds to the form of this version.

    python scripts/restate_code.py ftbench.db.example docs/methods/measured.db

A digest of an older form cannot be compared with the installed code. But it says which code it is of: for
each state of ``ftbench/methods`` and ``ftbench/nn`` in the history of the repository, the digests that this
state itself made are set beside those that this version makes of it. A job's digest is restated where the
state of the commit that the job recorded made it; or, where that did not, if all the states that made it
agree. All others stay, and reports go on to say that they cannot be compared.
"""

from __future__ import annotations

import argparse
import io
import json
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ftbench import methods
from ftbench.errors import FtbenchError
from ftbench.methods._source import FORM, digest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("ftbench/methods", "ftbench/nn")

#: Run by a state's own code: the digest that it stores with a score of each method, and the method's class.
ITS_OWN = """
import json, pkgutil
from ftbench import methods
from ftbench.methods._source import source_digest
found = {}
for module in pkgutil.iter_modules(methods.__path__):
    if not module.name.startswith("_") and module.name != "base":
        cls = methods.find(module.name)
        found[module.name] = source_digest(cls), cls.__qualname__
print(json.dumps(found))
"""


@dataclass(frozen=True)
class State:
    """A state of the methods' code.

    Attributes:
        commit: the first that has it.
        digests: method -> the digest that it made of itself, and the one that this version makes.
    """

    commit: str
    digests: Mapping[str, tuple[str, str]]


def git(*arguments: str, given: str = "") -> bytes:
    """What git says."""
    command = ["git", "-C", str(ROOT), *arguments]
    return subprocess.run(command, input=given.encode(), capture_output=True, check=True).stdout


def history() -> dict[str, State]:
    """Commit -> the state of the methods' code in it."""
    commits = git("rev-list", "--reverse", "HEAD").decode().split()
    asked = "".join(f"{commit}:{room}\n" for commit in commits for room in ROOMS)
    trees = git("cat-file", "--batch-check=%(objectname)", given=asked).decode().splitlines()
    states: dict[tuple[str, ...], State] = {}
    found: dict[str, State] = {}
    for number, commit in enumerate(commits):
        key = tuple(trees[number * len(ROOMS) : (number + 1) * len(ROOMS)])
        if key not in states:
            states[key] = State(commit, digests(commit))
        found[commit] = states[key]
    return found


def digests(commit: str) -> dict[str, tuple[str, str]]:
    """The digests of a commit's methods, as it made them and as this version does."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            text = git("archive", commit, "ftbench")
        except subprocess.CalledProcessError:  # before there was a package
            return {}
        with tarfile.open(fileobj=io.BytesIO(text)) as archive:
            archive.extractall(folder, filter="data")
        command = [sys.executable, "-c", ITS_OWN]
        ended = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        if ended.returncode:  # before there were digests
            return {}
        package = Path(folder) / "ftbench"
        return {
            name: (
                own,
                digest(package / "methods" / f"{name}.py", f"ftbench.methods.{name}", cls, package=package),
            )
            for name, (own, cls) in json.loads(ended.stdout).items()
        }


def restated(method: str, stored: str, commit: str, known: Mapping[str, State]) -> tuple[str, str]:
    """The digest in the form of this version, and the commit that shows it; the stored one and "" if none."""
    if stored.startswith(FORM):
        return stored, ""
    at = known.get(commit)
    states = [at] if at and at.digests.get(method, ("",))[0] == stored else list(known.values())
    made = {s.digests[method][1]: s.commit for s in states if s.digests.get(method, ("",))[0] == stored}
    return next(iter(made.items())) if len(made) == 1 else (stored, "")


def restate(path: Path, known: Mapping[str, State]) -> None:
    """Restate a database in place, and print what was found."""
    connection = sqlite3.connect(path)
    rows = connection.execute(
        "SELECT p.digest, p.number, j.method, json_extract(p.facts, '$.method_digest'), "
        "coalesce(json_extract(p.facts, '$.git_commit'), '') FROM provenance p JOIN jobs j USING (digest) "
        "WHERE json_extract(p.facts, '$.method_digest') != ''"
    ).fetchall()
    counts: Counter[tuple[str, ...]] = Counter()
    with connection:
        for job, number, method, stored, commit in rows:
            new, shown = restated(method, stored, commit, known)
            counts[method, stored, shown[:10], new, told(method, new)] += 1
            if new != stored:
                connection.execute(
                    "UPDATE provenance SET facts = replace(facts, ?, ?) WHERE digest = ? AND number = ?",
                    (f'"{stored}"', f'"{new}"', job, number),
                )
    connection.execute("VACUUM")
    connection.close()
    print(f"{path}\n{'method':<15} {'stored':<18} {'revision':<10} {'this form':<18} {'installed':<9} jobs")
    for (method, stored, shown, new, same), count in sorted(counts.items()):
        print(f"{method:<15} {stored:<18} {shown:<10} {new:<18} {same:<9} {count}")


def told(method: str, new: str) -> str:
    """Whether a digest is that of the installed code."""
    if not new.startswith(FORM):
        return "unknown"
    try:
        return "same" if methods.source_digest(methods.find(method)) == new else "other"
    except FtbenchError:
        return "none"


def main(arguments: Sequence[str] | None = None) -> int:
    """Restate the databases."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("databases", nargs="+", type=Path, help="SQLite files; changed in place")
    options = parser.parse_args(arguments)
    known = history()
    for path in options.databases:
        if not path.is_file():
            parser.error(f"{path} is not there")
        restate(path, known)
    return 0


if __name__ == "__main__":
    sys.exit(main())
