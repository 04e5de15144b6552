"""Reports from rows made by hand: perturbed tables, filters, and what is said where there is nothing."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from ftbench.db import create_database
from ftbench.domain.recipe import Recipe
from ftbench.errors import BadValue, NothingToReport, UnknownName
from ftbench.render import render
from ftbench.services.reporting.build import tabulate
from ftbench.services.reporting.request import ReportRequest
from tests.services.report_rows import Rows
from tests.services.reporting.reading import cell, report
from tests.services.requests import report_of, report_request
from tests.services.stored import finish, job_of


def test_unfinished_work_says_how_to_run_it():
    rows = Rows()
    rows.job("vanilla", "rte", 0, state="queued")
    found = report(rows)
    assert cell(found.sections[0], "vanilla", "rte").mark == "…"
    assert any("ftbench worker" in note for note in found.notes)


# Robustness


@pytest.fixture
def noisy() -> Rows:
    """Clean and 10 % noise on rte and mrpc; clean runs on stsb, too."""
    rows = Rows()
    for method, clean, worse in (
        ("vanilla", [0.70, 0.72], [0.60, 0.66]),
        ("bidrop", [0.80, 0.82], [0.75, 0.75]),
    ):
        for task in ("rte", "mrpc"):
            rows.jobs(method, task, clean)
            rows.jobs(method, task, worse, noise=0.1)
        rows.jobs(method, "stsb", [0.9, 0.9])
    return rows


def test_noise_half_has_the_drop_against_the_same_methods_clean_run(noisy):
    (section,) = report(noisy, "robustness").sections
    assert (section.part, [g.ratio for g in section.groups]) == ("noise", [0.0, 0.1])
    assert [c.key for c in section.columns] == ["mrpc", "rte", "average", "difference", "group", "runs"]
    assert cell(section, "vanilla", "average", 1).mean == pytest.approx(0.63)
    drop = cell(section, "vanilla", "difference", 1)
    assert (drop.mean, drop.n, drop.reduced) == (pytest.approx(0.08), 4, False)  # 71 - 63
    assert cell(section, "bidrop", "difference", 1).mean == pytest.approx(0.06)  # 81 - 75
    assert not cell(section, "vanilla", "difference", 0).applies


def test_drop_without_a_clean_run_is_no_number(noisy):
    clean = [c for c in noisy.cells if c.method == "bidrop" and not c.perturbation.changes]
    keep = [at for at, c in enumerate(noisy.cells) if c not in clean]
    noisy.cells = [noisy.cells[at] for at in keep]
    (section,) = report(noisy, "robustness").sections
    assert cell(section, "bidrop", "difference", 1).mean is None
    assert cell(section, "bidrop", "rte", 0).missing == {"not queued": 2}


def test_no_clean_run_at_all_leaves_the_drop_open():
    rows = Rows()
    rows.job("vanilla", "rte", 0, 0.6, noise=0.1)
    (section,) = report(rows, "robustness").sections
    drop = cell(section, "vanilla", "difference")
    assert drop.mean is None and drop.applies


def test_reduction_half_scores_label_1_and_the_tasks_own_metric():
    rows = Rows()
    for method, recall, own in (("vanilla", 0.40, 0.80), ("bidrop", 0.55, 0.78)):
        for ratio, less in ((0.0, 0.0), (0.5, 0.1)):
            for task in ("mrpc", "rte"):
                rows.job(
                    method, task, 0, own - less, reduction=ratio, also={"accuracy_label1": recall - less}
                )
    (section,) = report(rows, "robustness").sections
    keys = ["mrpc", "rte", "average", "difference", "mrpc:own", "rte:own", "average:own"]
    keys += ["group", "runs"]
    assert [c.name for c in section.columns] == keys
    assert [c.measure for c in section.columns] == [""] * 4 + ["own"] * 3 + [""] * 2
    assert [c.metric for c in section.columns[:2]] == ["accuracy_label1"] * 2
    assert [c.metric for c in section.columns[4:6]] == ["f1", "accuracy"]
    assert cell(section, "bidrop", "rte", 1).mean == pytest.approx(0.45)
    assert cell(section, "bidrop", "difference", 1).mean == pytest.approx(0.15)
    assert cell(section, "bidrop", "difference", 0).mean == pytest.approx(0.15)
    assert cell(section, "bidrop", "mrpc:own", 1).mean == pytest.approx(0.68)
    assert cell(section, "bidrop", "average:own", 1).mean == pytest.approx(0.68)


def test_a_half_without_jobs_names_the_command_that_fills_it(noisy):
    (note,) = report(noisy, "robustness").notes
    assert note.startswith("Class imbalance: no jobs; queue them with: ftbench queue ")
    assert "--reduction 0,0.5,0.6,0.7" in note and "--seeds 2" in note
    assert "--tasks rte,mrpc" in note and "stsb" not in note


def test_a_ratio_that_lacks_a_task_has_no_average_over_all(noisy):
    for method in ("vanilla", "bidrop"):
        noisy.job(method, "rte", 0, 0.5, noise=0.2)
    (section,) = report(noisy, "robustness").sections
    assert cell(section, "vanilla", "mrpc", 2).missing == {"not queued": 1}
    assert cell(section, "vanilla", "average", 2).mean is None
    assert cell(section, "vanilla", "average_shared", 2).tasks == ("rte",)
    drop = cell(section, "vanilla", "difference", 2)
    assert (drop.mean, drop.tasks, drop.reduced) == (pytest.approx(0.2), ("rte",), True)


def test_jobs_with_noise_and_reduction_stand_in_neither_half(noisy):
    noisy.job("vanilla", "rte", 0, 0.01, noise=0.1, reduction=0.5)
    (section,) = report(noisy, "robustness").sections
    assert section.part == "noise"
    assert cell(section, "vanilla", "rte", 1).mean == pytest.approx(0.63)


def test_incomplete_noisy_cells_are_marked_with_their_ratio(noisy):
    noisy.job("bidrop", "rte", 2, state="failed", outcome="oom", noise=0.1)
    (section,) = report(noisy, "robustness").sections
    assert cell(section, "bidrop", "rte", 1).missing == {"failed": 1}
    assert cell(section, "bidrop", "average", 1).mean is None
    assert any("Bi-Drop on RTE at noise 10 %: 1 failed" in note for note in section.notes)
    assert cell(section, "bidrop", "average", 0).mean == pytest.approx(0.81)
    assert not cell(section, "bidrop", "average_shared", 0).applies


# What was asked for


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"table": "mian"}, "unknown table 'mian'; did you mean 'main'?"),
        ({"tasks": "colla"}, "unknown task 'colla'; did you mean 'cola'?"),
        ({"methods": "bidrp"}, "unknown method 'bidrp'; did you mean 'bidrop'?"),
        ({"models": "bert-bsae"}, "unknown model 'bert-bsae'; did you mean 'bert-base'?"),
        ({"baseline": "vanila"}, "unknown method 'vanila'; did you mean 'vanilla'?"),
    ],
)
def test_an_unknown_name_gets_the_nearest_right_one(tmp_path, flags, message):
    with pytest.raises(UnknownName) as caught:
        report_of(str(tmp_path / "none.db"), report_request(**flags))
    assert str(caught.value) == message


def test_brackets_that_do_not_close_are_refused(tmp_path):
    with pytest.raises(BadValue):
        report_of(str(tmp_path / "none.db"), report_request(methods="bidrop[k=3"))


def test_without_perturbed_jobs_the_clean_half_stands_beside_what_is_missing(rows):
    found = report(rows, "robustness")
    assert [section.part for section in found.sections] == ["noise", "reduction"]
    noise = found.sections[0]
    assert [group.ratio for group in noise.groups] == [0.0, 0.05, 0.1, 0.15]
    clean, *absent = noise.groups
    assert any(cell.mean is not None for row in clean.rows for cell in row.cells)
    cells = [row.cells[0] for group in absent for row in group.rows]
    assert {(cell.n, cell.mark, *cell.missing) for cell in cells} == {(0, "!", "not queued")}
    command = (
        "ftbench queue --methods bidrop --tasks rte,sst2 --models bert-base --seeds 3 --noise 0,0.05,0.1,0.15"
    )
    assert f"Label noise: no jobs; queue them with: {command}" in found.notes
    for form in ("rich", "markdown", "latex", "csv", "json", "html"):
        assert render(found, form)


def test_of_curves_there_is_no_clean_half(rows):
    with pytest.raises(NothingToReport) as caught:
        report(rows, "curves")
    assert str(caught.value).startswith("no jobs for this report; queue them with: ftbench queue --methods")
    assert caught.value.exit_code == 1


def test_the_command_repeats_sizes_seeds_settings_and_the_database():
    rows = Rows()
    rows.job("vanilla", "rte", 4, 0.6, train_size=500, recipe={"lr": 1e-5}, model="minilm")
    request = ReportRequest(table="robustness")
    found = tabulate(rows.cells, rows.scores, request, address="my file.db", data="my rows")
    assert "--models minilm --train-size 500 --seeds 4, --noise" in found.notes[0]
    assert "--db 'my file.db' --set lr=1e-05 --data-dir 'my rows'" in found.notes[0]


def test_a_database_that_is_not_there_is_named_with_the_command(tmp_path: Path):
    with pytest.raises(NothingToReport) as caught:
        report_of(str(tmp_path / "none.db"), report_request(tasks="cola"))
    assert "there is no database" in str(caught.value)
    assert "ftbench queue --methods rdrop,bidrop --tasks cola --seeds 10 --db" in str(caught.value)


def test_every_perturbation_that_stands_alone_has_a_block_and_usual_ones_stand_first(noisy: Rows) -> None:
    for method in ("vanilla", "bidrop"):
        noisy.job(method, "rte", 0, 0.60, perturbation={"typos": 0.1})
        noisy.job(method, "rte", 0, 0.55, perturbation={"noise": {"value": 0.1, "kind": "pairflip"}})
        noisy.job(method, "rte", 0, 0.50, perturbation={"typos": 0.1, "duplicates": 0.5})
        noisy.job(method, "rte", 7, 0.50, perturbation={"noise": 0.1, "typos": 0.1})
    found = report(noisy, "robustness")
    assert [section.part for section in found.sections] == ["noise", "noise[kind=pairflip]", "typos"]
    noise, pairflip, typos = found.sections
    assert all(7 not in cell(noise, "vanilla", "rte", group).seeds for group in range(len(noise.groups)))
    assert [group.title for group in typos.groups] == ["typos 0 %", "typos 10 %"]
    assert pairflip.title.startswith("Label noise (kind=pairflip): bert-base")
    clean = cell(typos, "vanilla", "rte").values[0]
    assert cell(typos, "vanilla", "difference", 1).mean == pytest.approx(clean - 0.60)
    assert "minus the changed one" in typos.caption[1] and "minus the noisy one" in pairflip.caption[1]


def test_a_perturbation_that_is_not_installed_is_named_and_its_values_are_plain(noisy: Rows) -> None:
    for value in (2, 30):
        noisy.job("vanilla", "rte", 0, 0.60, perturbation={"theirs": value})
    *_, theirs = report(noisy, "robustness").sections
    assert [group.title for group in theirs.groups] == ["theirs 0", "theirs 2", "theirs 30"]
    assert [group.shown for group in theirs.groups] == ["0", "2", "30"]
    assert "theirs" not in [section.part for section in report(noisy, "curves").sections]


def test_typos_have_a_curve(noisy: Rows) -> None:
    for seed, ratio in itertools.product(range(2), (0.1, 0.2)):
        noisy.job("vanilla", "rte", seed, 0.6 - ratio, perturbation={"typos": ratio})
    *_, typos = report(noisy, "curves").sections
    assert typos.part == "typos_curve" and typos.title.startswith("Scores against misspelt words")


# fp16


def test_updates_that_were_left_out_in_fp16_are_noted(tmp_path: Path) -> None:
    address = str(tmp_path / "ftbench.db")
    with create_database(address) as database:
        for seed, skipped in enumerate((3, 0)):
            job = job_of("vanilla", "rte", seed, recipe=Recipe(precision="fp16"))
            ran = {"runs": {"main": {"skipped": skipped, "total_steps": 468}}}
            finish(database, job, 0.7, provenance=ran)
        finish(database, job_of("rdrop", "rte", 0), 0.7, provenance={"runs": {"main": {"skipped": 9}}})
    said = "fp16: 3 updates were left out in 936 steps, because a gradient overflowed, in 1 of 2 jobs: "
    said += "vanilla 3."
    assert [note for note in report_of(address).notes if "overflowed" in note] == [said]
    assert said in " ".join(render(report_of(address), "markdown").split())
