"""The wheel: built, installed into a clean environment, and used there far from the checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import ftbench
from ftbench._version import __version__

pytestmark = pytest.mark.slow
pytest.importorskip("setuptools")
pytest.importorskip("pip")
ROOT = Path(__file__).resolve().parents[2]
PACKAGE = Path(ftbench.__file__).parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built without the network, from a copy: a build leaves its folders behind."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in filter(None, tracked.stdout.split("\0")):
        if name.startswith("ftbench/") or name in ("pyproject.toml", "README.md", "LICENSE"):
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "-q",
        "-w",
        str(target),
    ]
    subprocess.run([*build, str(source)], check=True)
    (made,) = target.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The programs of an environment with the wheel, which shares all other packages with this one."""
    place = tmp_path_factory.mktemp("clean")
    venv.create(place, with_pip=False, symlinks=True)
    (packages,) = place.glob("lib/python*/site-packages")
    shared = [path for path in sys.path if path.endswith("-packages")]
    (packages / "shared.pth").write_text("\n".join(shared), encoding="utf-8")
    python = place / "bin" / "python"
    install = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(python),
        "install",
        "--no-deps",
        "--no-index",
        "-q",
    ]
    subprocess.run([*install, "--ignore-installed", str(wheel)], check=True)
    yield place / "bin"


def test_every_file_of_the_package_is_in_the_wheel(wheel: Path) -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "ftbench"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    there = set(zipfile.ZipFile(wheel).namelist())
    assert [name for name in tracked.stdout.splitlines() if name not in there] == []
    assert not [name for name in there if name.startswith(("tests", "benchmarks", "scripts"))]


def test_an_installed_wheel_trains_and_reports(programs: Path, tmp_path: Path) -> None:
    env = {k: v for k, v in os.environ.items() if not k.startswith(("FTBENCH_", "PYTHON"))}

    def run(*words: str) -> str:
        ended = subprocess.run(
            [str(programs / "ftbench"), *words], cwd=tmp_path, env=env, capture_output=True, text=True
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    where = subprocess.run(
        [str(programs / "python"), "-c", "import ftbench; print(ftbench.__file__)"],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(where.stdout.strip()).is_relative_to(programs.parent)
    assert run("--version").strip() == f"ftbench {__version__}"
    assert len(json.loads(run("methods", "--json"))) >= 28
    grid = ("--methods", "rdrop", "--tasks", "toy-accept", "--seeds", "1", "--train-size", "48")
    run("queue", *grid, "--set", "epochs=1")
    run("worker", "--drain", "--threads", "1")
    report = json.loads(run("report", "--format", "json"))
    assert report["schema"] == "ftbench.report/1" and report["sections"]
    run("report", "-o", "page.html")
    assert "<table" in (tmp_path / "page.html").read_text(encoding="utf-8")
