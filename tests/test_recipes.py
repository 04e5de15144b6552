"""The recipes for other schedulers: they can be read, and say what a worker needs."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from ftbench.cli.app import app
from ftbench.services.worker.options import Options

RECIPES = Path(__file__).resolve().parents[1] / "docs" / "recipes"


def recipe(name: str) -> dict[str, Any]:
    found = yaml.safe_load((RECIPES / name).read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def grace() -> float:
    """Seconds that a worker gives a job for its checkpoint."""
    field = Options.__dataclass_fields__["grace"]
    assert isinstance(field.default, float)
    return field.default


def check_worker(script: str) -> None:
    """The last command is a worker in the place of the shell, so that signals reach it."""
    words = shlex.split(script.strip().splitlines()[-1].rpartition("&&")[2])
    assert words[:3] == ["exec", "ftbench", "worker"]
    tree: Any = typer.main.get_command(app)
    known = {flag for option in tree.commands["worker"].params for flag in option.opts}
    flags = {word for word in words[3:] if word.startswith("--")}
    assert "--idle" in flags or "--drain" in flags  # else it would hold its GPU for ever
    assert flags <= known


def check_place(environment: dict[str, str]) -> None:
    """The database is no file and holds no password, and checkpoints outlive the machine."""
    address = environment["FTBENCH_DB"]
    assert address.startswith("postgresql://") and ":" not in address.partition("://")[2].partition("@")[0]
    assert environment["PGPASSFILE"] and environment["FTBENCH_WORK"].startswith("/work/")


def test_every_recipe_is_checked_and_told_of() -> None:
    told = (RECIPES.parent / "launching.md").read_text(encoding="utf-8")
    for path in RECIPES.iterdir():
        assert path.name in ("kubernetes.yaml", "skypilot.yaml") and f"recipes/{path.name}" in told


@pytest.fixture
def job() -> dict[str, Any]:
    return recipe("kubernetes.yaml")


def test_the_job_of_kubernetes_has_what_its_schema_asks_for(job: dict[str, Any]) -> None:
    assert (job["apiVersion"], job["kind"]) == ("batch/v1", "Job") and job["metadata"]["name"]
    spec, pod = job["spec"], job["spec"]["template"]["spec"]
    assert set(job) == {"apiVersion", "kind", "metadata", "spec"}
    assert spec["completionMode"] == "Indexed" and spec["completions"] >= spec["parallelism"] >= 1
    assert pod["restartPolicy"] == "Never"  # podFailurePolicy asks for it
    assert [rule["action"] for rule in spec["podFailurePolicy"]["rules"]] == ["Ignore"]
    (container,) = pod["containers"]
    assert container["name"] and container["image"]
    volumes = {volume["name"] for volume in pod["volumes"]}
    assert {mount["name"] for mount in container["volumeMounts"]} == volumes
    assert all(len(volume) == 2 for volume in pod["volumes"])  # a name and one source
    assert all(("value" in one) != ("valueFrom" in one) for one in container["env"])
    assert container["resources"]["limits"]["nvidia.com/gpu"] == 1


def test_the_job_of_kubernetes_runs_a_worker_that_can_end_in_order(job: dict[str, Any]) -> None:
    pod = job["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["terminationGracePeriodSeconds"] >= 4 * grace()
    assert container["command"] == ["sh", "-c"]
    check_worker(container["args"][0])
    check_place({one["name"]: one.get("value", "") for one in container["env"]})
    assert any("secret" in volume for volume in pod["volumes"])
    (shared,) = [mount for mount in container["volumeMounts"] if mount["mountPath"] == "/dev/shm"]
    assert {"medium": "Memory", "sizeLimit": "4Gi"} in [volume.get("emptyDir") for volume in pod["volumes"]]
    assert shared["name"] == "shared-memory"


def test_the_task_of_skypilot_runs_a_worker_on_machines_that_come_and_go() -> None:
    task = recipe("skypilot.yaml")
    assert set(task) == {"name", "resources", "envs", "file_mounts", "setup", "run"}
    assert task["resources"]["use_spot"] is True and task["resources"]["accelerators"]
    assert task["resources"]["job_recovery"]["max_restarts_on_errors"] > 0
    check_worker(task["run"])
    check_place(task["envs"])
    assert task["envs"]["PGPASSFILE"] in task["file_mounts"] and task["file_mounts"]["/work"]["mode"]
