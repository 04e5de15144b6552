"""The script for ``sbatch``."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from ftbench.services.launching.script import Script


def script(folder: Path = Path("/w"), **options: object) -> str:
    values: dict[str, object] = {"worker": ("--idle", "10m"), "database": "/w/a b.db", "interpreter": "/py"}
    return Script("0a1b2c3d", folder, **{**values, **options}).text()  # type: ignore[arg-type]


def test_the_script_is_the_worker_itself() -> None:
    assert script(seconds=28800.0, gpus=1).splitlines() == [
        "#!/bin/bash",
        "#SBATCH --job-name=ftbench-0a1b2c3d",
        "#SBATCH --requeue",
        "#SBATCH --open-mode=append",
        "#SBATCH --output=/w/%A_%a.log",
        "#SBATCH --gres=gpu:1",
        "#SBATCH --time=480",
        "#SBATCH --signal=B:USR1@90",
        'export FTBENCH_ALLOCATION="0a1b2c3d/$(($1 + SLURM_ARRAY_TASK_ID))"',
        'export FTBENCH_WORKER="0a1b2c3d-$(($1 + SLURM_ARRAY_TASK_ID))"',
        "export FTBENCH_DB='/w/a b.db'",
        "exec /py -P -m ftbench worker --idle 10m",
    ]


def test_what_is_not_asked_for_is_not_in_the_script() -> None:
    text = script(gpus=0, database=None)
    assert not any(word in text for word in ("--gres", "--time", "FTBENCH_DB"))
    assert "--signal" in text and "--signal" not in script(seconds=600.0), "it may come a minute early"


@pytest.mark.parametrize(("seconds", "minutes"), [(1.0, 1), (60.0, 1), (61.0, 2), (3600.0, 60)])
def test_limits_are_whole_minutes(seconds: float, minutes: int) -> None:
    assert f"#SBATCH --time={minutes}\n" in script(seconds=seconds)


def test_odd_paths_stay_what_they_are(tmp_path: Path) -> None:
    folder = tmp_path / "50% 'x'"
    assert "50%% " in script(folder)
    folder.mkdir()
    told = script(folder, interpreter="/bin/echo", database=str(folder / "$a.db"))
    told = told.replace("exec", 'echo "$FTBENCH_DB" "$FTBENCH_ALLOCATION";')
    done = subprocess.run(
        ["bash", "-c", told, "script", "8"], env={"SLURM_ARRAY_TASK_ID": "3"}, capture_output=True, text=True
    )
    assert done.stdout.splitlines()[0] == f"{folder}/$a.db 0a1b2c3d/11"
