"""Suites: every table and figure can be queued."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from ftbench import suites
from ftbench.domain.axes import MethodChoice, RecipeChoice
from ftbench.errors import BadValue, UnknownName
from ftbench.services.planning import suite_cards, suite_grid
from ftbench.services.planning.asked import Asked
from ftbench.suites import Line, Panel, Suite
from tests.asked import asked

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
    "bidrop/figure4": 4 * 4 * 10,
    "bidrop/figure5": 1 * 4 * 5 * 10,
    "dps/table3": 3 * 8 * 2 * 10,
    "dps/table5": 5 * 2 * 10,
    "blo/table1": 4 * 8 * 3 * 10,
    "blo/table2": 2 * 4 * 5 * 10,
    "blo/table4": 6 * 4 * 10,
    "blo/table5": 7 * 1 * 3,
    "blo/table9": 5 * 4 * 2 * 10,
    "blo/table11": 6 * 4 * 10,
    "blo/figure2": 5 * 4 * 2 * 10,
    "blo/appendixD": 4 * 1 * 10,
    "blo/figure3": 4 * 2 * 10,
}
WANTED = {
    *(f"bidrop/{x}" for x in "table2 table3 table4 table5 table6 table7 table10 table11".split()),
    *(f"bidrop/figure{n}" for n in (3, 4, 5)),
    *(f"dps/table{n}" for n in range(1, 7)),
    "dps/figure2",
    *(f"blo/{x}" for x in "table1 table2 table3 table4 table5 table8 table9 table10 table11".split()),
    *("blo/figure2", "blo/figure3", "blo/appendixD", "blo/appendixF"),
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
    assert len({job.digest for job in jobs}) == len(jobs) == JOBS[name]
    assert {job.model for job in jobs} == set(suite.models()) == {block.model for block in suite.blocks}
    kind, number = re.findall(r"table|figure|appendix|\w+", name.partition("/")[2])
    assert suite.title.endswith(f", {kind.title()} {number})")
    assert suite.protocol.endswith(".")


def test_released_code_runs_as_published_and_the_flag_changes_that() -> None:
    suite = suites.find("dps/table1")

    def frozen(given: Asked) -> set[object]:
        cells = suite_grid.wanted_cells(suite_grid.adapted(suite, given), given)
        return {c.method.hparams["frozen"] for c in cells if c.method.name == "dps_dense"}

    assert frozen(Asked()) == {"drifting"} and frozen(asked(variant="paper")) == {"constant"}


def test_a_doubled_batch_keeps_epochs_or_updates() -> None:
    given = asked(models="minilm,roberta-base")
    cells = suite_grid.wanted_cells(suite_grid.adapted(suites.find("bidrop/table10"), given), given)
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


def test_baselines_of_the_dps_papers_scripts_step_by_the_adamw_of_transformers_4() -> None:
    for name, suite in suites.available().items():
        for wanted in suite_grid.wanted_cells(suite, Asked()):
            own = wanted.method.name in ("weight_mixup", "lora", "prefix", "prompt")
            theirs = suite.source == "blo" and wanted.block.model == "bert-large" and not own
            expected = "adamw_hf" if theirs or suite.source == "dps" else "adamw_torch"
            assert wanted.recipe.optimizer == expected, (name, wanted.line)


def test_what_a_paper_writes_as_flags_is_read_when_it_is_written() -> None:
    line = Line("Ours", "bidrop[k=3]", settings=("lr=1e-4",))
    assert (line.name, line.method) == ("bidrop", MethodChoice("bidrop", {"k": "3"}))
    assert line.settings == RecipeChoice({"lr": ("1e-4",)})
    block = Panel((line,), tasks="cola, rte", evaluate="snli:dev,rte@linear")
    assert (block.tasks, Panel(()).tasks) == (("cola", "rte"), ("glue-small",))
    assert [one.text for one in block.evaluate] == ["snli:dev", "rte@linear"]
    suite = Suite("a/b", "A", (block,), seeds="3")
    assert (suite.seeds, Suite("a/b", "A", ()).seeds) == ((0, 1, 2), tuple(range(10)))
    # Values stay values.
    assert replace(suite, blocks=(replace(block, tasks=("cola",)),)).blocks[0].evaluate == block.evaluate


def test_a_slip_in_a_papers_file_is_an_error_where_it_stands() -> None:
    with pytest.raises(UnknownName, match="did you mean 'lr'"):
        Panel((), settings=("lrr=1",))
    with pytest.raises(BadValue, match="brackets do not match"):
        Line("Ours", "bidrop[k=3")
