"""MLflow's runs in a local file, read back: the curves and scores of the database, each number once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ftbench import trackers
from ftbench.trackers import Deliveries, Ending
from tests.trackers.written import JOB, POINTS, SCORES, WANTED

pytest.importorskip("mlflow")
pytestmark = pytest.mark.slow  # to load it and to make its tables takes seconds


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.delenv("MLFLOW_EXPERIMENT_NAME", raising=False)
    monkeypatch.chdir(tmp_path)
    from mlflow import MlflowClient

    return MlflowClient()


def fresh() -> Deliveries:
    return Deliveries(trackers.find("mlflow")())


def runs(client: Any) -> list[Any]:
    experiment = client.get_experiment_by_name("ftbench")
    return list(client.search_runs([experiment.experiment_id]))


def assert_whole(client: Any) -> None:
    (run,) = runs(client)
    assert run.info.status == "FINISHED" and run.info.run_name == JOB.name
    assert run.data.metrics.keys() == WANTED.keys()
    for name, values in WANTED.items():
        found = client.get_metric_history(run.info.run_id, name)
        assert sorted((one.step, one.value) for one in found) == sorted(values.items())


def test_a_job_is_a_run_with_its_settings_and_tags(client: Any) -> None:
    fresh().end(JOB, Ending.DONE, POINTS, SCORES)
    assert_whole(client)
    (run,) = runs(client)
    assert run.data.params == {
        "method.k": "3",
        "recipe.lr": "0.0005",
        "recipe.epochs": "None",
        "recipe.schedule": "linear",
    }
    assert {k: run.data.tags[k] for k in JOB.tags} == dict(JOB.tags)
    assert run.data.tags["ftbench.job"] == JOB.digest and run.data.tags["group"] == JOB.group


def test_a_job_goes_on_in_its_run_after_a_kill(client: Any) -> None:
    killed = fresh()
    killed.begin(JOB)
    killed.points(JOB.digest, POINTS[:4])
    (run,) = runs(client)
    assert run.info.status == "RUNNING", "nobody was there to say otherwise"
    other = fresh()
    other.begin(JOB)
    other.points(JOB.digest, POINTS[:7])
    other.close()
    assert [one.info.status for one in runs(client)] == ["KILLED"]
    for _ in range(2):
        fresh().end(JOB, Ending.DONE, POINTS, SCORES)
        assert_whole(client)


def test_what_was_killed_before_its_settings_were_told_gets_them(client: Any) -> None:
    experiment = client.create_experiment("ftbench")
    client.create_run(experiment, run_name=JOB.name, tags={"ftbench.job": JOB.digest})
    fresh().end(JOB, Ending.DONE, POINTS, SCORES)
    assert_whole(client)
    assert runs(client)[0].data.params["recipe.lr"] == "0.0005"
