"""Build the documentation as a site, in the folder ``site``; nothing is fetched.

    python scripts/build_site.py

A warning is an error. Beside each page lies its Markdown, which is what ``llms.txt`` names.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


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
    shutil.rmtree(site, ignore_errors=True)
    command = [sys.executable, "-m", "zensical", "build", "--clean", "--strict", "-f", "mkdocs.yml"]
    ended = subprocess.run(command, cwd=root, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if ended.returncode or "Warning" in ended.stdout:
        sys.exit(
            f"{ended.stdout}\nthe site was not built: {' '.join(command[1:])} ended with {ended.returncode}"
        )
    for page in (root / "docs").rglob("*.md"):
        shutil.copy(page, site / page.relative_to(root / "docs"))
    return site


if __name__ == "__main__":
    print(f"wrote {build(ROOT)}/index.html")
