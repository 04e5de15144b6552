"""Where each printed number of a suite stands: condition, line, column."""

from __future__ import annotations

import pytest

from ftbench import suites
from ftbench.services.papers import layout
from ftbench.services.planning import suite_grid
from ftbench.suites import Line, Panel, Suite, published


def at(name: str, setting: str, method: str, model: str = "bert-large") -> tuple[Suite, Panel, Line]:
    """The first line of a method under a condition."""
    suite = suites.find(name)
    block = next(b for b in suite.blocks if (b.setting, b.model) == (setting, model))
    return suite, block, next(line for line in block.lines if line.name == method)


def values(suite: Suite, block: Panel, line: Line) -> dict[tuple[str, str], float]:
    return {key: cell.value for key, cell in layout.printed(suite, block, line).items()}


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
        (block,) = [b for b in suites.find(name).blocks if b.tasks == (trained,)]
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


def test_columns_are_the_reported_sets_of_the_tasks_under_the_blocks_metric() -> None:
    block = Panel((), tasks="mrpc,mnli,stsb", metrics={"mrpc": "accuracy"})
    assert [(p.key, p.title, p.evaluation, p.metric) for p in layout.printed_places(block)] == [
        ("mrpc", "MRPC", "dev", "accuracy"),
        ("mnli", "MNLI", "mnli", "accuracy"),
        ("stsb", "STS-B", "dev", "spearman"),
    ]
    one = Panel((), tasks="mrpc,rte", metric="accuracy_label1")
    assert {place.metric for place in layout.printed_places(one)} == {"accuracy_label1"}


def test_columns_of_other_sets_are_keyed_as_printed_and_scored_by_their_own_metric() -> None:
    _, block, _ = at("bidrop/table4", "ood:train=snli,n=5000", "vanilla")
    places = {place.key: place for place in layout.printed_places(block)}
    assert list(places) == ["mnli", "mnli-mm", "snli", "sick"]
    assert {place.task for place in places.values()} == {"snli"}
    assert (places["snli"].evaluation, places["snli"].averaged) == ("dev", False)
    assert (places["mnli-mm"].evaluation, places["mnli-mm"].title) == ("mnli:mnli-mm", "MNLI-m")
    transfer = suites.find("bidrop/figure3").blocks[0]  # trained on MRPC, F1; CoLA has Matthews
    found = {place.key: (place.metric, place.averaged) for place in layout.printed_places(transfer)}
    assert found["cola:dev@linear"] == ("matthews", True)
    assert found["rte:dev@logistic"] == ("accuracy", False)


def test_the_numbers_of_a_line_are_of_its_own_model_setting_and_statistic() -> None:
    first = values(*at("blo/table8", "n=500", "vanilla"))
    assert (first["avg", "mean"], first["avg", "std"]) == (65.85, 4.57)
    assert len(first) == 9 * 2  # eight tasks and the average, mean and deviation
    other = values(*at("blo/table8", "n=1000", "vanilla"))
    assert first.keys() == other.keys() and (other["avg", "mean"], other["avg", "std"]) == (73.19, 2.62)
    plms = values(*at("bidrop/table3", "full", "vanilla", "roberta-large"))
    assert plms != values(*at("bidrop/table3", "full", "vanilla"))


def test_a_line_that_is_not_the_papers_has_no_numbers() -> None:
    suite, block, _ = at("bidrop/table2", "full", "bidrop")
    assert values(suite, block, Line("Bi-Drop", "bidrop")) == values(suite, block, Line("B", "bidrop[k=3]"))
    assert values(suite, block, Line("Mine", "bidrop", ours=True)) == {}
    assert values(suite, Panel(block.lines, printed_model="-"), Line("Bi-Drop", "bidrop")) == {}


def test_times_stand_by_their_metric_and_the_weights_trained_beside_them() -> None:
    assert values(*at("dps/table6", "time_usage", "dps_mix")) == {("time_ratio", "ratio"): 1.3}
    lora = values(*at("blo/appendixF", "time_usage", "lora"))
    assert lora == {("time_ratio", "ratio"): 0.3, ("percent_trainable", "ratio"): 0.236}


def test_lines_of_one_method_are_told_apart_by_their_own_settings() -> None:
    suite, block, _ = at("blo/table5", "time_usage", "weight_mixup")
    found = [values(suite, block, line) for line in block.lines if line.name == "weight_mixup"]
    assert found == [{("time_ratio", "ratio"): 1.8}, {("time_ratio", "ratio"): 4.0}]
