"""TensorBoard's event files, read back: the curves and scores of the database, each number once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ftbench import trackers
from ftbench.trackers import Deliveries, Ending
from tests.trackers.written import JOB, POINTS, SCORES, WANTED

pytest.importorskip("tensorboard")
RUN = "tiny/toy-accept/bidrop[k=3]/noise=0.1/seed1-0123456789ab"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TENSORBOARD_LOGGING_DIR", str(tmp_path / "logs"))
    return tmp_path / "logs"


def fresh() -> Deliveries:
    return Deliveries(trackers.find("tensorboard")())


def read(folder: Path) -> Any:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = EventAccumulator(str(folder), size_guidance={"scalars": 0, "tensors": 0})
    found.Reload()
    return found


def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    found = read(folder)
    return {tag: [(e.step, e.value) for e in found.Scalars(tag)] for tag in found.Tags()["scalars"]}


def assert_whole(folder: Path) -> None:
    found = scalars(folder)
    assert found.keys() == WANTED.keys()
    for name, values in WANTED.items():
        assert found[name] == [
            (step, pytest.approx(value, rel=1e-6)) for step, value in sorted(values.items())
        ]


def test_a_job_has_a_folder_below_its_group(folder: Path) -> None:
    fresh().end(JOB, Ending.DONE, POINTS, SCORES)
    assert_whole(folder / RUN)
    text = read(folder / RUN).Tensors("job")[0].tensor_proto.string_val[0].decode()
    assert "| recipe.lr | 0.0005 |" in text and "| model | tiny |" in text


def test_a_job_goes_on_in_its_folder_after_a_kill(folder: Path) -> None:
    killed = fresh()
    killed.begin(JOB)
    killed.points(JOB.digest, POINTS[:4])
    killed.close()
    (file,) = (folder / RUN).iterdir()
    file.write_bytes(file.read_bytes()[:-7])  # the last record was not written whole
    other = fresh()
    other.begin(JOB)
    other.points(JOB.digest, POINTS[:7])
    other.end(JOB, Ending.DONE, POINTS, SCORES)
    assert_whole(folder / RUN)
    fresh().end(JOB, Ending.DONE, POINTS, SCORES)
    assert_whole(folder / RUN)
    assert [path.name for path in folder.rglob("seed1-*")] == [Path(RUN).name], "one run"


def test_no_name_of_a_job_leads_out_of_the_folder(folder: Path) -> None:
    strange = replace(JOB, name="/../../.. /a b/~/c\x1b:*/.hidden/seed0")
    fresh().end(strange, Ending.DONE, POINTS[:1])
    (file,) = (path for path in folder.parent.rglob("*") if path.is_file())
    assert file.parent.relative_to(folder).as_posix() == "_/_/_/_/a_b/_/c_/hidden/seed0-0123456789ab"
