"""Build the documentation as a site, in the folder ``site``; nothing is fetched, by the build or by a reader.

    python scripts/build_site.py

A warning is an error. Beside each page lies its Markdown, which is what ``llms.txt`` names.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
#: What lets the search run from a disk, as the builder would fetch it, and as it lies in the site.
FOREIGN, OWN = "https://unpkg.com/iframe-worker/shim", "frame-worker.js"


def build(root: Path) -> Path:
    """Build the site of a checkout.

    Args:
        root: the folder with ``mkdocs.yml`` and ``docs``.

    Returns:
        The folder with ``index.html``.

    Raises:
        SystemExit: something is wrong with a page; it is printed.
    """
    site = root / "site"
    command = [sys.executable, "-m", "zensical", "build", "--clean", "--strict", "-f", "mkdocs.yml"]
    ended = subprocess.run(command, cwd=root, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if ended.returncode or "No issues found" not in ended.stdout:
        sys.exit(
            f"{ended.stdout}\nthe site was not built: {' '.join(command[1:])} ended with {ended.returncode}"
        )
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        if FOREIGN in text:
            above = "../" * (len(page.relative_to(site).parts) - 1)
            page.write_text(text.replace(FOREIGN, above + OWN), encoding="utf-8")
    for page in (root / "docs").rglob("*.md"):
        shutil.copy(page, site / page.relative_to(root / "docs"))
    return site


if __name__ == "__main__":
    print(f"wrote {build(ROOT)}/index.html")
