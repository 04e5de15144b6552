"""``ftbench queue``: what it says and what it leaves behind."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from ftbench.db import open_database
from ftbench.domain.perturbation import Perturbation
from ftbench.domain.result import JobResult, Score
from tests.cli.conftest import GRID, Ftbench
from tests.tasks.layouts import write


def files() -> list[str]:
    return sorted(p.name for p in Path.cwd().iterdir())


def test_queueing_says_how_many_and_what_to_do_next(ftbench: Ftbench) -> None:
    ended = ftbench(*GRID)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == "queued 4 jobs in ftbench.db\nrun them with: ftbench worker\n"


def test_queueing_the_same_again_says_so(ftbench: Ftbench) -> None:
    ftbench(*GRID)
    assert ftbench(*GRID).out == "nothing new: all 4 jobs of this grid are in ftbench.db already\n"
    assert "queued 2 jobs in ftbench.db; 4 jobs of the grid were known" in ftbench(*GRID[:-1], "3").out


def test_cancelled_jobs_are_queued_again(ftbench: Ftbench) -> None:
    ftbench(*GRID)
    ftbench("cancel", "--methods", "rdrop")
    assert "2 cancelled jobs queued again" in ftbench(*GRID).out
    assert ftbench("status", "--json").json["counts"]["queued"] == 4


def test_json_names_the_jobs_and_what_was_left_out(ftbench: Ftbench) -> None:
    found = ftbench(*GRID, "--tasks", "cola,stsb", "--noise", "0,0.1", "--json").json
    assert (found["added"], found["known"], found["revived"], len(found["jobs"])) == (12, 0, 0, 12)
    assert found["left_out"][0]["cell"] == "stsb with noise 0.1"


def test_what_is_left_out_is_said_on_standard_error(ftbench: Ftbench) -> None:
    ended = ftbench(*GRID, "--tasks", "cola,stsb", "--reduction", "0,0.5")
    assert ended.code == 0
    assert ended.err.startswith("left out: stsb with reduction 0.5 (4 jobs): STS-B is a regression task")


def test_a_dry_run_shows_the_cells_and_writes_nothing(ftbench: Ftbench) -> None:
    ended = ftbench(*GRID, "--noise", "0,0.1", "--dry-run")
    assert ended.code == 0
    assert ended.out.endswith("would queue 8 jobs; nothing was written\n")
    assert [line.split() for line in ended.out.splitlines()[:3]] == [
        ["model", "task", "method", "noise", "seeds"],
        ["folder:model", "cola", "vanilla", "2"],
        ["folder:model", "cola", "rdrop", "2"],
    ]
    assert len(ftbench(*GRID, "--dry-run", "--json").json) == 4
    assert files() == []


def test_bare_it_lists_what_is_queued(ftbench: Ftbench) -> None:
    ftbench(*GRID)
    lines = ftbench("queue").out.splitlines()
    assert lines[0].split() == ["job", "model", "task", "method", "seed", "attempts"]
    assert len(lines) == 5
    assert [row["method"] for row in ftbench("queue", "--json").json] == ["vanilla", "rdrop"] * 2
    ftbench("cancel", "--all")
    assert "nothing is queued in ftbench.db" in ftbench("queue").out


def test_bare_without_a_database_names_the_command_that_makes_one(ftbench: Ftbench) -> None:
    ended = ftbench("queue")
    assert ended.code == 1 and "ftbench db init --db ftbench.db" in ended.err
    assert files() == []


def test_a_file_of_flags_stands_for_the_flags_and_the_command_line_wins(ftbench: Ftbench) -> None:
    write(
        Path("grid.yaml"),
        "methods: [rdrop, 'bidrop[k=2|3]']",
        "tasks: cola",
        "models: ../model",
        "seeds: [3]",
        "train_size: 2",
        "set: {lr: 1.0e-5, epochs: 2}",
        "no-baseline: true",
    )
    jobs = ftbench("queue", "-C", "grid.yaml", "--set", "epochs=4", "--dry-run", "--json").json
    assert [job["label"] for job in jobs] == ["rdrop", "bidrop", "bidrop[k=3]"]
    assert {job["seed"] for job in jobs} == {3}
    assert jobs[0]["perturbation"] == {"train_size": 2}
    assert (jobs[0]["recipe"]["lr"], jobs[0]["recipe"]["epochs"]) == (1e-5, 4)
    other = ftbench("queue", "-C", "grid.yaml", "--seeds", "2", "--dry-run", "--json").json
    assert {job["seed"] for job in other} == {0, 1}


def test_a_file_of_flags_means_what_is_typed(ftbench: Ftbench) -> None:
    """YAML would read 8 seeds, and keep of a merged mapping and of the own key either."""
    write(
        Path("grid.yaml"),
        "\ufefftasks: cola",
        "models: ../model",
        "seeds: 010",
        "<<: {seeds: 3, methods: rdrop}",
        "set: &short {epochs: 1, lr: 1e-4}",
        "no-baseline: on",
        "priority: ~",
    )
    jobs = ftbench("queue", "-C", "grid.yaml", "--dry-run", "--json").json
    assert [job["seed"] for job in jobs] == list(range(10))
    assert {(job["label"], job["recipe"]["lr"]) for job in jobs} == {("rdrop", 1e-4)}


def test_lists_of_settings_in_a_file_are_a_grid_and_the_command_line_takes_their_place(
    ftbench: Ftbench,
) -> None:
    write(Path("grid.yaml"), "tasks: cola", "models: ../model", "set: {lr: [1.0e-5, 2.0e-5], epochs: 2}")

    def recipes(*words: str) -> set[tuple[float, float]]:
        jobs = ftbench("queue", "-C", "grid.yaml", "--seeds", "1", *words, "--dry-run", "--json").json
        return {(job["recipe"]["lr"], job["recipe"]["epochs"]) for job in jobs}

    assert recipes() == {(1e-5, 2), (2e-5, 2)}
    assert recipes("--set", "lr=3e-5") == {(3e-5, 2)}
    assert recipes("--set", "epochs=1|3", "--set", "lr=3e-5") == {(3e-5, 1), (3e-5, 3)}


def test_a_dry_run_has_a_column_for_each_setting_that_is_an_axis(ftbench: Ftbench) -> None:
    ended = ftbench(*GRID, "--set", "lr=1e-4|5e-4", "--set", "epochs=2", "--dry-run")
    assert [line.split() for line in ended.out.splitlines()] == [
        ["model", "task", "method", "lr", "seeds"],
        ["folder:model", "cola", "vanilla", "0.0001", "2"],
        ["folder:model", "cola", "rdrop", "0.0001", "2"],
        ["folder:model", "cola", "vanilla", "0.0005", "2"],
        ["folder:model", "cola", "rdrop", "0.0005", "2"],
        "would queue 8 jobs; nothing was written".split(),
    ]


def test_a_grid_of_settings_is_reported_as_if_each_had_been_queued_alone(ftbench: Ftbench) -> None:
    ftbench(*GRID, "--set", "lr=1e-4|5e-4", "--db", "grid.db")
    for lr in ("1e-4", "5e-4"):
        ftbench(*GRID, "--set", f"lr={lr}", "--db", "alone.db")
    told = []
    for name in ("grid.db", "alone.db"):
        with open_database(name) as database:
            while (claim := database.jobs.claim("worker", 60.0)) is not None:
                score = 0.5 + 10 * claim.job.recipe.lr + 0.01 * claim.job.seed
                database.jobs.finish(claim, JobResult(scores=(Score("dev", "matthews", score),)))
        told.append(ftbench("report", "--json", "--db", name).json["sections"])
    assert told[0] == told[1]
    means = [s["groups"][0]["rows"][0]["cells"]["cola"]["mean"] for s in told[0]]
    assert [s["changed"] for s in told[0]] == [{"lr": 1e-4}, {"lr": 5e-4}]
    assert means == pytest.approx([0.506, 0.51])


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("method: rdrop", "unknown key in grid.yaml: 'method'; did you mean 'methods'?"),
        ("- rdrop", "grid.yaml: write one flag per line"),
        ("methods: [rdrop", "grid.yaml:"),
        ("no-baseline: maybe", "no-baseline: 'maybe' is not true or false"),
        ("priority: high", "priority: 'high' is not a whole number"),
        ("methods: {rdrop: 1}", "methods: write a value, or a list of values"),
        ("seeds: 5\nset: {lr: 1e-4}\nseeds: 2", "grid.yaml:3: seeds is given twice, first in line 1"),
        ("set:\n  lr: 1e-4\n  lr: 2e-4", "grid.yaml:3: lr is given twice, first in line 2"),
        ("data_dir: a\ndata-dir: b", "grid.yaml: data-dir is given twice"),
        ("<<: {seeds: 1}\n<<: {seeds: 2}", "grid.yaml:2: << is given twice"),
        ("<<: 3", "grid.yaml:1: << takes what stands in a mapping"),
        ("on: 1", "unknown key in grid.yaml: 'on'"),
        ("methods: no", "unknown method 'no'"),
        ("budget: .nan", "budget: '.nan' is not a number"),
        ("seeds: 12:30", "'12:30' is not a whole number"),
        ("seeds:\t5", "grid.yaml:1: not a YAML file of flags: found character"),
        ("? [a]\n: 1", "grid.yaml:1: a key has to be a word"),
        ("methods: !mine x", "grid.yaml:1: '!mine' is not known here"),
        ("methods: &a [*a]", "grid.yaml"),
    ],
)
def test_a_file_of_wrong_flags_is_refused(ftbench: Ftbench, content: str, text: str) -> None:
    write(Path("grid.yaml"), content)
    ended = ftbench("queue", "-C", "grid.yaml", "--tasks", "cola")
    assert (ended.code, ended.out) == (2, "")
    assert text in ended.err and ended.err.count("\n") == 1
    assert files() == ["grid.yaml"]


def test_the_next_command_names_the_database_that_was_named(ftbench: Ftbench) -> None:
    ended = ftbench(*GRID, "--db", "two words.db")
    assert ended.out.splitlines()[-1] == "run them with: ftbench worker --db 'two words.db'"


def test_priority_is_recorded(ftbench: Ftbench) -> None:
    ftbench(*GRID, "--priority", "5")
    assert {row["priority"] for row in ftbench("queue", "--json").json} == {5}


def test_a_thousand_jobs_and_more_are_asked_about_on_a_terminal_only(
    ftbench: Ftbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    import typer

    from ftbench.cli import _output

    asked: list[str] = []

    def refuse(question: str) -> bool:
        asked.append(question)
        return False

    monkeypatch.setattr(typer, "confirm", refuse)
    monkeypatch.setattr(_output, "at_terminal", lambda: True)
    big = (*GRID[:-1], "501")
    ended = ftbench(*big)
    assert (ended.code, ended.err) == (1, "ftbench: error: stopped: nothing was changed\n")
    assert asked == ["Queue 1,002 jobs in ftbench.db?"]
    assert files() == []
    monkeypatch.setattr(_output, "at_terminal", lambda: False)
    assert ftbench(*big).code == 0


MINE = """
from ftbench.perturbations import Perturber

