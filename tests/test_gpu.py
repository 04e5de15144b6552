"""The script for the first minutes on a GPU: its rules, what it keeps, and all of it on a CPU, in short."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmarks.gpu import (
    conformance,
    correct,
    graphs,
    memory,
    methods,
    recorded,
    rules,
    selection,
    slots,
    step,
)
from benchmarks.gpu.__main__ import CUT, DONE, FAILED, PARTS, carried_out
from benchmarks.gpu.findings import Decision, Finding, Notebook, Tables, Told, found
from benchmarks.gpu.material import LENGTHS, SMALL, Pace, Setup, rows
from ftbench.run.data import Batch
from scripts.structure import ROOT

#: Packages that a borrowed machine may lack.
ABSENT = "sqlalchemy datasets alembic typer pandas peft pyarrow scipy sklearn seqeval psycopg jinja2".split()


def told(**tables: Mapping[str, Mapping[str, Any]]) -> dict[str, Told]:
    """What a part would have told: title -> name -> values."""
    lines = [Finding(title, name, values) for title, many in tables.items() for name, values in many.items()]
    return {"a part": Told(DONE, 1.0, lines)}


def decided(rule: Any, title: str, lines: Mapping[str, Mapping[str, Any]]) -> Decision:
    made: Decision = rule(Tables(told(**{title: lines})))
    return made


# -- the rules --------------------------------------------------------------------------------------------


def test_without_numbers_nothing_is_decided() -> None:
    made = rules.decisions({})
    assert len(made) == 12 and not any(one.answer for one in made)


def test_results_may_be_reported_where_all_was_run_and_nothing_is_wrong() -> None:
    titles = (
        correct.RECORDINGS, correct.MEMORY, correct.HALF, correct.BESIDE, correct.REPEATED,
        conformance.CONFORMANCE, selection.SELECTION,
    )  # fmt: skip
    whole: dict[str, dict[str, dict[str, Any]]] = {title: {"x": {"right": True}} for title in titles}
    assert rules.right(Tables(told(**whole))).answer == "yes"
    part = {**whole, correct.HALF: {"x": {"right": True}, "y": {"not run": "no time left"}}}
    assert rules.right(Tables(told(**part))) == Decision(
        "May results of this GPU be reported?",
        "as far as was seen",
        "7 right; not all was run of: half precision",
    )
    for wrong in ({"right": False}, {"raised": "RuntimeError: CUDA error"}):
        found = rules.right(Tables(told(**{**whole, correct.REPEATED: {"sam": wrong}})))
        assert (found.answer, found.because) == ("no", "1 wrong: seeds and resuming: sam")


@pytest.mark.parametrize(
    ("gain", "pays", "apart", "answer"),
    [
        (1.3, 150.0, 1e-7, "on: minilm fp32 in jobs of more than 150 updates"),
        (1.1, 150.0, 1e-7, "off"),
        (1.3, 900.0, 1e-7, "off"),
        (1.3, 150.0, 0.5, "off"),
        (1.3, None, 1e-7, "off"),
        (1.3, 150.0, None, "off"),
    ],
)
def test_graphs_are_on_where_they_gain_soon_at_the_same_updates(
    gain: float, pays: float | None, apart: float | None, answer: str
) -> None:
    line = {"× as it is": gain, "pays after": pays, "apart, of the way": apart}
    found = decided(rules.graph, graphs.GRAPHS, {f"minilm fp32: {graphs.REPLAYED}": line})
    assert found.answer == answer
    assert not decided(rules.compiling, graphs.GRAPHS, {f"minilm fp32: {graphs.REPLAYED}": line}).answer


def test_compiling_is_on_for_jobs_that_win_it_back() -> None:
    line = {"× as it is": 1.2, "pays after": 2100.0}
    found = decided(rules.compiling, graphs.GRAPHS, {f"BERT large bf16: {graphs.DYNAMIC}": line})
    assert found.answer == "on: BERT large bf16 in jobs of more than 2100 updates"


def test_slots_are_the_fewest_that_come_near_the_most() -> None:
    lines = {f"{slots.SLICES}, {n}": {"steps/s": rate} for n, rate in ((1, 10.0), (2, 18.0), (4, 19.0))}
    assert decided(rules.at_once, slots.SLOTS, lines).answer == "4"
    lines[f"{slots.SLICES}, 8"] = {"steps/s": 19.5}
    assert decided(rules.at_once, slots.SLOTS, lines).answer == "4"
    flat = {f"{slots.SLICES}, {n}": {"steps/s": 10.0 + n / 10} for n in (1, 2, 4)}
    assert decided(rules.at_once, slots.SLOTS, flat).answer == "1"
    lines |= {f"{slots.SHARED}, {n}": {"steps/s": rate} for n, rate in ((1, 10.0), (2, 20.0), (4, 38.0))}
    assert decided(rules.at_once, slots.SLOTS, lines).answer == "4"
    assert decided(rules.shared, slots.SLOTS, lines).answer == "yes"


def test_the_other_rules() -> None:
    ratios = {"× padded": 3.5, "× dynamic": 1.2, "× best": 1.1, "fast × deterministic": 1.05}
    ratios["unfilled × filled"] = 1.04
    assert decided(rules.speed, step.RATIOS, {"rte": ratios}).answer == "no: × dynamic"
    assert decided(rules.kernels, step.RATIOS, {"rte": ratios}).answer == "deterministic"
    assert decided(rules.filling, step.RATIOS, {"rte": ratios}).answer == "no"
    peaks = {"rte: ftbench fp32": {"peak MB": 9.0}, f"rte: {step.DYNAMIC}": {"peak MB": 8.0}}
    assert decided(rules.memory, step.STEP, peaks).answer == "no"
    assert decided(rules.mask, graphs.GRAPHS, {f"x: {graphs.MASKED}": {"× as it is": 1.05}}).answer == "yes"
    ways = {selection.OURS: {"ms": 3.0}, selection.SORT: {"ms": 30.0}, selection.KTH: {"ms": 2.0}}
    assert decided(rules.thresholds, selection.SELECTION, ways).answer == "by torch.kthvalue"
    cost = {"mixout": {"× vanilla": 1.2, "at most": 1.15}, "sam": {"× vanilla": 2.2}}
    assert decided(rules.costs, methods.COST, cost) == Decision(
        "Does each method cost no more than it may?", "no", "mixout 1.20"
    )


# -- what is kept -----------------------------------------------------------------------------------------


class Scripted:
    """Stands for the process of a part."""

    def __init__(self, lines: list[dict[str, Any]], late: bool = False, status: int = 0) -> None:
        self.name, self._lines, self._late, self._status = "selection", lines, late, status

    def lines(self, seconds: float) -> Iterator[dict[str, Any]]:
        yield from self._lines
        if self._late:
            raise TimeoutError

    def end(self, patience: float = 5.0) -> int:
        return self._status


LINE = {"table": "selection", "name": "sort", "values": {"ms": 1.5}, "error": ""}


@pytest.mark.parametrize(
    ("child", "ended", "error"),
    [
        (Scripted([LINE, {"ended": DONE}], status=-9), DONE, ""),
        (Scripted([LINE], late=True), CUT, ""),
        (Scripted([LINE], status=-11), FAILED, "exit status -11: see gpu.log"),
        (Scripted([LINE, {"error": "Traceback …"}], status=1), FAILED, "Traceback …"),
    ],
)
def test_what_a_part_told_is_kept_however_it_ends(tmp_path: Path, child: Any, ended: str, error: str) -> None:
    book = Notebook(tmp_path, {"device": "cpu"})
    carried_out(child, 1.0, book)
    kept = json.loads((tmp_path / "gpu.json").read_text())["parts"]["selection"]
    assert (kept["ended"], kept["error"]) == (ended, error)
    assert kept["findings"] == [LINE]
    page = (tmp_path / "gpu.md").read_text()
    assert "| sort | 1.5 |" in page and "**not decided**" in page and error in page


def test_what_is_raised_is_a_finding_with_its_traceback() -> None:
    def broken() -> dict[str, Any]:
        raise RuntimeError("CUDA error: an illegal memory access")

    def lacking() -> dict[str, Any]:
        import a_package_that_nobody_has  # noqa: F401

        return {}

    one = found("t", "n", broken)
    assert one.values == {"raised": "RuntimeError: CUDA error: an illegal memory access"}
    assert "in broken" in one.error
    assert found("t", "n", lacking).values == {"not run": "there is no a_package_that_nobody_has here"}
    assert found("t", "n", lambda: {"x": float("inf")}).values == {"x": "inf"}


def test_a_pace_leaves_the_first_steps_out_and_stops() -> None:
    pace = Pace("cpu", 2, 3, most=2)
    for _ in range(8):
        assert not pace.stopping()
        pace.step()
    assert pace.stopping() and len(pace.blocks) == 2 and pace.per_second > 0


# -- the parts --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["dps_mix", "r3f_uniform", recorded.SELECTION])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_recordings_are_replayed(golden: Path, name: str, dtype: torch.dtype) -> None:
    apart, moved, tolerance = recorded.replay(name, golden, "cpu", dtype)
    assert moved > 0
    assert apart <= tolerance if dtype is torch.float64 else apart <= correct.ROUNDING * moved


@pytest.mark.slow
def test_where_memory_runs_out_the_updates_stay_the_same() -> None:
    first, late = memory.measure(Setup("cpu", True, 60.0), "t")
    for one in (first, late):
        assert one.values["right"] is True and one.values["parts"] == 2, one


@pytest.mark.slow
def test_all_ways_find_one_threshold() -> None:
    for one in selection.measure(Setup("cpu", True, 60.0)):
        assert one.values["right"] is True, one


def test_rows_are_as_long_as_those_of_the_task() -> None:
    for task, deciles in LENGTHS.items():
        lengths = rows(task, 2000, SMALL, "cpu").data.lengths
        assert deciles[0] <= lengths.min() and lengths.max() <= deciles[-1]
        assert abs(int(sorted(lengths)[1000]) - deciles[5]) <= 2, task


def test_buckets_hold_what_they_pad() -> None:
    inputs = {"input_ids": torch.ones(2, 17, dtype=torch.long)}
    inputs["attention_mask"] = inputs["input_ids"]
    batch = graphs.masked(Batch.of(inputs, torch.zeros(2), (0, 1), 2, (17, 17)))
    assert graphs.bucket(batch) == 32
    wide, cut = graphs.padded(batch, 32).inputs, graphs.padded(batch, 16).inputs
    assert wide["attention_mask"].shape == (2, 1, 1, 32) and int(wide["attention_mask"].sum()) == 34
    assert wide["input_ids"].shape == (2, 32) and cut["input_ids"].shape == (2, 16)


@pytest.mark.slow
def test_all_of_it_runs_without_what_a_borrowed_machine_lacks(golden: Path, tmp_path: Path) -> None:
    hidden = f"import sys\nsys.modules.update(dict.fromkeys({ABSENT!r}))\n"
    (tmp_path / "sitecustomize.py").write_text(hidden)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "OMP_NUM_THREADS": "1"}
    words = [sys.executable, "-m", "benchmarks.gpu", "--device", "cpu", "--short", "--minutes", "30"]
    ended = subprocess.run(
        [*words, "--out", str(tmp_path), "--golden", str(golden)],
        cwd=ROOT.parent,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stdout + (tmp_path / "gpu.log").read_text()
    document = json.loads((tmp_path / "gpu.json").read_text())
    assert list(document["parts"]) == list(PARTS)
    lines = [line for part in document["parts"].values() for line in part["findings"]]
    assert {part["ended"] for part in document["parts"].values()} == {DONE}
    assert not [line for line in lines if line["values"].get("right") is False or "raised" in line["values"]]
    undecided = [one["question"] for one in document["decisions"] if not one["answer"]]
    assert undecided == ["Does a step take no more memory than the Trainer's?", "MPS for several slots?"]
