"""A perturbation of one's own, from the queue to the robustness table, with the real command line."""

from __future__ import annotations

from typing import Any

import pytest

from tests.acceptance.conftest import Place, loads
from tests.forked import Programs

pytestmark = pytest.mark.slow

#: Two perturbations: one that makes learning impossible, and one of evaluation rows.
MINE = """
from dataclasses import dataclass, replace

from ftbench import hparam
from ftbench.perturbations import EVALUATION, Perturber


class Mute(Perturber):
    name = "mute"
    title = "Rows without words"
    caption = "A fraction of the rows with one word for all"

    def unsuitable(self, task, rows):
        return f"{task.title} must speak" if task.regression else None

    def perturb(self, rows, draws):
        hit = draws.first(rows.numbers, round(self.settings.value * len(rows.numbers)))
        return rows.rewritten(hit, lambda text: "dog"), hit


class Deaf(Mute):
    name = "deaf"
    title = "Evaluated without words"

    def sides(self):
        return (EVALUATION,)
"""
GRID = ["--methods", "rdrop", "--seeds", "2", "--train-size", "64", "--set", "steps=6"]
SMALL = ["--tasks", "toy-entail", *GRID]
PLUGIN = ["--perturb", "./mine.py:mute=0,1"]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, forked: Programs) -> Place:
    place = Place(tmp_path_factory.mktemp("perturbed") / "place", forked)
    (place.folder / "mine.py").write_text(MINE)
    assert "queued 8 jobs" in place.ftbench("queue", *SMALL, *PLUGIN)
    assert "queued 4 jobs" in place.ftbench("queue", *SMALL, "--perturb", "./mine.py:deaf=1")
    assert "queued 8 jobs" in place.ftbench(
        "queue", *SMALL, "--perturb", "noise[kind=pairflip]=0.2", "--perturb", "typos[side=both]=0,0.5"
    )
    assert place.ftbench("worker", "--drain", "--threads", "1").count("done ") >= 20
    return place


def scores(place: Place, perturbation: str) -> dict[tuple[str, int], float]:
    rows = place.rows(
        "select label, seed, value from scores join jobs using (digest) where metric = 'accuracy' "
        f"and json_remove(perturbation, '$.train_size') = '{perturbation}'"
    )
    return {(label, seed): value for label, seed, value in rows}


def test_the_table_has_a_block_for_each_perturbation_that_has_jobs(filled: Place) -> None:
    document = loads(filled.ftbench("report", "--table", "robustness", "--json"))
    found = {section["part"]: section for section in document["sections"]}
    assert list(found) == ["noise[kind=pairflip]", "deaf", "mute"]
    mute = found["mute"]
    assert mute["title"].startswith("Rows without words: tiny") and mute["perturbation"] == "mute"
    assert [group["ratio"] for group in mute["groups"]] == [0.0, 1.0]
    stored = scores(filled, '{"mute":1}')
    (row,) = [row for row in mute["groups"][1]["rows"] if row["label"] == "vanilla"]
    assert row["cells"]["toy-entail"]["values"] == [stored["vanilla", 0], stored["vanilla", 1]]
    clean = scores(filled, "{}")
    drop = sum(clean["vanilla", s] - stored["vanilla", s] for s in (0, 1)) / 2
    assert row["cells"]["difference"]["mean"] == pytest.approx(drop)
    assert "Label noise: no jobs" in "".join(document["notes"])


def test_rows_that_are_evaluated_without_words_all_get_one_answer(filled: Place) -> None:
    found = filled.rows(
        "select value from scores join jobs using (digest) where metric = 'matthews' "
        "and perturbation like '%deaf%'"
    )
    assert found == [(0.0,)] * 4


def test_the_affected_rows_are_those_of_every_method_and_recorded(filled: Place) -> None:
    rows = filled.rows(
        "select seed, json_extract(facts, '$.digests.mute'), json_extract(facts, '$.digests.ranking_mute') "
        "from provenance join jobs using (digest) where perturbation like '%mute%'"
    )
    assert len(rows) == 4 and len({row for row in rows}) == 2 and all(all(row[1:]) for row in rows)


def test_the_file_is_a_place_and_no_part_of_the_identity(filled: Place, loaded_place: Place) -> None:
    place = loaded_place
    (place.folder / "elsewhere").mkdir()
    (place.folder / "elsewhere" / "other.py").write_text(MINE)
    place.ftbench("queue", *SMALL, "--perturb", "elsewhere/other.py:mute=1")
    there = filled.rows("select digest from jobs where perturbation like '%mute%'")
    assert {digest for (digest,) in there} == place.digests()
    ((places,),) = place.rows("select distinct json_extract(places, '$.perturbations.mute') from jobs")
    assert places.endswith("elsewhere/other.py")


def test_jobs_with_a_plugin_travel_as_files(filled: Place, loaded_place: Place) -> None:
    place = loaded_place
    (place.folder / "mine.py").write_text(MINE)
    place.ftbench("queue", *SMALL, "--perturb", "./mine.py:mute=1", "--no-baseline")
    place.ftbench("export", "--jobs", "jobs.jsonl")
    place.train("jobs.jsonl", "e.jsonl")
    place.ftbench("ingest", "e.jsonl")
    assert place.results() == filled.results(place.digests()) and place.results()["scores"]


def test_every_other_command_speaks_of_it(filled: Place) -> None:
    compared = filled.ftbench("compare", "rdrop", "vanilla", "--perturb", "./mine.py:mute=1")
    assert "64 training rows" in compared and "· mute 100 %" in compared
    assert "against vanilla · mute 100 %" in filled.ftbench(
        "topup", "rdrop", "--perturb", "./mine.py:mute=1", "--dry-run"
    )
    assert "rdrop > vanilla @ mute=1" in filled.ftbench("claim", "rdrop > vanilla @ ./mine.py:mute=1")
    assert "mute 100 %" in filled.ftbench(
        "why", "rdrop", "toy-entail", "--table", "robustness", "--ratio", "1"
    )
    assert "Scores against rows without words" in filled.ftbench("report", "--table", "curves")
    listed: list[dict[str, Any]] = loads(filled.ftbench("status", "--state", "done", "--json"))
    assert {row.get("perturbation") for row in listed} == {
        None,
        "mute=1",
        "deaf=1",
        "noise[kind=pairflip]=0.2",
        "noise[kind=pairflip]=0.2 typos[side=both]=0.5",
    }
    (job, *_) = [row["job"] for row in listed if row.get("perturbation") == "mute=1"]
    assert "mine.py:mute=1" in filled.ftbench("show", job)


def test_what_does_not_suit_a_task_is_left_out_with_its_reason(filled: Place) -> None:
    error = filled.ftbench("queue", *GRID, "--tasks", "toy-sim", "--perturb", "./mine.py:mute=1", code=2)
    assert "toy-sim with mute 1: toy sim must speak" in error


def test_a_report_outlives_the_file(filled: Place) -> None:
    (filled.folder / "mine.py").rename(filled.folder / "gone.py")
    try:
        assert "Rows without words: tiny" in filled.ftbench("report", "--table", "robustness")
    finally:
        (filled.folder / "gone.py").rename(filled.folder / "mine.py")
