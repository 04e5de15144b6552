"""Which page shows a job."""

from __future__ import annotations

from ftbench.db import JobRow
from ftbench.domain.perturbation import Perturbation
from ftbench.domain.result import State
from ftbench.services.publishing import job_groups
from ftbench.services.publishing.job_groups import addresses, job_pages


def row(method: str = "vanilla", seed: int = 0, task: str = "rte", **spec: object) -> JobRow:
    digest = f"{abs(hash((method, seed, task, str(spec)))):064x}"[-64:]
    whole = {"seed": seed, "method": method, **spec}
    rest = 1, 0, 0.0, None, None, whole, {}
    return JobRow(digest, State.DONE, method, "bert", task, method, seed, Perturbation(), *rest)


def test_jobs_that_differ_in_their_seed_are_a_cell_and_those_of_a_method_a_page() -> None:
    rows = [row(seed=seed, lr=lr) for lr in (1, 2) for seed in range(3)] + [row("bidrop")]
    first, second = job_pages(rows)
    assert [len(cell.jobs) for cell in first.cells] == [3, 3] and len(second.jobs) == 1
    assert (first.name, second.name) == ("bert-rte-vanilla.html", "bert-rte-bidrop.html")


def test_many_jobs_are_shown_in_parts(monkeypatch) -> None:
    monkeypatch.setattr(job_groups, "MOST", 4)
    rows = [row(seed=seed, lr=lr) for lr in range(3) for seed in range(2)] + [
        row(seed=seed, lr=9) for seed in range(7)
    ]
    found = job_pages(rows)
    assert [len(page.jobs) for page in found] == [4, 2, 7]
    assert [page.name for page in found] == [
        "bert-rte-vanilla.html",
        "bert-rte-vanilla-part2.html",
        "bert-rte-vanilla-part3.html",
    ]
    assert {page.parts for page in found} == {3}


def test_files_have_names_that_every_system_takes_each_once() -> None:
    named = ["../../x", "A/B", "a b", "ünï", "日本", "<b>", "x" * 300, "a.b"]
    names = [page.name for page in job_pages(row(task=task) for task in named)]
    assert len({name.lower() for name in names}) == len(named)
    assert all(
        set(name.removesuffix(".html")) <= set("abcdefghijklmnopqrstuvwxyz0123456789-") for name in names
    )
    assert all(len(name) < 80 for name in names)


def test_every_job_has_an_address() -> None:
    rows = [row(seed=seed) for seed in range(3)]
    found = addresses(job_pages(rows), "jobs/")
    assert found[rows[0].digest] == f"jobs/bert-rte-vanilla.html#job-{rows[0].digest[:12]}"
    assert len(found) == 3
