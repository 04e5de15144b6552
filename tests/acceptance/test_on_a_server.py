"""Two workers on a server's database, which is restarted: the same bits as where nobody disturbs them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.conftest import GRID, Place, children_of, until
from tests.server import Server, started


@pytest.mark.slow
def test_jobs_on_a_server_that_crashes_end_with_the_same_bits(
    place: Place, undisturbed: Place, server: Server
) -> None:
    with server.database() as address:
        place.env["FTBENCH_DB"] = address.replace("ftbench@", "ftbench:geheim@")
        place.keep_every_step()
        said = place.ftbench("queue", "--methods", "vanilla", "--seeds", "3", *GRID)
        workers = [place.start("worker", "--drain", "--threads", "1") for _ in range(2)]
        until(lambda: any(place.folder.glob("ftbench-*.work/*/*.part.pt")), "a checkpoint")
        (child,) = children_of(workers[0].pid)
        variables = Path("/proc", str(child), "environ").read_bytes()
        line = Path("/proc", str(child), "cmdline").read_bytes()
        assert b"geheim" not in variables + line and b"FTBENCH_WORK" not in variables
        for _ in range(3):
            server.stop("immediate")
            server.start()
        for worker in workers:
            out, err = worker.communicate(timeout=300)
            assert (worker.returncode, err) == (0, "")
            said += out
        place.ftbench("db", "backup", "ftbench.db")
        assert "geheim" not in said
    assert place.rows("select state, attempts, count(*) from jobs group by 1, 2") == [("done", 1, 3)]
    assert place.results() == undisturbed.results(place.digests())
    logs = "".join(path.read_text(errors="replace") for path in place.folder.rglob("*.log"))
    assert logs and "geheim" not in logs
    assert b"geheim" not in (place.folder / "ftbench.db").read_bytes()


SECRET = "geheim-und-lang"


@pytest.fixture
def guarded() -> Iterator[Server]:
    """A server that asks for a password."""
    with started() as server:
        server.sql(f"ALTER ROLE ftbench PASSWORD '{SECRET}'")
        server.sql("CREATE DATABASE runs")
        (server.data / "db" / "pg_hba.conf").write_text("local all all scram-sha-256\n")
        server.sql("SELECT pg_reload_conf()")
        yield server


@pytest.mark.slow
def test_a_password_from_a_file_opens_a_service_and_is_seen_nowhere(place: Place, guarded: Server) -> None:
    service, passwords = place.folder / "services.conf", place.folder / "passwords"
    service.write_text(f"[mine]\nhost={guarded.folder}\nuser=ftbench\ndbname=runs\n")
    place.env |= {"PGSERVICEFILE": str(service), "FTBENCH_DB": "postgresql:///?service=mine"}
    place.env.pop("PGPASSWORD", None)
    until(lambda: "PGPASSFILE" in place.ftbench("db", "init", code=1), "the server to ask for a password")
    passwords.write_text(f"*:*:*:ftbench:{SECRET}\n")
    passwords.chmod(0o600)
    place.env["PGPASSFILE"] = str(passwords)
    said = place.ftbench("queue", "--methods", "vanilla", "--seeds", "2", *GRID)
    worker = place.start("worker", "--drain", "--threads", "1", "--verbose", "--max-jobs", "1")
    until(lambda: bool(children_of(worker.pid)), "a child")
    for process in (worker.pid, *children_of(worker.pid)):
        for what in ("cmdline", "environ"):
            assert SECRET.encode() not in Path("/proc", str(process), what).read_bytes()
    said += "".join(worker.communicate(timeout=300))
    assert worker.returncode == 0, said
    said += place.ftbench("export", "--jobs", "left.jsonl")
    trained = [sys.executable, "-m", "ftbench.training.execute", "--threads", "1"]
    trained += ["--jobs", "left.jsonl", "--events", "events.jsonl"]
    subprocess.run(trained, cwd=place.folder, env=place.env, check=True)
    said += place.ftbench("ingest", "events.jsonl")
    said += place.ftbench("plot", "strip", "--output", "strip.svg") + place.ftbench("status")
    said += place.ftbench("export", "--scores", "scores.csv") + place.ftbench("db", "backup", "copy.db")
    place.ftbench("db", "check")
    left = [path for path in place.folder.rglob("*") if path.is_file() and path != passwords]
    assert len(left) > 6 and SECRET not in said
    assert [path for path in left if SECRET.encode() in path.read_bytes()] == []


@pytest.mark.slow
def test_the_demo_runs_on_a_server(place: Place, server: Server) -> None:
    with server.database() as address:
        assert "bidrop" in place.ftbench("demo", "--seeds", "1", "--db", address)
