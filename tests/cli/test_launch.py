"""``ftbench launch``: what is asked of SLURM, and what is said of it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from ftbench.db import open_database
from tests.cli.conftest import GRID, Ftbench
from tests.cli.fake_slurm import FakeSlurm
from tests.trackers.written import write_tracker

CPU = ("launch", "slurm", "--gpus-per-worker", "0")


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSlurm:
    fake = FakeSlurm(tmp_path / "slurm")
    monkeypatch.setenv("PATH", f"{fake.programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    return fake


@pytest.fixture
def queued(ftbench: Ftbench) -> Ftbench:
    """A queue of four jobs."""
    assert ftbench(*GRID).code == 0
    return ftbench


def test_a_dry_run_prints_the_script_and_asks_nobody(queued: Ftbench, slurm: FakeSlurm) -> None:
    ended = queued("launch", "slurm", "--workers", "8", "--time", "8h", "--dry-run", "--", "--account=me")
    assert ended.code == 0 and slurm.calls == []
    script = ended.out
    assert script.startswith("#!/bin/bash\n#SBATCH --job-name=ftbench-")
    assert "#SBATCH --gres=gpu:1\n#SBATCH --time=480\n" in script
    assert f"exec {sys.executable} -P -m ftbench worker --gpu 0 --time 8h --idle 10m\n" in script
    assert "# 4 workers in the place of 8: 4 queued jobs; it would be handed over with:" in script
    assert "# sbatch --parsable --account=me --array=0-3 " in script
    assert queued("launch", "status").out.startswith("no launches")


def test_trackers_are_passed_on_files_by_their_whole_path(
    queued: Ftbench, slurm: FakeSlurm, tmp_path: Path
) -> None:
    path = write_tracker(Path.cwd())
    script = queued(*CPU, "--dry-run", "--track", f"./{path.name}").out
    assert f" --idle 10m --track {path.resolve()}\n" in script
    actor = queued("launch", "ray", "--dry-run", "--track", f"./{path.name}").out
    assert f" --idle 10m --track {path.resolve()}\n" in actor


def test_workers_are_asked_for_once_sbatch_has_agreed(queued: Ftbench, slurm: FakeSlurm) -> None:
    ended = queued(*CPU, "--workers", "3", "--", "-p", "main")
    assert ended.code == 0 and "3 workers for 4 queued jobs" in ended.out
    tested, submitted = slurm.calls
    assert tested.startswith("sbatch --test-only -p main --array=0-2 ")
    assert submitted == tested.replace("--test-only", "--parsable")
    shown = queued("launch", "status").out
    assert "slurm, open" in shown and "0 of 3 workers running" in shown
    assert "7_2" in shown and "Resources" in shown


def test_a_launch_is_shown_from_a_database_that_may_only_be_read(
    queued: Ftbench, slurm: FakeSlurm, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued(*CPU, "--workers", "3")
    may = os.access
    monkeypatch.setattr(os, "access", lambda path, how: how != os.W_OK and may(path, how))
    ended = queued("launch", "status")
    assert ended.code == 0 and "0 of 3 workers running" in ended.out
    assert "as the database has it: ftbench.db was opened for reading only" in ended.err


def test_never_more_workers_than_queued_jobs(queued: Ftbench, slurm: FakeSlurm) -> None:
    assert "4 workers in the place of 9: 4 queued jobs" in queued(*CPU, "--workers", "9").out
    assert "2 workers in the place of 9: 4 queued jobs, one for each 3" in (
        queued(*CPU, "--workers", "9", "--backlog", "3").out
    )
    queued("cancel", "--all")
    slurm.calls  # noqa: B018  # forgotten
    ended = queued(*CPU, "--workers", "9")
    assert ended.code == 0 and ended.out == "no workers: no job is queued\n" and slurm.calls == []


def test_a_refusal_is_shown_in_a_line_and_leaves_nothing(queued: Ftbench, slurm: FakeSlurm) -> None:
    slurm.refuse("sbatch: error: invalid partition specified: gpux\nallocation failure: Invalid partition")
    ended = queued(*CPU, "--", "-p", "gpux")
    assert (ended.code, ended.err) == (
        1,
        "ftbench: error: sbatch: invalid partition specified: gpux allocation failure: Invalid partition\n",
    )
    assert queued("launch", "status", "--all").out.startswith("no launches")
    assert not list(Path("ftbench.db.work").glob("launches/*"))


def test_a_sqlite_file_is_for_one_machine(queued: Ftbench, slurm: FakeSlurm) -> None:
    slurm.nodes("n1 elsewhere")
    ended = queued(*CPU)
    assert ended.code == 1 and slurm.calls == []
    assert "ftbench.db is a SQLite file" in ended.err and "use PostgreSQL (--db postgresql://" in ended.err


def test_without_slurm_the_other_way_is_named(queued: Ftbench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    ended = queued(*CPU)
    assert (ended.code, ended.err.count("\n")) == (1, 1)
    assert "no sbatch on this machine" in ended.err and "`ftbench launch local`" in ended.err


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (("--workers", "0"), "--workers 0: give a number, 1 or more"),
        (("--backlog", "0"), "--backlog 0: give a number, 1 or more"),
        (("--gpus-per-worker", "2"), "--gpus-per-worker 2: a worker trains on one GPU (1) or on the CPU (0)"),
        (("--time", "8x"), "--time '8x': give a time such as 8h, 30m or 1-00:00:00"),
        (("--idle", "soon"), "--idle 'soon': give a time"),
        (("--partition", "gpu"), "no such option: --partition"),
        (("--", "--array=0-3"), "--array is not for the arguments of sbatch: --workers says how many"),
        (("gpu",), "'gpu' is no option of sbatch: write -- --partition=gpu"),
        (("--methods", "no.py"), "--methods no.py: no such file"),
        (("--data-dir", "nowhere"), "--data-dir nowhere: no such folder"),
        (("--track", "wandbb"), "unknown tracker 'wandbb'; did you mean 'wandb'?"),
    ],
)
def test_wrong_use_is_said_in_a_line(
    queued: Ftbench, slurm: FakeSlurm, given: tuple[str, ...], told: str
) -> None:
    ended = queued("launch", "slurm", *given)
    assert (ended.code, ended.err.count("\n")) == (2, 1), ended.err
    assert told in ended.err and slurm.calls == []


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (("--gpus", "0-x"), "--gpus '0-x': give numbers such as 0-7 or 0,2"),
        (("--gpus", "0", "--workers", "2"), "give one of them"),
        (("--workers", "0"), "--workers 0: give a number, 1 or more"),
        (("--idle", "x"), "--idle 'x': give a time"),
    ],
)
def test_wrong_use_of_local_is_said_in_a_line(queued: Ftbench, given: tuple[str, ...], told: str) -> None:
    ended = queued("launch", "local", *given)
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert told in ended.err


def test_a_password_does_not_go_into_a_script(
    queued: Ftbench, slurm: FakeSlurm, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ftbench.cli import launch
    from ftbench.errors import BadValue

    secret = "postgresql://me:verysecret@host/name"
    with pytest.raises(BadValue, match="a script must not hold a password: .*PGPASSFILE") as refused:
        launch._in_script(secret, secret)
    assert "verysecret" not in str(refused.value)
    assert launch._in_script(secret, None) is None, "sbatch passes FTBENCH_DB on"
    assert launch._in_script("postgresql://me@host/name", None) == "postgresql://me@host/name"


def test_topping_up_follows_the_queue(queued: Ftbench, slurm: FakeSlurm) -> None:
    queued(*CPU, "--workers", "3")
    assert queued("launch", "top-up").out.endswith(": 0 workers more, beside 3\n")
    slurm.queue("7|0|CANCELLED||0:00|None", "7|1|PENDING||0:00|Resources", "7|2|PENDING||0:00|Resources")
    slurm.calls  # noqa: B018  # forgotten
    assert queued("launch", "top-up").out.endswith(": 1 worker more, beside 2\n")
    assert slurm.calls[-1].endswith("worker.sh 3"), "the number of the next allocation"
    queued("cancel", "--all")
    slurm.queue()
    assert queued("launch", "top-up").out.endswith(": 0 workers more, beside 0\n")


def test_starts_that_die_pause_a_launch_and_status_says_what_to_do(queued: Ftbench, slurm: FakeSlurm) -> None:
    queued(*CPU, "--workers", "4")
    (log,) = Path("ftbench.db.work").glob("launches/*")
    (log / "7_2.log").write_text("starting\nImportError: libcuda.so.1\n")
    dead = [f"7|{at}|FAILED|n0|0:0{at}|NonZeroExitCode" for at in range(3)]
    slurm.queue(*dead, "7|3|PENDING||0:00|Resources")
    shown = queued("launch", "status").out
    assert "paused: 3 starts died within a minute, the last on n0:" in shown
    assert "its log ends with: ImportError: libcuda.so.1" in shown
    assert "mend that, then `ftbench launch top-up " in shown
    assert "scontrol hold 7_[3]" in slurm.calls
    ended = queued("launch", "top-up")
    assert ended.code == 1 and "is paused: 3 starts died" in ended.err
    assert queued("launch", "top-up", "--resume").out.endswith(": 3 workers more, beside 1\n")
    assert "scontrol release 7_[3]" in slurm.calls


def test_nodes_with_errors_are_excluded(queued: Ftbench, slurm: FakeSlurm) -> None:
    queued(*CPU, "--workers", "2", "--", "--exclude=n9")
    with open_database("ftbench.db") as database:
        (found,) = database.launches.list()
        database.launches.begin(found.launch.id, 0, "w", "n1", None)
        from ftbench.domain.launch import Standing

        database.launches.end(found.launch.id, 0, "w", Standing.FAILED, "no CUDA", 3)
    assert "left alone after errors of the machine: n1" in queued("launch", "status").out
    assert "scontrol update JobId=7_[1] ExcNodeList=n9,n1" in slurm.calls
    queued("launch", "top-up")
    assert any("--exclude=n9,n1" in call for call in slurm.calls)


def test_stopping_cancels_and_is_for_good(queued: Ftbench, slurm: FakeSlurm) -> None:
    queued(*CPU, "--workers", "2")
    (launch,) = queued("launch", "status", "--json").json
    assert launch["state"] == "open" and [one["state"] for one in launch["allocations"]] == ["pending"] * 2
    slurm.calls  # noqa: B018  # forgotten
    ended = queued("launch", "stop", launch["id"][:4])
    assert ended.out == f"launch {launch['id']} is stopped; 2 workers told to end\n"
    assert slurm.calls == ["scancel 7_[0,1]"]
    assert queued("launch", "top-up").out == "" and queued("launch", "status").out.startswith("no launches")
    assert "stopped by hand" in queued("launch", "status", "--all").out


def test_where_squeue_does_not_answer_the_database_does(queued: Ftbench, slurm: FakeSlurm) -> None:
    queued(*CPU)
    slurm.leave()
    ended = queued("launch", "status")
    assert ended.code == 0 and "slurm, open" in ended.out
    assert "as the database has it: squeue: Unable to contact slurm controller" in ended.err
    assert queued("launch", "top-up").code == 1


def test_an_unknown_launch_is_named(queued: Ftbench) -> None:
    ended = queued("launch", "stop", "ffff")
    assert (ended.code, ended.err) == (2, "ftbench: error: unknown launch 'ffff'; none are known\n")