class Mine(Perturber):
    name = "mine"
    title = "Mine"
    caption = "Nothing at all"

    def unsuitable(self, task, rows):
        return "it is not mine" if task.regression else None
"""


def perturbations(ftbench: Ftbench, *words: str) -> list[dict[str, Any]]:
    """What the first method's jobs of one seed do to the data, in their order."""
    jobs = ftbench(*GRID[:-1], "1", *words, "--dry-run", "--json").json
    return [job["perturbation"] for job in jobs if job["label"] == jobs[0]["label"]]


def test_perturbations_are_crossed_and_one_name_is_one_axis(ftbench: Ftbench) -> None:
    found = perturbations(
        ftbench, "--noise", "0,0.1", "--perturb", "noise[kind=pairflip]=0.1", "--perturb", "typos=0,0.2"
    )
    pairflip = {"value": 0.1, "kind": "pairflip"}
    assert found == [
        {},
        {"typos": 0.2},
        {"noise": 0.1},
        {"noise": 0.1, "typos": 0.2},
        {"noise": pairflip},
        {"noise": pairflip, "typos": 0.2},
    ]


def test_short_and_general_flags_mean_the_same_jobs(ftbench: Ftbench) -> None:
    short = ftbench(*GRID, "--noise", "0.1", "--reduction", "0.5", "--train-size", "2", "--dry-run", "--json")
    general = ("noise=0.1", "reduction=0.5", "train_size=2")
    words = [word for text in general for word in ("--perturb", text)]
    assert short.json == ftbench(*GRID, *words, "--dry-run", "--json").json and short.json


