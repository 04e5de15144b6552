"""The commands that queue a job again, and fill a table, a claim or a suite."""

from __future__ import annotations

import shlex

import pytest

from ftbench import models
from ftbench.cli._requests import claimed
from ftbench.domain import axes
from ftbench.domain.job import Job
from ftbench.domain.perturbation import Perturbation
from ftbench.domain.recipe import layered
from ftbench.errors import ModelError
from ftbench.services.planning.commands import for_claim, for_job, for_suite, for_table
from ftbench.services.scores.selection import Selection
from tests.asked import asked
from tests.services.report_rows import Rows


def job(**settings: float) -> Job:
    recipe = layered(models.recipe(models.find("minilm"), "rte"), {}, settings)
    change = Perturbation.of({"train_size": 64, "noise": 0.1})
    return Job("minilm", "sha256:0", "rte", "sha256:1", ("dev",), "vanilla", {}, 3, change, recipe)


def test_only_what_was_chosen_is_named() -> None:
    assert for_job(job().canonical(), {}) == (
        "ftbench queue --methods vanilla --tasks rte --models minilm --seeds 3, --noise 0.1 --train-size 64 "
        "--no-baseline"
    )
    told = for_job(job(lr=1e-5).canonical(), {"data": "/data"}, [0, 1])
    assert "--seeds 0,1 " in told and " --set lr=1e-05 --data-dir /data " in told and told.count("--set") == 1


def test_a_model_that_is_known_need_not_be_here(monkeypatch: pytest.MonkeyPatch) -> None:
    here = for_job(job().canonical(), {})

    def gone(name: str) -> None:
        raise ModelError(f"model {name} needs a package")

    monkeypatch.setattr(models, "resolve", gone)
    assert for_job(job().canonical(), {}) == here
    assert "--set epochs=5" in for_job(
        {**job().canonical(), "model": {"id": "me/own", "revision": "main"}}, {}
    )


# For a table, a claim, a suite


DEFAULT = "ftbench.db"


def table_of(rows: Rows, axis: str | None = None, address: str = DEFAULT, **changed: object) -> list[str]:
    return shlex.split(for_table(Selection(), address, rows.cells, axis, changed))


def flag(words: list[str], name: str) -> str | None:
    return words[words.index(name) + 1] if name in words else None


def test_a_table_is_filled_with_more_of_what_there_is() -> None:
    rows = Rows()
    for seed in (0, 1, 2):
        rows.job("vanilla", "rte", seed, model="minilm")
        rows.job("bidrop", "sst2", seed, label="bidrop[k=3]", model="minilm", train_size=500)
    words = table_of(rows, lr=1e-4, data="sha256:other", steps=None)
    assert words[:2] == ["ftbench", "queue"]
    assert (flag(words, "--methods"), flag(words, "--tasks")) == ("bidrop[k=3]", "rte,sst2")
    assert (flag(words, "--models"), flag(words, "--train-size")) == ("minilm", "500")
    assert (flag(words, "--seeds"), flag(words, "--db")) == ("3", None)
    assert [word for word in words if "=" in word] == ["bidrop[k=3]", "lr=0.0001"]


@pytest.mark.parametrize(
    ("seeds", "flagged"), [((0, 1), "2"), ((0, 2), "0,2"), ((4,), "4,"), ((1, 2), "1,2")]
)
def test_seeds_are_counted_where_they_begin_at_0_and_listed_otherwise(
    seeds: tuple[int, ...], flagged: str
) -> None:
    rows = Rows()
    for seed in reversed(seeds):
        rows.job("vanilla", "rte", seed)
    assert flag(table_of(rows), "--seeds") == flagged


def test_a_half_of_the_robustness_table_is_filled_on_tasks_with_classes() -> None:
    rows = Rows()
    for task in ("rte", "stsb", "theirs"):
        rows.job("rdrop", task, 0, model="folder:own")
    words = table_of(rows, "noise", "my file.db")
    assert (flag(words, "--tasks"), flag(words, "--noise")) == ("rte,theirs", "0,0.05,0.1,0.15")
    assert (flag(words, "--models"), flag(words, "--db")) == ("./own", "my file.db")


def test_where_nothing_is_known_a_table_is_what_papers_have() -> None:
    words = table_of(Rows())
    assert [flag(words, name) for name in ("--methods", "--tasks", "--seeds", "--models")] == [
        "rdrop,bidrop",
        "glue-small",
        "10",
        None,
    ]
    chosen = Selection(("minilm",), ("cola",), axes.methods("sam[rho=0.1]"))
    words = shlex.split(for_table(chosen, "ftbench.db", axis="reduction"))
    assert [flag(words, name) for name in ("--methods", "--tasks", "--models", "--reduction")] == [
        "sam[rho=0.1]",
        "cola",
        "minilm",
        "0,0.5,0.6,0.7",
    ]


def test_a_claim_is_filled_with_its_two_sides_and_vanilla_only_where_it_is_one() -> None:
    words = shlex.split(
        for_claim(claimed("bidrop > vanilla @ noise=0.1, tasks=cola, train_size=full").claim, "a.db")
    )
    assert [flag(words, name) for name in ("--methods", "--tasks", "--noise", "--train-size", "--db")] == [
        "bidrop",
        "cola",
        "0.1",
        "full",
        "a.db",
    ]
    assert "--no-baseline" not in words
    words = shlex.split(for_claim(claimed("bidrop > rdrop").claim, "ftbench.db"))
    assert (flag(words, "--methods"), flag(words, "--tasks")) == ("bidrop,rdrop", "glue-small")
    assert words[-1] == "--no-baseline" and flag(words, "--noise") is None


def test_a_suite_is_filled_under_the_axes_that_were_given() -> None:
    given = asked(tasks="cola", seeds="3", settings=("lr=1e-4|1e-5", "epochs=3"))
    assert for_suite("dps/table1", given, "a b.db") == (
        "ftbench queue --suite dps/table1 --tasks cola --seeds 3 --set 'lr=1e-4|1e-5' --set epochs=3 "
        "--db 'a b.db'"
    )


def test_a_revision_of_the_hub_is_named_and_a_digest_is_not() -> None:
    spec = job().canonical()
    for revision, shown in (("v1", "minilm@v1"), ("main", "minilm"), ("sha256:0", "minilm")):
        words = shlex.split(for_job({**spec, "model": {"id": "minilm", "revision": revision}}, {}))
        assert flag(words, "--models") == shown
