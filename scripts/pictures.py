"""Draw the pictures of the documentation: what real commands print and draw of ``ftbench.db.example``.

    python scripts/pictures.py            # all of them, into docs/pictures/
    python scripts/pictures.py runs why   # those of these names

Plots are what ``ftbench plot`` draws, terminals what commands print to one, pages what Chromium shows.
"""

from __future__ import annotations

import argparse
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import terminal

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "pictures"
DATABASE = "ftbench.db.example"
#: Pixels of a window.
WINDOW = (1280, 860)


@dataclass(frozen=True)
class Picture:
    """A picture of what a command makes.

    Attributes:
        file: its name.
        command: as it is typed, in a folder that has the example database.
        columns: of the terminal that the command prints to.
        lines: that are shown at most.
    """

    file: str
    command: str
    columns: int = 112
    lines: int = 40

    @property
    def name(self) -> str:
        """What it is called on the command line."""
        return Path(self.file).stem


PICTURES = (
    Picture("runs.svg", "ftbench plot strip --tasks qnli --methods rdrop,bidrop,child_tuning_d -o runs.svg"),
    Picture("noise.svg", "ftbench plot robustness --methods rdrop,bidrop,child_tuning_d -o noise.svg"),
    Picture("learning.svg", "ftbench plot learning --tasks qnli --methods rdrop,bidrop -o learning.svg"),
    Picture("compare.svg", "ftbench compare bidrop vanilla --noise 0.1"),
    Picture("why.svg", "ftbench why bidrop SST-2 --table robustness --ratio 0.1"),
    Picture(
        "table.svg",
        "ftbench report --table robustness --methods rdrop,bidrop --where 'noise>=0 and reduction=0'",
    ),
    Picture("power.svg", "ftbench power bidrop vanilla --difference 1"),
    Picture("page.png", "ftbench report --methods child_tuning_d,rdrop,bidrop -o page.html"),
    Picture("board.png", "ftbench serve --port 8799"),
)


def draw(picture: Picture) -> Path:
    """Run a picture's command and draw what comes of it.

    Returns:
        The file, in ``docs/pictures``.

    Raises:
        SystemExit: the command fails.
    """
    words = shlex.split(picture.command)
    target = FOLDER / picture.file
    if words[1] == "serve":
        _served(words, target)
        return target
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        if "-o" not in words:
            printed = terminal.printed(_program(words), here, picture.columns)
            shown = terminal.picture(picture.command, printed, picture.columns, picture.lines)
            target.write_text(shown, encoding="utf-8")
            return target
        ended = subprocess.run(_program(words), cwd=here, text=True, capture_output=True)
        if ended.returncode:
            sys.exit(f"{picture.command}: {ended.stderr.strip()}")
        made = here / words[words.index("-o") + 1]
        if made.suffix == ".html":
            _photograph(made.as_uri(), target)
        else:
            target.write_bytes(made.read_bytes())
    return target


def _program(words: list[str]) -> list[str]:
    """A command as it is started, on the example database."""
    return [sys.executable, "-m", *words, "--db", str(ROOT / DATABASE)]


def _served(words: list[str], target: Path) -> None:
    """What a browser shows of the board."""
    with subprocess.Popen(_program(words), stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        server.stdout.readline()  # it listens
        try:
            _photograph(f"http://localhost:{words[-1]}/", target)
        finally:
            server.terminate()


def _photograph(page: str, target: Path) -> None:
    """What a browser shows of a page, without scrolling."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": WINDOW[0], "height": WINDOW[1]})
        tab.goto(page, timeout=600_000)
        tab.wait_for_timeout(1500)
        tab.screenshot(path=target)
        browser.close()


def main() -> None:
    """Draw those that are named."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(one.name for one in PICTURES))
    names = parser.parse_args().names
    known: dict[str, Callable[[], Path]] = {one.name: lambda one=one: draw(one) for one in PICTURES}
    unknown = [name for name in names if name not in known]
    if unknown:
        parser.error(f"no picture '{unknown[0]}': {', '.join(known)}")
    FOLDER.mkdir(exist_ok=True)
    for name in names or known:
        file = known[name]()
        print(f"wrote {file.relative_to(ROOT)}: {file.stat().st_size / 1024:.0f} KB")


if __name__ == "__main__":
    main()
