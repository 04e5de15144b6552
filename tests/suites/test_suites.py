"""Suites: every table can be queued, and every printed number has its place."""

from __future__ import annotations

import pytest

from ftbench import suites
from ftbench.domain.axes import Asked
from ftbench.errors import UnknownName
from ftbench.services.papers import layout
from ftbench.services.planning import suite_cards, suite_grid
from ftbench.suites import published

#: Jobs worked out by hand: methods × tasks × conditions × seeds.
JOBS = {
    "bidrop/table2": 10 * 4 * 10,
    "bidrop/table3": 2 * 4 * 6 * 10,
    "bidrop/table4": 5 * 1 * 2 * 10,
    "bidrop/table5": 4 * 3 * (1 + 3 + 3) * 10,
    "bidrop/table6": 4 * 8 * 2 * 10,
    "bidrop/table7": 6 * 4 * 10,
    "bidrop/table10": 4 * 4 * 10,
    "bidrop/table11": 5 * 4 * 10,
    "bidrop/figure3": 2 * 3 * 10,
    "dps/table1": 8 * 4 * 10,
    "dps/table2": 4 * 1 * 2 * 3,
    "dps/table4": 3 * 4 * 5 * 10,
    "dps/table6": 7 * 1 * 3,
    "dps/figure2": (1 + 4 * 5) * 2 * 10,  # vanilla has no sub-network: once
    "blo/table3": 8 * 4 * 10,  # DPS Dense stands there twice
    "blo/table8": 4 * 8 * 3 * 10,
    "blo/table10": 3 * 4 * 2 * 10,
    "blo/appendixF": 4 * 1 * 3,
}
WANTED = {
    *(f"bidrop/{x}" for x in "table2 table3 table4 table5 table6 table7 table10 table11".split()),
    *(f"bidrop/figure{n}" for n in (3, 4, 5)),
    *(f"dps/table{n}" for n in range(1, 7)),
    "dps/figure2",
    *(f"blo/{x}" for x in "table1 table2 table3 table4 table5 table8 table9 table10 table11".split()),
    *("blo/figure2", "blo/figure3", "blo/appendixF"),
}
SHORT = (
    "main plms robustness lowresource ood transfer ablation stability subnet-size sufficient time dropout "
    "batch-doubling peft soup"
)


def test_every_table_and_figure_is_there() -> None:
    assert set(suites.available()) == WANTED
    assert list(suites.SHORT_NAMES) == SHORT.split()
    assert all(suites.find(name) for members in suites.SHORT_NAMES.values() for name in members)


@pytest.mark.parametrize("name", suites.available())
def test_a_suite_has_jobs_each_of_its_own(name: str) -> None:
    """Building the jobs also finds every task, method, hyper-parameter and setting of the suite."""
    suite = suites.find(name)
    jobs = suite_cards.jobs_of(suite, Asked())
    assert len({job.digest for job in jobs}) == len(jobs) > 0
    assert len(jobs) == JOBS.get(name, len(jobs))
    assert suite.title and suite.protocol and {block.model for block in suite.blocks} == set(suite.models())


def test_every_printed_number_has_one_place() -> None:
    everything = {(cell.key, cell.metric) for cell in published.cells()}
    found = [
        cell for suite in suites.available().values() if not suite.exhibit for cell in layout.placed(suite)
    ]
    assert {(cell.key, cell.metric) for cell in found} == everything
    assert len(found) == len(everything)


def test_printed_numbers_stand_where_the_paper_has_them() -> None:
    suite = suites.find("bidrop/table5")
    (block,) = [b for b in suite.blocks if b.setting == "noise=0.1"]
    line = next(line for line in block.lines if line.name == "bidrop")
    cells = layout.printed(suite, block, line)
    assert {key: cell.value for key, cell in cells.items()} == {
        ("cola", "mean"): 61.65,
        ("mrpc", "mean"): 91.12,
        ("rte", "mean"): 71.96,
        ("avg", "mean"): 74.91,
    }
    (place, *_) = layout.printed_places(block)
    assert (place.key, place.evaluation, place.metric) == ("cola", "dev", "matthews")


def test_out_of_domain_averages_are_those_of_the_papers() -> None:
    def averaged(name: str, trained: str) -> set[str]:
        (block,) = [b for b in suites.find(name).blocks if b.tasks == trained]
        return {place.key for place in layout.printed_places(block) if place.averaged}

    assert averaged("bidrop/table4", "mnli") == {"mnli-mm", "snli", "sick"}
    assert averaged("bidrop/table4", "snli") == {"mnli", "mnli-mm", "sick"}
    assert averaged("dps/table2", "mnli") == {"mnli", "mnli-mm", "sick", "scitail", "snli", "rte"}


@pytest.mark.parametrize("name", suites.available())
def test_what_is_shown_is_what_is_scored(name: str) -> None:
    for block in suites.find(name).blocks:
        scored = {target.name for target in suite_grid.targets(block)}
        for place in layout.printed_places(block):
            assert ":" not in place.evaluation or place.evaluation in scored


def test_released_code_runs_as_published_and_the_flag_changes_that() -> None:
    suite = suites.find("dps/table1")

    def frozen(asked: Asked) -> set[object]:
        cells = suite_grid.wanted_cells(suite_grid.adapted(suite, asked), asked)
        return {c.method.hparams["frozen"] for c in cells if c.method.name == "dps_dense"}

    assert frozen(Asked()) == {"drifting"} and frozen(Asked(variant="paper")) == {"constant"}


def test_a_doubled_batch_keeps_epochs_or_updates() -> None:
    asked = Asked(models="minilm,roberta-base")
    cells = suite_grid.wanted_cells(suite_grid.adapted(suites.find("bidrop/table10"), asked), asked)
    found = {
        (c.block.model, c.line.doubled): c.recipe
        for c in cells
        if c.task.name == "rte" and c.method.name == "vanilla"
    }
    assert [
        (found["minilm", d].batch_size, found["minilm", d].epochs) for d in ("", "epochs", "updates")
    ] == [
        (16, 5),
        (32, 5),
        (32, 10),
    ]
    steps = [
        (r.batch_size, r.steps, r.warmup_steps)
        for r in (found["roberta-base", d] for d in ("", "epochs", "updates"))
    ]
    assert steps == [(16, 2036, 122), (32, 1018, 61), (32, 2036, 122)]


def test_an_unknown_suite_gets_the_nearest() -> None:
    with pytest.raises(UnknownName, match="unknown suite 'bidrop/table8'; did you mean 'bidrop/table"):
        suites.find("bidrop/table8")
