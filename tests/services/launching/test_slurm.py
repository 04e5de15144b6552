"""Commands for SLURM, and what it says."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from ftbench.domain.launch import Allocation, Launch
from ftbench.errors import BadValue, FtbenchError
from ftbench.services.launching import slurm as module
from ftbench.services.launching.base import Seen, Sight
from ftbench.services.launching.script import Script
from ftbench.services.launching.slurm import Slurm, check_one_host, checked_arguments, parsed

LAUNCH = Launch("0a1b2c3d", "slurm", 4)

#: Recorded from SLURM 22.05: squeue -h -r -t all -o "%F|%K|%T|%N|%M|%r"
RECORDED = """\
8|0|COMPLETED|ftb0|0:11|None
9|0|RUNNING|ftb0|0:06|None
9|1|RUNNING|ftb1|0:05|None
9|2|PENDING||0:00|Resources
9|3|PENDING||0:00|JobHeldUser
10|0|FAILED|ftb1|0:01|NonZeroExitCode
10|1|NODE_FAIL|ftb1|0:40|NodeDown
10|2|CANCELLED||0:00|None
10|3|TIMEOUT|ftb0|1:02|TimeLimit
11|N/A|RUNNING|ftb0|0:02|None
12|0|PREEMPTED|ftb0|1-00:00:09|None
13|0|COMPLETING|ftb0|0:09|None
"""


def test_squeue_is_read() -> None:
    found = parsed(RECORDED + "slurm_load_jobs error\n9|9|garbled\n")
    assert found == {
        "8_0": Seen(Sight.OVER, "ftb0", "COMPLETED", 11.0),
        "9_0": Seen(Sight.RUNNING, "ftb0"),
        "9_1": Seen(Sight.RUNNING, "ftb1"),
        "9_2": Seen(Sight.WAITING, "", "Resources"),
        "9_3": Seen(Sight.WAITING, "", "JobHeldUser"),
        "10_0": Seen(Sight.OVER, "ftb1", "FAILED, NonZeroExitCode", 1.0),
        "10_1": Seen(Sight.TAKEN, "ftb1", "NODE_FAIL, NodeDown"),
        "10_2": Seen(Sight.TAKEN, "", "CANCELLED"),
        "10_3": Seen(Sight.TAKEN, "ftb0", "TIMEOUT, TimeLimit"),
        "12_0": Seen(Sight.TAKEN, "ftb0", "PREEMPTED"),
        "13_0": Seen(Sight.RUNNING, "ftb0"),
    }


class Calls:
    """Stands for the commands of SLURM."""

    def __init__(self, *answers: str) -> None:
        self.calls: list[tuple[str, ...]] = []
        self._answers = list(answers)

    def __call__(self, *command: str) -> str:
        self.calls.append(command)
        answer = self._answers.pop(0) if self._answers else ""
        if answer.startswith("!"):
            raise FtbenchError(answer[1:])
        return answer


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    calls = Calls()
    monkeypatch.setattr(module, "slurm", calls)
    return calls


def engine(folder: Path, arguments: Sequence[str] = ("--partition=gpu",)) -> Slurm:
    return Slurm(folder, Script("0a1b2c3d", folder, (), None), arguments)


def test_an_array_is_tested_and_then_submitted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = Calls("", "77;cluster\n", "", "78\n")
    monkeypatch.setattr(module, "slurm", calls)
    folder = tmp_path / "l"
    new = [Allocation("0a1b2c3d", number) for number in (0, 1)]
    assert engine(folder).start(LAUNCH, new) == {0: "77_0", 1: "77_1"}
    path = str(folder / "worker.sh")
    assert calls.calls == [
        ("sbatch", "--test-only", "--partition=gpu", "--array=0-1", path, "0"),
        ("sbatch", "--parsable", "--partition=gpu", "--array=0-1", path, "0"),
    ]
    later = Launch("0a1b2c3d", "slurm", 4, barred=("n2", "n1"))
    assert Slurm(folder).start(later, [Allocation("0a1b2c3d", 5)]) == {5: "78_0"}
    assert calls.calls[-1] == (
        *("sbatch", "--parsable", "--partition=gpu", "--exclude=n1,n2", "--array=0-0", path, "5"),
    )


def test_a_refusal_leaves_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "slurm", Calls("!sbatch: no"))
    with pytest.raises(FtbenchError, match="sbatch: no"):
        engine(tmp_path / "l").start(LAUNCH, [Allocation("0a1b2c3d", 0)])
    assert not (tmp_path / "l").exists()


def test_without_its_folder_a_launch_is_not_topped_up(tmp_path: Path, calls: Calls) -> None:
    with pytest.raises(FtbenchError, match="is not here: call this in the folder where"):
        Slurm(tmp_path / "l").start(LAUNCH, [Allocation("0a1b2c3d", 0)])
    assert calls.calls == []


@pytest.mark.parametrize(
    "given", [("--exclude=a[1-3],b",), ("-x", "a[1-3],b"), ("-xa[1-3],b",), ("--exclude", "a[1-3],b")]
)
def test_nodes_that_the_user_excludes_stay_so(tmp_path: Path, given: tuple[str, ...]) -> None:
    assert "--exclude=a[1-3],b,n1" in engine(tmp_path, given).command(1, 0, ("n1",))
    assert not any("n1" in word for word in engine(tmp_path, given).command(1, 0))


def test_elements_of_an_array_are_named_together_and_nothing_else_is(tmp_path: Path, calls: Calls) -> None:
    names = ("7_2", "8_0", "7_10", "", "-u root", "9", "7_2_1")
    those = [Allocation("0a1b2c3d", number, name) for number, name in enumerate(names)]
    started = engine(tmp_path)
    started.stop(those)
    started.hold(those)
    started.let_go(those)
    started.bar(those, ["n1"])
    assert calls.calls == [
        ("scancel", "7_[2,10]", "8_[0]"),
        ("scontrol", "hold", "7_[2,10]", "8_[0]"),
        ("scontrol", "release", "7_[2,10]", "8_[0]"),
        ("scontrol", "update", "JobId=7_[2,10]", "ExcNodeList=n1"),
        ("scontrol", "update", "JobId=8_[0]", "ExcNodeList=n1"),
    ]
    started.stop(those[3:])
    assert len(calls.calls) == 5


@pytest.mark.parametrize(
    "given", ["--array=0-3", "-a", "-a3", "--wrap=ls", "--no-requeue", "--test-only", "--wait", "-W"]
)
def test_arguments_that_are_ours_are_refused(given: str) -> None:
    with pytest.raises(BadValue, match="is not for the arguments of sbatch"):
        checked_arguments(["--partition=gpu", given])


def test_other_arguments_are_taken_as_they_are() -> None:
    given = ["-p", "gpu", "--account=me", "-Adept", "--mem", "8G"]
    assert checked_arguments(given) == tuple(given)
    with pytest.raises(BadValue, match="'gpu' is no option of sbatch"):
        checked_arguments(["gpu"])


def test_a_sqlite_file_is_refused_where_nodes_are_other_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.socket, "gethostname", lambda: "here.example.org")
    monkeypatch.setattr(module, "slurm", Calls("n0 here\nn1 here\n"))
    check_one_host("a.db")
    monkeypatch.setattr(module, "slurm", Calls("n0 here\nn1 n1\nn2 n2\nn2 n2\n"))
    with pytest.raises(FtbenchError, match="a.db is a SQLite file, .* and n1, n2 are others: use PostgreSQL"):
        check_one_host("a.db")