def test_a_file_of_flags_has_perturbations_as_a_mapping_or_a_list(ftbench: Ftbench) -> None:
    for text in (
        "perturb:\n  noise: [0, 0.1]\n  typos[side=both]: 0.2\n",
        "perturb: ['noise=0,0.1', 'typos[side=both]=0.2']\n",
    ):
        Path("grid.yaml").write_text(text)
        typos = {"value": 0.2, "side": "both"}
        assert perturbations(ftbench, "-C", "grid.yaml") == [{"typos": typos}, {"noise": 0.1, "typos": typos}]


def test_a_perturbation_of_ones_own_is_queued_with_its_place(ftbench: Ftbench) -> None:
    Path("own.py").write_text(MINE)
    assert ftbench(*GRID, "--perturb", "./own.py:mine=0.3").code == 0
    with open_database("ftbench.db", write=False) as database:
        rows = database.jobs.list()
    assert {row.perturbation for row in rows} == {Perturbation.of({"mine": 0.3})}
    own = str(Path("own.py").resolve())
    assert {row.places["perturbations"]["mine"] for row in rows} == {own}
    assert all(row.places["digests"] == {own: sha256(MINE.encode()).hexdigest()} for row in rows)
    left = ftbench(*GRID, "--tasks", "cola,stsb", "--perturb", "./own.py:mine=0,0.3", "--dry-run").err
    assert left == "left out: stsb with mine 0.3 (4 jobs): it is not mine\n"


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["typo=0.1"], 2, "unknown perturbation 'typo'; did you mean 'typos'?"),
        (["typos=1.5"], 2, "typos 1.5 is outside [0, 1]; give ratios from 0 to 1, such as 0,0.1"),
        (["typos[sides=both]=0.1"], 2, "unknown option of typos 'sides'; did you mean 'side'?"),
        (["./nowhere.py:mine=0.1"], 1, "nowhere.py: cannot be read: No such file or directory"),
        (["./own.py:yours=0.1"], 1, "own.py: must hold one perturbation called 'yours', and holds mine"),
        (["./twin.py:noise=0.1"], 1, "two perturbations are called 'noise': built-in and "),
        (["./broken.py:mine=0.1"], 1, "broken.py:1: ZeroDivisionError: division by zero"),
        (
            ["noise[kind=by_class,flips=0>7]=0.1"],
            2,
            "noise[flips=0>7,kind=by_class] 0.1: CoLA has no class 7",
        ),
    ],
)
def test_what_cannot_be_done_is_one_line(ftbench: Ftbench, words: list[str], code: int, told: str) -> None:
    Path("own.py").write_text(MINE)
    Path("twin.py").write_text(MINE.replace('"mine"', '"noise"'))
    Path("broken.py").write_text("1 / 0")
    ended = ftbench(*GRID, "--perturb", *words)
    assert (ended.code, ended.out) == (code, "")
    assert told in ended.err and ended.err.count("\n") == 1
