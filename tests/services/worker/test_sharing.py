"""How many jobs a worker trains at once where nobody says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftbench.db import Database
from ftbench.errors import BadValue
from ftbench.services.worker import machine, sharing
from ftbench.services.worker.sharing import job_memory, share_cores, slots_that_fit
from tests.db.samples import entry

GIB = 2**30


@pytest.fixture
def twelve(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twelve cores, and memory for a thousand jobs."""
    monkeypatch.setattr(machine, "cores", lambda: 12)
    monkeypatch.setattr(machine, "memory_left", lambda: 10_000 * GIB)
    monkeypatch.setenv("OMP_NUM_THREADS", "")


@pytest.mark.parametrize(
    ("cores", "jobs", "free", "need", "slots"),
    [
        (8, 300, 64 * GIB, GIB, 8),  # a job a core
        (8, 3, 64 * GIB, GIB, 3),  # no more than there are jobs
        (8, 0, 64 * GIB, GIB, 8),  # they are to come
        (8, 300, 20 * GIB, 7 * GIB, 2),  # 18 of them, with a tenth to spare
        (8, 300, 5 * GIB, 7 * GIB, 1),  # one tries it
        (8, 300, None, 7 * GIB, 8),
        (1, 300, 64 * GIB, GIB, 1),
    ],
)
def test_a_job_a_core_as_far_as_jobs_and_memory_go(
    cores: int, jobs: int, free: float | None, need: float, slots: int
) -> None:
    assert slots_that_fit(cores, jobs, free, need) == slots


@pytest.mark.usefixtures("twelve")
@pytest.mark.parametrize(("jobs", "expected"), [(40, (12, 1)), (5, (5, 2)), (1, (1, 8)), (0, (12, 1))])
def test_the_first_worker_shares_the_cores_out_to_its_jobs(
    database: Database, jobs: int, expected: tuple[int, int]
) -> None:
    database.jobs.add([entry(seed) for seed in range(jobs)])
    assert share_cores(database, "cpu", None) == expected
    assert database.setting("threads", "none") == str(expected[1])


@pytest.mark.usefixtures("twelve")
def test_the_next_one_takes_the_threads_as_they_are(database: Database) -> None:
    assert database.setting("threads", "5") == "5"
    database.jobs.add([entry(seed) for seed in range(40)])
    assert share_cores(database, "cpu", None) == (2, 5)


@pytest.mark.usefixtures("twelve")
def test_one_on_a_gpu_and_where_threads_are_given(database: Database) -> None:
    database.jobs.add([entry(seed) for seed in range(40)])
    assert share_cores(database, "cpu", 3) == (1, 3)
    assert share_cores(database, "cuda:0", None) == (1, 3)
    with pytest.raises(BadValue, match="--threads 4"):
        share_cores(database, "cpu", 4)


@pytest.mark.usefixtures("twelve")
def test_a_number_of_threads_in_the_environment_leaves_room_for_fewer(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    database.jobs.add([entry(seed) for seed in range(40)])
    assert share_cores(database, "cpu", None) == (3, 4)


@pytest.mark.usefixtures("twelve")
def test_larger_models_leave_room_for_fewer(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "memory_left", lambda: round(4.5 * job_memory(110)))
    database.jobs.add([entry(seed) for seed in range(40)])
    monkeypatch.setattr(sharing, "_parameters", lambda row: 110.0)
    assert share_cores(database, "cpu", None) == (4, 3)


def test_a_folder_is_as_large_as_its_weights(tmp_path: Path) -> None:
    from ftbench.db.names import ModelRow

    (tmp_path / "model-1.safetensors").write_bytes(bytes(4000))
    (tmp_path / "model-2.safetensors").write_bytes(bytes(8000))
    (tmp_path / "pytorch_model.bin").write_bytes(bytes(12100))
    (tmp_path / "tokenizer.json").write_bytes(bytes(99999))
    row = ModelRow("mine", "folder:mine", "sha256:0", str(tmp_path))
    assert sharing._parameters(row) == pytest.approx(12100 / 4e6)
    assert sharing._parameters(row._replace(path=None)) == sharing.USUAL
    assert sharing._parameters(row._replace(id="bert-large")) > 300


def test_the_memory_that_is_free_is_told() -> None:
    free = machine.memory_left()
    assert free is None or 0 <= free < 2**60
