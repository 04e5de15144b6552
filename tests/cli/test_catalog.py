"""``methods``, ``tasks``, ``models``, ``suites``: listings and cards."""

from __future__ import annotations

import importlib.metadata
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from ftbench.tasks import registry
from tests.cli.conftest import GRID, Ftbench
from tests.tasks import layouts


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("methods", "bidrop"),
        ("tasks", "cola"),
        ("models", "bert-large"),
        ("suites", "bidrop/table5"),
        ("perturbations", "typos"),
    ],
)
def test_each_is_listed_and_shown_whole(ftbench: Ftbench, kind: str, name: str) -> None:
    listed = ftbench(kind)
    assert (listed.code, listed.err) == (0, "")
    assert name in [line.split()[0] for line in listed.out.splitlines()]
    assert name in [row["name"] for row in ftbench(kind, "--json").json]
    card = ftbench(kind, name, "--json").json
    assert card["name"] == name
    assert name in ftbench(kind, name).out


@pytest.mark.parametrize("raises", ["RuntimeError('boom')", "SystemExit('boom')"])
def test_a_task_that_raises_on_import_is_listed_with_its_error(
    ftbench: Ftbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, raises: str
) -> None:
    (tmp_path / "own_broken_task.py").write_text(f"raise {raises}\n")
    monkeypatch.syspath_prepend(tmp_path)
    points = [EntryPoint("own", "own_broken_task:TASK", registry.ENTRY_POINTS)]
    monkeypatch.setattr(registry, "entry_points", lambda group: points)
    registry._plugins.cache_clear()
    try:
        listed, rows = ftbench("tasks"), ftbench("tasks", "--json").json
    finally:
        registry._plugins.cache_clear()
    assert listed.code == 0 and "cola" in listed.out
    assert listed.err == f"not usable: own: {raises.partition('(')[0]}: boom\n"
    assert [(r["name"], r["error"] != "") for r in rows][-1] == ("own", True)


def test_a_method_is_found_by_its_alias_and_shows_its_hyper_parameters(ftbench: Ftbench) -> None:
    card = ftbench("methods", "bi_drop", "--json").json
    ratio = next(h for h in card["hyper-parameters"] if h["name"] == "keep_ratio")
    assert (ratio["default"], ratio["values"]) == (0.7, "(0, 1]")


def test_a_suite_is_shown_as_flags_of_queue_with_its_jobs_and_hours(ftbench: Ftbench) -> None:
    card = ftbench("suites", "bidrop/table5", "--json").json
    assert any("--noise 0.05" in grid for grid in card["grids"])
    assert any("--reduction 0.7" in grid for grid in card["grids"])
    assert (card["jobs"], card["published numbers"]) == (840, 96) and card["hours"] > 1
    fewer = ftbench("suites", "bidrop/table5", "--models", "minilm", "--seeds", "3", "--json").json
    assert fewer["jobs"] == 252 and fewer["hours"] < card["hours"]
    assert "bidrop/table5: minilm instead of bert-large" in fewer["differs"]


def test_suites_of_a_short_name_are_shown_together(ftbench: Ftbench) -> None:
    assert ftbench("suites", "time", "--json").json["jobs"] == 21 + 21 + 12 - 15 - 3  # what they share, once


def test_prepare_finds_what_is_there(ftbench: Ftbench) -> None:
    found = ftbench("prepare", "--models", "../model", "--tasks", "cola", "--json")
    assert found.code == 0
    assert [line.split(":")[0] for line in found.json] == ["model folder", "task cola"]


def test_a_perturbation_shows_its_values_options_and_flag(ftbench: Ftbench) -> None:
    card = ftbench("perturbations", "noise", "--json").json
    assert (card["flag"], card["order"], card["value"][0]["values"]) == ("--noise", 30, "[0, 1)")
    assert [option["name"] for option in card["options"]] == ["kind", "flips"]
    assert ftbench("perturbations", "train-size", "--json").json["neutral"] == "full"
    assert "did you mean 'typos'" in ftbench("perturbations", "typo").err


def test_a_perturbation_that_raises_on_import_is_listed_with_its_error(
    ftbench: Ftbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own_broken_perturbation.py").write_text("raise SystemExit('boom')\n")
    monkeypatch.syspath_prepend(tmp_path)
    points = [EntryPoint("own", "own_broken_perturbation:Own", "ftbench.perturbations")]
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: points)
    listed, rows = ftbench("perturbations"), ftbench("perturbations", "--json").json
    assert listed.code == 0 and "duplicates" in listed.out
    assert "not usable: own: entry point own_broken_perturbation:Own: SystemExit: boom" in listed.err
    assert (rows[-1]["name"], bool(rows[-1]["error"])) == ("own", True)
    assert ftbench(*GRID, "--noise", "0.1", "--dry-run").code == 0


BAD = replace(layouts.pairs("own-bad"), evaluation=())
GOOD = layouts.pairs("own-good")
BOTH = [BAD, GOOD]


def test_a_wrong_task_of_a_package_is_listed_with_its_reason_and_refused(
    ftbench: Ftbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    point = EntryPoint("own", f"{__name__}:BOTH", registry.ENTRY_POINTS)
    monkeypatch.setattr(registry, "entry_points", lambda group: [point])
    registry._plugins.cache_clear()
    try:
        listed = ftbench("tasks")
        assert listed.code == 0 and "own-good" in listed.out and "own-bad" not in listed.out
        assert "not usable: own-bad: evaluation: no sets" in listed.err
        refused = ftbench(
            "queue", "--methods", "vanilla", "--tasks", "toy-accept,own-bad", "--models", "tiny"
        )
        assert refused.code == 1 and refused.err.count("\n") == 1 and "evaluation: no sets" in refused.err
        assert not Path("ftbench.db").exists()
        assert ftbench("queue", "--methods", "vanilla", "--tasks", "toy-accept", "--models", "tiny").code == 0
    finally:
        registry._plugins.cache_clear()
