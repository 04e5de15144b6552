"""What several tests need: no network, one thread, and the folders of recordings and of real data."""

from __future__ import annotations

import gc
import itertools
import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import tests.forked
import tests.server
from tests.forked import Programs
from tests.server import Server

if TYPE_CHECKING:
    from sqlalchemy import Connection

NEIGHBOURS = Path(__file__).parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # else each process compiles ftbench, and each run the tests
sys.dont_write_bytecode = False
os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp(prefix="ftbench-state-")  # what tests name is forgotten
for real in NEIGHBOURS.glob("*/data/CoLA/train.tsv"):
    os.environ.setdefault("FTBENCH_DATA", str(real.parents[1]))


# While the libraries are loaded there is no garbage to look for, nor is there any in them later.
gc.disable()


#: Architectures that are built as another one is (Llama, Gemma 3, T5), which is tried each time.
ALIKE = ("mistral", "qwen2", "qwen3", "gemma", "gemma2", "umt5")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave the tests of architectures that are alike to ``make test-slow``."""
    for item in items:
        given = item.callspec.params.values() if hasattr(item, "callspec") else ()
        if any(isinstance(one, str) and one in ALIKE for one in given):
            item.add_marker(pytest.mark.slow)


def pytest_collection_finish() -> None:
    """Collect the garbage of tests, seldom, for it takes part of their time, and not among the libraries."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    gc.enable()


@pytest.fixture(scope="session", autouse=True)
def _migrated_once() -> Iterator[None]:
    """Make the first database by the migrations, and the others of this process by what came of them.

    Each test of a database has a new one; the tests of the migrations call these themselves.
    """
    from ftbench.db import database
    from ftbench.db.backends.base import Backend
    from ftbench.db.backends.sqlite import Sqlite

    made: list[bytes] = []
    begun = itertools.count()
    make, migrate = database._migrate, database.migrate

    def once(connection: Connection) -> None:
        if connection.dialect.name == "sqlite":
            migrate(connection)
        else:
            tests.server.migrate_once(connection, migrate)

    def copied(backend: Backend, timeout: float) -> bool:
        if not isinstance(backend, Sqlite) or backend.exists() or database.migrate is not once:
            return make(backend, timeout)
        if not made:
            done = make(backend, timeout)
            made.append(backend.path.read_bytes())
            return done
        backend._check_place(write=True)
        part = backend.path.with_name(f"part.{os.getpid()}.{threading.get_ident()}")
        count = (next(begun) * 7_368_787) % (1 << 30) + 1  # of writes, which begins elsewhere in each one
        part.write_bytes(made[0][:60] + count.to_bytes(4, "big") + made[0][64:])
        try:
            os.link(part, backend.path)  # whole, or another one is there
        except FileExistsError:
            return False
        finally:
            part.unlink()
        return True

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "migrate", once)
        patch.setattr(database, "_migrate", copied)
        yield


@pytest.fixture(scope="session")
def forked() -> Iterator[Programs]:
    """The programs of ftbench, which run in processes that have the libraries loaded."""
    with tests.forked.served() as programs:
        yield programs


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A Chromium without a window; its tests are skipped where there is none, or nothing that drives it."""
    sync_api = pytest.importorskip("playwright.sync_api")
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip("no Chromium here")
    with sync_api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A PostgreSQL server of this process, in a folder that goes with it."""
    with tests.server.started() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a database that is not there yet: tests of storage are written once."""
    if request.param == "sqlite":
        yield str(tmp_path / "runs.db")
        return
    monkeypatch.chdir(tmp_path)  # where the copy of an older one goes
    running: Server = request.getfixturevalue("server")
    with running.ready() if "database" in request.fixturenames else running.database() as made:
        yield made


@pytest.fixture(scope="session")
def golden() -> Path:
    """The recorded trajectories: ``FTBENCH_GOLDEN``, or ``golden`` in a folder beside the checkout."""
    given = os.environ.get("FTBENCH_GOLDEN")
    found = [Path(given)] if given else [p.parent for p in NEIGHBOURS.glob("*/golden/vanilla_adamw_hf.npz")]
    if not found:
        pytest.skip("no recorded trajectories here (FTBENCH_GOLDEN)")
    return found[0]
