"""Jobs that were queued before their model or rows were there, and what becomes of them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ftbench.db import Database
from ftbench.domain.result import State
from ftbench.services.planning.queue import make_plan, put_jobs
from ftbench.services.worker.missing import Missing, missing_here
from ftbench.services.worker.settling import settle
from tests.asked import queue_request
from tests.db.samples import RESULT, claim
from tests.places import safetensors
from tests.tasks import layouts

MODEL = "someone/model"
HEAD = {"bert.encoder.layer.0.weight": (2, 2), "classifier.weight": (2, 4)}
Arrive = Callable[..., None]


@pytest.fixture(autouse=True)
def away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without a network, a model or data."""
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    for name in ("FTBENCH_DATA", "HF_HUB_CACHE", "HF_DATASETS_CACHE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def arrive(tmp_path: Path) -> Arrive:
    """Puts a model with a head and few positions into the cache."""

    def make(positions: int = 32, tensors: dict[str, tuple[int, ...]] | None = None) -> None:
        place = tmp_path / "hf/hub/models--someone--model/snapshots" / ("c" * 40)
        place.mkdir(parents=True)
        config = {"model_type": "bert", "max_position_embeddings": positions, "num_hidden_layers": 1}
        (place / "config.json").write_text(json.dumps(config))
        (place / "model.safetensors").write_bytes(safetensors(HEAD if tensors is None else tensors))
        (place / "vocab.txt").write_text("[PAD]\n")

    return make


def queue(database: Database, *, tasks: str = "cola", models: str = MODEL, data: Path | None = None) -> int:
    where = None if data is None else str(data)
    request = queue_request(methods="vanilla", tasks=tasks, models=models, seeds="2", data_dir=where)
    return put_jobs(database, make_plan(request)).added


def digests(database: Database) -> list[str]:
    return sorted(row.digest for row in database.jobs.list())


def test_a_job_is_one_whether_its_model_was_there_when_it_was_queued_or_not(
    database: Database, tmp_path: Path, arrive: Arrive
) -> None:
    data = layouts.cola(tmp_path / "data")
    assert queue(database, data=data) == 2
    before = digests(database)
    assert queue(database, data=data) == 0, "queued twice without it"
    assert settle(database, data) == 0, "still missing"
    arrive()
    assert queue(database, data=data) == 0, "the same command afterwards queues nothing"
    assert len(digests(database)) == 2 and not set(before) & set(digests(database))
    (row, _) = database.jobs.list()
    assert (row.spec["recipe"]["max_length"], row.spec["recipe"]["head"]) == (32, "drawn")


def test_settled_by_a_worker_it_is_the_same_job(database: Database, tmp_path: Path, arrive: Arrive) -> None:
    data = layouts.cola(tmp_path / "data")
    queue(database, data=data)
    arrive()
    assert settle(database, data) == 2
    assert queue(database, data=data) == 0
    assert settle(database, data) == 0


def test_no_score_is_counted_twice(database: Database, tmp_path: Path, arrive: Arrive) -> None:
    data = layouts.cola(tmp_path / "data")
    arrive()
    queue(database, data=data)
    database.jobs.finish(claim(database), RESULT)
    shutil.rmtree(tmp_path / "hf")
    queue(database, data=data)
    assert len(digests(database)) == 4, "not known yet to be the same"
    arrive()
    assert settle(database, data) == 2
    assert database.jobs.counts()[State.DONE] == 1 and len(digests(database)) == 2


def test_a_model_whose_files_change_nothing_leaves_the_identity_as_it_was(
    database: Database, tmp_path: Path, arrive: Arrive
) -> None:
    data = layouts.cola(tmp_path / "data")
    queue(database, data=data)
    before = digests(database)
    arrive(512, {"bert.encoder.layer.0.weight": (2, 2)})
    assert settle(database, data) == 2 and digests(database) == before


def test_a_model_that_cannot_be_trained_fails_its_jobs_by_name(
    database: Database, tmp_path: Path, arrive: Arrive
) -> None:
    data = layouts.cola(tmp_path / "data")
    queue(database, data=data)
    arrive(2)
    assert settle(database, data) == 2
    assert database.jobs.counts()[State.FAILED] == 2
    (attempt,) = database.results.attempts(digests(database)[0])
    assert "too few for any text" in attempt.message


def test_rows_that_come_later_by_folder_settle_the_jobs_that_waited(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert queue(database, models="tiny") == 2
    assert missing_here(database.jobs.needs()) == Missing((), ("cola",), "HF_HUB_OFFLINE is set")
    data = layouts.cola(tmp_path / "data")
    monkeypatch.setenv("FTBENCH_DATA", str(data))
    assert queue(database, models="tiny", data=data) == 0
    assert not missing_here(database.jobs.needs())
    for row in database.jobs.list():
        assert row.spec["task"]["revision"].startswith("sha256:") and row.places["data"] == str(data)
