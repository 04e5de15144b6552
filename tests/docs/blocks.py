"""The fenced blocks of the documentation, and what is done with each.

A comment above a block of commands or code says it:

    <!-- run -->                 is run as it stands, on few rows and for few steps
    <!-- run: on tiny -->        so, with the embedded model and a toy task in the place of those named
    <!-- run: on the example --> so, with a copy of ftbench.db.example as the database
    <!-- file: NAME -->          is written into this file, for what stands below it
    <!-- not run: REASON -->     is checked against the command line, and not run for the reason that is given
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.forked import Programs

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]
EXAMPLE = "ftbench.db.example"
RUN, FILE, NOT_RUN = "run", "file", "not run"
#: What may stand behind `run:`.
ON_TINY, ON_THE_EXAMPLE = "on tiny", "on the example"
SHELL = ("sh", "console")
#: What a block may be written in.
LANGUAGES = (*SHELL, "python", "yaml", "toml", "json", "text", "csv", "sql", "bibtex", "markdown")
DEADLINE = 600.0
#: Pages that tests of their own follow, and look at closer.
FOLLOWED = (
    "quickstart.md",
    "write-a-method.md",
    "library.md",
    "write-a-perturbation.md",
    "schema.md",
    "inconsistencies.md",
)
FENCE = re.compile(
    r"^(?:<!-- (?P<mark>run|file|not run)(?:: (?P<name>[^>\n]+?))? -->\n)?"
    r"```(?P<language>\w*)\n(?P<text>.*?)^```",
    re.M | re.S,
)
#: A command of ftbench; a quoted argument may go on over several lines.
COMMAND = re.compile(r"""(?:^|&& )(ftbench (?:"[^"]*"|'[^']*'|[^\n"'&;|>])*)""", re.M)

#: What is shown to a reader would train for minutes: the same commands on a few rows, for a few steps.
PRELUDE = """
python() {{ command {python} "$@"; }}
ftbench() {{
    case "$1" in
        queue) set -- "$@" --seeds {seeds} --train-size 48 --set epochs=1 ;;
        worker) set -- "$@" --threads 1 ;;
    esac
    command {ftbench} "$@"
}}
"""
#: With the embedded model and a toy task in the place of real ones; on the CPU, and to the end of the queue.
TINY = """
python() {{ command {python} "$@"; }}
ftbench() {{
    local word words=() skipped=
    for word in "$@"; do
        if [ -n "$skipped" ]; then skipped=
        elif [ "$word" = --gpu ]; then skipped=1
        else words+=("$word")
        fi
    done
    set -- "${{words[@]}}"
    case "$*" in
        "queue"*"--tuned"*) set -- "$@" --seeds {seeds} ;;
        "queue"*"--tasks ./"*) set -- "$@" --models tiny --seeds {seeds} --set epochs=1 ;;
        queue*) set -- "$@" --models tiny --tasks toy-accept --seeds {seeds} --train-size 48 --set epochs=1 ;;
        tune*) set -- "$@" --models tiny --tasks toy-accept --trials 2 --studies 1 --set epochs=1 ;;
        worker*) set -- "$@" --threads 1 --drain ;;
    esac
    command {ftbench} "$@"
}}
"""


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Attributes:
        mark: ``run``, ``file``, ``not run``, or none.
        name: what stands behind the mark: how it is run, the file, the reason.
        language: as the fence says.
        text: what it holds.
    """

    mark: str | None
    name: str | None
    language: str
    text: str


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page, in their order."""
    return [Block(**found.groupdict()) for found in FENCE.finditer(page.read_text(encoding="utf-8"))]


def commands(page: Path) -> Iterator[str]:
    """Every command of ftbench that a page shows."""
    for block in blocks(page):
        if block.language in SHELL:
            yield from COMMAND.findall(re.sub(r"\\\n\s*", "", block.text))


def shell(text: str, folder: Path, programs: Programs, how: str | None = None, seeds: int = 1) -> str:
    """Run commands as a reader would, stopping at the first that fails; what they print.

    Args:
        text: the commands.
        folder: where.
        programs: what `ftbench` stands for.
        how: None, ``ON_TINY`` or ``ON_THE_EXAMPLE``.
        seeds: that `ftbench queue` is given.
    """
    env = {k: v for k, v in os.environ.items() if not k.startswith("FTBENCH_")} | {"NO_COLOR": "1"}
    if how == ON_THE_EXAMPLE:
        env["FTBENCH_DB"] = EXAMPLE
    prelude = TINY if how == ON_TINY else PRELUDE
    words = {"ftbench": shlex.join(programs.ftbench), "python": shlex.quote(sys.executable), "seeds": seeds}
    ended = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", prelude.format(**words) + text],
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
    )
    assert ended.returncode == 0, f"{text}\n{ended.stdout}\n{ended.stderr}"
    return ended.stdout


def follow(page: Path, folder: Path, programs: Programs, seeds: int = 1) -> tuple[str, dict[str, Any]]:
    """Do what a page says, from top to bottom.

    Returns:
        What its commands printed, and the names that its Python has defined.
    """
    printed: list[str] = []
    state: dict[str, Any] = {}
    found = blocks(page)
    if any(EXAMPLE in block.text or block.name == ON_THE_EXAMPLE for block in found):
        shutil.copy(ROOT / EXAMPLE, folder)
    for block in found:
        if block.mark == FILE:
            (folder / str(block.name)).write_text(block.text, encoding="utf-8")
        elif block.mark == RUN and block.language == "python":
            exec(compile(block.text, str(page), "exec"), state)
        elif block.mark == RUN:
            printed.append(shell(block.text, folder, programs, block.name, seeds))
    return "".join(printed), state
