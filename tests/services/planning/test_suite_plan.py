"""The plan of a suite: seeds outermost, each job once, what cannot be run left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ftbench import suites
from ftbench.domain.plan import Plan
from ftbench.errors import DataError, UnknownName
from ftbench.services.planning import suite_grid, suite_plan
from ftbench.services.planning.lookup import Finder
from tests.asked import asked
from tests.places import data_folder, model_folder
from tests.tasks.layouts import write


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    model_folder(tmp_path / "model")
    return data_folder(tmp_path / "data")


def plan(name: str, data: Path, **given: Any) -> Plan:
    start = {"models": "./model", "tasks": "cola", "seeds": "2"}
    return suite_plan.plan_suite(name, asked(**{**start, **given}), Finder(data))


def test_a_suite_is_queued_seed_by_seed(data: Path) -> None:
    whole = plan("bidrop/table7", data)
    assert [p.job.seed for p in whole.jobs] == [0] * 6 + [1] * 6
    assert [p.label for p in whole.jobs[:6]] == [p.label for p in whole.jobs[6:]]
    assert {p.label for p in whole.jobs} >= {"vanilla", "bidrop", "bidrop[selection=random]"}
    assert len({p.digest for p in whole.jobs}) == 12
    assert {(p.job.model, p.job.task) for p in whole.jobs} == {("folder:model", "cola")}


def test_jobs_carry_the_suites_settings_and_the_users_win(data: Path) -> None:
    def doubled(*settings: str) -> set[tuple[int, int | None]]:
        given = asked(models="./model", tasks="cola", seeds="1", settings=settings)
        whole = suite_plan.plan_suite("bidrop/table10", given, Finder(data))
        assert all(
            p.job.perturbation.canonical() == whole.jobs[0].job.perturbation.canonical() for p in whole.jobs
        )
        return {(p.job.recipe.batch_size, p.job.recipe.epochs) for p in whole.jobs}

    plain = min(doubled())
    assert plain[0] == 16 and (32, plain[1]) in doubled() and (32, 2 * plain[1]) in doubled()
    assert doubled("batch_size=8", "epochs=1") == {(8, 1)}


def test_a_grid_of_recipes_is_the_suite_under_each_of_them(data: Path) -> None:
    def digests(*settings: str) -> set[str]:
        return {p.digest for p in plan("bidrop/table10", data, settings=settings).jobs}

    grid = digests("lr=1e-4|5e-4", "epochs=1")
    assert grid == digests("lr=1e-4", "epochs=1") | digests("lr=5e-4", "epochs=1")
    assert len(grid) == 2 * len(digests("lr=1e-4", "epochs=1"))
    seeds = [p.job.seed for p in plan("bidrop/table10", data, settings=("lr=1e-4|5e-4",)).jobs]
    assert seeds == sorted(seeds)


def test_what_two_suites_share_is_one_job(data: Path) -> None:
    both = {
        name: {p.digest for p in plan(name, data, seeds="1").jobs} for name in ("dps/table1", "blo/table3")
    }
    main = plan("main", data, seeds="1")
    digests = [p.digest for p in main.jobs]
    assert len(digests) == len(set(digests))
    assert both["dps/table1"] & both["blo/table3"]
    assert both["dps/table1"] | both["blo/table3"] <= set(digests)


def test_a_cell_that_stands_twice_is_one_piece_of_work() -> None:
    given = asked(tasks="cola")
    cells = list(suite_grid.wanted_cells(suite_grid.adapted(suites.find("dps/figure2"), given), given))
    found = suite_plan.unique([*cells, *cells])
    # 4 ratios of 5 methods, and vanilla, which has no sub-network: once
    assert len(found) == 21 and [one.key for one in found] == list(dict.fromkeys(one.key for one in cells))
    assert (
        sum(one.method.name == "vanilla" for one in found)
        == 1
        < sum(one.method.name == "vanilla" for one in cells)
    )


def test_sets_of_other_tasks_are_part_of_the_jobs(data: Path) -> None:
    with pytest.raises(DataError, match="MRPC"):
        plan("bidrop/figure3", data)
    for name in ("train", "dev"):
        write(data / f"MRPC/{name}.tsv", "Quality\t#1 ID\t#2 ID\t#1 String\t#2 String", "1\t1\t2\tA\tB")
        write(data / f"RTE/{name}.tsv", "index\tsentence1\tsentence2\tlabel", "0\tA\tB\tentailment")
    whole = plan("bidrop/figure3", data)
    probes = {f"{task}:dev@{kind}" for task in ("mrpc", "rte") for kind in ("linear", "logistic")}
    assert [set(p.job.evaluation) for p in whole.jobs] == [{"dev", *probes}] * 4
    assert not whole.left_out


def test_unknown_suites_and_missing_data_are_named(data: Path) -> None:
    with pytest.raises(UnknownName, match="unknown suite 'bidrop/tabel5'; did you mean 'bidrop/table5'"):
        plan("bidrop/tabel5", data)
    with pytest.raises(DataError, match="MRPC/train.tsv"):
        plan("bidrop/table7", data, tasks="cola,mrpc")
