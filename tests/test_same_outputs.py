"""`scripts/same_outputs.py`: what a comparison reports, and what it looks past."""

from __future__ import annotations

import importlib
import json
import time
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import pytest
import typer

from ftbench.cli.app import app

SCRIPTS = Path(__file__).resolve().parent.parent / "scripts"


@pytest.fixture
def outputs(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    return importlib.import_module("same_outputs")


def record(folder: Path, **texts: str) -> Path:
    (folder / "all").mkdir(parents=True)
    (folder / "index.json").write_text(
        json.dumps([{"id": f"all/{n}", "command": f"ftbench {n}"} for n in texts])
    )
    for name, text in texts.items():
        (folder / "all" / f"{name}.txt").write_text(text)
    return folder


def test_equal_records_differ_in_nothing(outputs: ModuleType, tmp_path: Path) -> None:
    old, new = (record(tmp_path / name, report="62.50\n") for name in ("old", "new"))
    assert outputs.compare(old, new, 40) == 0


def test_a_number_that_changed_and_a_command_that_is_gone_are_named(
    outputs: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = (
        record(tmp_path / "old", report="62.50\n", why="x\n", show="y\n"),
        record(tmp_path / "new", report="62.5\n", show="y\n"),
    )
    assert outputs.compare(old, new, 40) == 1
    shown = capsys.readouterr().out
    assert "all/report: ftbench report" in shown and "-62.50\n+62.5\n" in shown
    assert (
        f"all/why: ftbench why: only in {old}" in shown
        and "all/show" not in shown
        and "2 commands differ" in shown
    )


def test_a_folder_that_is_no_record_is_named(outputs: ModuleType, tmp_path: Path) -> None:
    old = record(tmp_path / "old", report="62.50\n")
    with pytest.raises(SystemExit, match="new is no record"):
        outputs.compare(old, tmp_path / "new", 40)


def test_a_command_more_moves_no_other(
    outputs: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = record(tmp_path / "old", one="1\n", two="2\n"), tmp_path / "new" / "all"
    new.mkdir(parents=True)
    rows = [("001", "new"), ("002", "one"), ("003", "two")]
    (new.parent / "index.json").write_text(
        json.dumps([{"id": f"all/{at}", "command": f"ftbench {name}"} for at, name in rows])
    )
    for (at, _), text in zip(rows, ("0\n", "1\n", "2\n"), strict=True):
        (new / f"{at}.txt").write_text(text)
    assert outputs.compare(old, new.parent, 40) == 1
    shown = capsys.readouterr().out
    assert "all/001: ftbench new: only in" in shown and "1 commands differ" in shown


def test_a_record_of_some_scenarios_is_compared_in_these_and_the_others_are_named(
    outputs: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = (record(tmp_path / name, report="62.50\n") for name in ("old", "new"))
    rows = json.loads((old / "index.json").read_text())
    (old / "index.json").write_text(json.dumps([*rows, {"id": "plots/001", "command": "ftbench plot"}]))
    assert outputs.compare(old, new, 40) == 0
    assert "not in both records: plots" in capsys.readouterr().out


def test_the_time_of_recording_is_looked_past_and_other_times_are_not(outputs: ModuleType) -> None:
    now = datetime.fromtimestamp(time.time(), UTC)
    for text in (f"{now:%Y-%m-%d %H:%M:%S}", f"{now:%Y-%m-%dT%H:%M:%SZ}", f"{now.timestamp()}"):
        assert outputs.normal(f"declared {text}\n".encode(), []) == "declared NOW\n"
    for text in ("2024-11-21 16:32:36", "1732206756.25", "0.1796093821", "6.2 s", "16.2 s  of 3 jobs"):
        assert outputs.normal(text.encode(), []) == text


def test_what_is_measured_while_a_job_runs_is_looked_past_and_its_scores_are_not(outputs: ModuleType) -> None:
    progress = '{"event":"progress","digest":"ab","run":"main","step":1,"total":4}\n'
    score = '{"event":"score","evaluation":"dev","metric":"f1","value":0.5187}\n'
    ran = '{"event":"provenance","values":{"torch":"2.13","seconds":{"data":%s},"peak_memory_mb":%s}}\n'
    shown = outputs.normal((progress + score + ran % (1e-05, 468)).encode(), [])
    assert shown == score + ran % ("MEASURED", "MEASURED")
    assert '"seconds": {"model": 0.3933}' in outputs.normal(b'{"seconds": {"model": 0.3933}}', [])


def test_where_in_the_package_an_error_passed_is_looked_past_and_what_it_says_is_not(
    outputs: ModuleType,
) -> None:
    def trace(places: str, error: str) -> bytes:
        return f'Traceback:\n{places}  File "/w/mine.py", line 3, in f\n    g()\n{error}\n'.encode()

    def shown(text: bytes) -> str:
        found: str = outputs.normal(text, [("/co", "CHECKOUT")])
        return found

    one = '  File "/co/ftbench/a.py", line 1, in a\n    b()\n'
    two = '  File "/co/ftbench/run/c.py", line 9, in c\n    d()\n    ^^^\n' + one
    assert shown(trace(one, "E: x")) == shown(trace(two, "E: x")) != shown(trace(two, "E: y"))
    assert "mine.py" in shown(trace(two, "E: x"))


def test_every_command_is_recorded(outputs: ModuleType) -> None:
    lines = [line for one in outputs.scenarios([]) for line in one.commands]
    used = {line.split()[1] for line in lines if line.startswith("ftbench ")}
    commands = typer.main.get_group(app).commands
    assert set(commands) - {"serve"} <= used  # which ends when it is told to
    assert {line.split()[0] for line in lines} == {"ftbench", "python"}


def test_what_reads_the_trained_grid_brings_its_training(outputs: ModuleType) -> None:
    assert [one.name for one in outputs.scenarios(["trained_read"])] == ["trained", "trained_read"]
    assert [one.name for one in outputs.scenarios(["help"])] == ["help"]
