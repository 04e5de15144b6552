"""Two workers on a server's database, which is restarted: the same bits as where nobody disturbs them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.conftest import GRID, Place, children_of, until
from tests.server import Server


@pytest.mark.slow
def test_jobs_on_a_server_that_crashes_end_with_the_same_bits(
    place: Place, undisturbed: Place, server: Server
) -> None:
    with server.database() as address:
        place.env["FTBENCH_DB"] = address.replace("ftbench@", "ftbench:geheim@")
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
