"""Suites as they are listed and shown, with jobs and hours worked out by hand."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from ftbench import suites, tasks
from ftbench.db import create_database
from ftbench.domain import axes, hparams
from ftbench.domain.job import Job
from ftbench.domain.perturbation import Perturbation
from ftbench.domain.recipe import layered
from ftbench.services.planning import suite_cards, suite_grid, suite_plan
from ftbench.services.planning.asked import Asked
from ftbench.services.planning.lookup import Finder, grid_method
from tests.asked import asked
from tests.cli.filled import done
from tests.db.samples import execute
from tests.places import data_folder, model_folder

CHANGES = ("train_size", "noise", "reduction")


@pytest.fixture
def nowhere(tmp_path: Path) -> str:
    """The address of a database that is not there."""
    return str(tmp_path / "none.db")


def test_every_suite_is_listed_with_its_jobs_and_short_names_with_their_members() -> None:
    rows = {row["name"]: row for row in suite_cards.listed()}
    assert list(rows) == [*suites.available(), *suites.SHORT_NAMES]
    assert rows["bidrop/table2"] == {
        "name": "bidrop/table2",
        "title": suites.find("bidrop/table2").title,
        "jobs": 10 * 4 * 10,  # methods, tasks, seeds
    }
    assert rows["ood"] == {"name": "ood", "title": "bidrop/table4, dps/table2", "jobs": None}


def test_names_of_suites_are_known_in_any_case() -> None:
    assert suite_cards.names_suites(" BiDrop/Table5 ") and suite_cards.names_suites("Main")
    assert not suite_cards.names_suites("bidrop") and not suite_cards.names_suites("")


def test_a_card_shows_grids_jobs_and_printed_numbers(nowhere: str) -> None:
    card = suite_cards.card(" bidrop/table5 ", Asked(), nowhere)
    assert (card["name"], card["jobs"], card["published numbers"]) == ("bidrop/table5", 840, 96)
    assert len(card["grids"]) == 7 and card["differs"] == []
    clean, *changed = card["grids"]
    methods = "--methods vanilla,child_tuning_d,rdrop,bidrop --tasks cola,mrpc,rte --models bert-large"
    assert clean == f"{methods} --seeds 10   (clean)"
    assert f"{methods} --noise 0.05 --seeds 10   (noise 5 %)" in changed
    assert f"{methods} --reduction 0.7 --seeds 10   (label 1 reduced by 70 %)" in changed


def test_a_card_follows_the_axes_that_were_given(nowhere: str) -> None:
    given = asked(models="minilm", tasks="cola", methods="bidrop", seeds="3")
    card = suite_cards.card("bidrop/table5", given, nowhere)
    assert card["jobs"] == 2 * 1 * 7 * 3  # with vanilla; conditions; seeds
    assert all("--models minilm" in grid and "--seeds 3" in grid for grid in card["grids"])
    assert card["differs"][:2] == [
        "bidrop/table5: minilm instead of bert-large",
        "bidrop/table5: 3 seeds instead of 10",
    ]


def test_suites_of_a_short_name_count_what_they_share_once(nowhere: str) -> None:
    card = suite_cards.card("time", Asked(), nowhere)
    # 7 methods and 3 seeds twice, 4 methods once; 5 methods of the first stand in the second, vanilla in all
    assert card["jobs"] == 21 + 21 + 12 - 15 - 3
    assert card["title"].count("; ") == 2


def test_hours_are_those_that_jobs_of_the_database_took(nowhere: str) -> None:
    given = asked(models="minilm", tasks="cola", methods="bidrop", seeds="2")
    suite = suite_grid.adapted(suites.find("bidrop/table2"), given)
    vanilla, *_, bidrop = suite_cards.jobs_of(suite, given)
    assert suite_cards.card("bidrop/table2", given, nowhere)["estimate"].startswith("0 of 4 jobs measured")
    sql = "UPDATE attempts SET started = 0, ended = :s WHERE digest = :d"
    with create_database(nowhere) as database:
        for job, hours in ((vanilla, 1), (bidrop, 1.3)):
            done(database, job, job.method, 0.5)
            execute(database, sql, s=3600 * hours, d=job.digest)
    card = suite_cards.card("bidrop/table2", given, nowhere)
    # two seeds of an hour and of 1.3 hours
    assert (card["hours"], card["estimate"]) == (4.6, "measured in this database")


def test_the_jobs_counted_are_the_jobs_queued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    model_folder(tmp_path / "model")
    given = asked(models="./model", tasks="cola", seeds="2")
    counted = suite_cards.jobs_of(suite_grid.adapted(suites.find("bidrop/table5"), given), given)
    queued = suite_plan.plan_suite("bidrop/table5", given, Finder(data_folder(tmp_path / "data")))
    assert len(queued.jobs) == len(counted) == 4 * 7 * 2

    def told(jobs: list[Job]) -> set[tuple[object, ...]]:
        return {(j.task, j.method, str(j.perturbation), j.seed, str(j.recipe)) for j in jobs}

    assert told([p.job for p in queued.jobs]) == told(counted)


def test_lines_and_tasks_with_settings_of_their_own_have_grids_of_their_own(nowhere: str) -> None:
    doubled = suite_cards.card("bidrop/table10", Asked(), nowhere)["grids"]
    at = "--tasks glue-small --models bert-base"
    assert doubled == [
        f"--methods vanilla,bidrop {at} --seeds 10",
        f"--methods vanilla {at} --set batch_size=32 --seeds 10",
        f"--methods vanilla {at} --set batch_size=32 --set epochs=6 --seeds 10",
    ]
    models = suite_cards.card("blo/table2", Asked(), nowhere)["grids"]
    deberta = [grid for grid in models if "deberta" in grid]
    assert ["--tasks cola,rte,stsb " in deberta[0], "--tasks mrpc " in deberta[1]] == [True, True]
    assert "--set warmup_steps=50" in deberta[1] and "--set" not in deberta[0] and len(deberta) == 2
    at = "--tasks glue-small --models minilm"
    assert suite_cards.card("blo/table2", asked(models="minilm"), nowhere)["grids"] == [
        f"--methods vanilla {at} --set optimizer=adamw_hf --seeds 10",
        f"--methods weight_mixup[variant=published] {at} --seeds 10",
    ]


@pytest.mark.parametrize("name", suites.available())
def test_the_grids_shown_are_the_jobs_queued(name: str, nowhere: str) -> None:
    """Each grid typed after ``ftbench queue --no-baseline``, read back word by word."""
    found = set()
    for grid in suite_cards.card(name, Asked(), nowhere)["grids"]:
        words = grid.partition("   (")[0].split(" ")
        flags = list(zip(words[::2], words[1::2], strict=True))
        given = dict(flags)
        settings = axes.recipe_settings(tuple(text for flag, text in flags if flag == "--set")).values()
        typed = {name: given.get("--" + name.replace("_", "-")) for name in CHANGES}
        change = Perturbation.of({name: float(text) for name, text in typed.items() if text})
        for choice, spec in itertools.product(
            axes.methods(given["--methods"]), tasks.expand(given["--tasks"].split(","))
        ):
            method = grid_method(choice, "paper")
            recipe = layered(suite_grid.own_recipe(given["--models"], spec.name), method.recipe, settings)
            values = tuple(sorted(hparams.normalise(method.hparams).items()))
            at = (given["--models"], spec.name, method.name, values, recipe, change)
            found |= {(*at, seed) for seed in axes.seeds(given["--seeds"])}
    jobs = suite_cards.jobs_of(suites.find(name), Asked())
    values_of = {job.digest: tuple(sorted(hparams.normalise(job.hparams).items())) for job in jobs}
    assert found == {
        (j.model, j.task, j.method, values_of[j.digest], j.recipe, j.perturbation, j.seed) for j in jobs
    }
