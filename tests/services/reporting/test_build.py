"""Tables from rows made by hand: the numbers can be checked with pencil and paper."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from ftbench.domain.result import State
from ftbench.errors import BadValue, NothingToReport, UnknownName
from ftbench.render.table import Cell, Report, Section
from ftbench.services.reporting.build import tabulate
from ftbench.services.reporting.request import ReportRequest
from tests.services.report_rows import Rows
from tests.services.requests import report_of, report_request, table_of


def report(rows: Rows, table: str = "main", **flags: str) -> Report:
    return table_of(rows, report_request(table, **flags))


def cell(section: Section, label: str, column: str, group: int = 0) -> Cell:
    row = next(row for row in section.groups[group].rows if row.label == label)
    return row.cells[[c.name for c in section.columns].index(column)]


def labels(section: Section, group: int = 0) -> list[str]:
    return [row.label for row in section.groups[group].rows]


@pytest.fixture
def rows() -> Rows:
    """Vanilla and bidrop on rte and sst2, three seeds each, all there."""
    rows = Rows()
    rows.jobs("bidrop", "rte", [0.66, 0.66, 0.69], hparams_={"k": 2})  # mean 67, best 69
    rows.jobs("bidrop", "sst2", [0.85, 0.86, 0.87], hparams_={"k": 2})  # mean 86, best 87
    rows.jobs("vanilla", "rte", [0.60, 0.62, 0.64])  # mean 62, best 64
    rows.jobs("vanilla", "sst2", [0.80, 0.82, 0.90])  # mean 84, best 90
    return rows


# The main table


def test_main_table_has_mean_max_average_and_difference(rows):
    (section,) = report(rows).sections
    assert [c.key for c in section.columns] == ["rte", "sst2", "average", "difference", "group", "runs"]
    assert labels(section) == ["vanilla", "bidrop"]
    rte = cell(section, "bidrop", "rte")
    assert (rte.mean, rte.statistics["max"], rte.n, rte.planned) == (pytest.approx(0.67), 0.69, 3, 3)
    assert rte.statistics["std"] == pytest.approx(0.0173205)  # √((0.01² + 0.01² + 0.02²) / 2)
    average = cell(section, "bidrop", "average")
    assert (average.mean, average.statistics["max"]) == (pytest.approx(0.765), pytest.approx(0.78))
    assert (average.n, average.reduced, average.tasks) == (6, False, ("rte", "sst2"))
    gain = cell(section, "bidrop", "difference")
    assert (gain.mean, gain.statistics["max"]) == (
        pytest.approx(0.035),
        pytest.approx(0.01),
    )  # 76.5-73.0, 78-77
    assert cell(section, "vanilla", "difference").mean == 0
    assert section.notes == ()


def test_each_cell_knows_its_seeds_scores_and_jobs():
    rows = Rows()
    second = rows.job("vanilla", "rte", 7, 0.6)
    first = rows.job("vanilla", "rte", 3, 0.5)
    found = cell(report(rows).sections[0], "vanilla", "rte")
    assert (found.seeds, found.values, found.jobs) == ((3, 7), (0.5, 0.6), (first, second))


def test_best_and_second_are_marked_for_mean_and_max_apart(rows):
    rows.jobs("rdrop", "rte", [0.65, 0.65, 0.65])
    rows.jobs("rdrop", "sst2", [0.88, 0.88, 0.88])
    (section,) = report(rows).sections
    assert cell(section, "bidrop", "rte").places == {"mean": 1, "max": 1}
    assert cell(section, "rdrop", "rte").places == {"mean": 2, "max": 2}
    assert cell(section, "rdrop", "sst2").places == {"mean": 1, "max": 2}
    assert cell(section, "vanilla", "sst2").places == {"max": 1}
    assert cell(section, "vanilla", "rte").places == {}


def test_scores_that_print_alike_share_the_mark(rows):
    rows.jobs("rdrop", "rte", [0.67001, 0.67001, 0.67001])
    (section,) = report(rows).sections
    assert cell(section, "bidrop", "rte").places["mean"] == cell(section, "rdrop", "rte").places["mean"] == 1


def test_methods_stand_baseline_first_then_by_average(rows):
    for method, score in (("rdrop", 0.99), ("mixout", 0.10), ("dps", 0.80)):
        for task in ("rte", "sst2"):
            rows.jobs(method, task, [score] * 3)
    assert labels(report(rows).sections[0]) == ["vanilla", "rdrop", "dps", "bidrop", "mixout"]


def test_collapsed_runs_stay_in_the_mean(rows):
    rows.jobs("rdrop", "cola", [0.6, 0.0, 0.6])
    assert cell(report(rows).sections[0], "rdrop", "cola").mean == pytest.approx(0.4)


def test_reported_metric_and_evaluation_set_are_the_tasks_own():
    rows = Rows()
    rows.job("vanilla", "mrpc", 0, 0.9, also={"accuracy": 0.1})
    rows.job("vanilla", "mnli", 0, 0.8, evaluation="mnli")
    other = rows.scores[-1]
    rows.scores.append(other._replace(evaluation="mnli-mm", value=0.3))
    (section,) = report(rows).sections
    assert cell(section, "vanilla", "mrpc").mean == 0.9
    assert cell(section, "vanilla", "mnli").mean == 0.8
    assert [(c.title, c.subtitle) for c in section.columns[:2]] == [("MRPC", "F1"), ("MNLI", "accuracy")]


def test_main_table_leaves_perturbed_jobs_out(rows):
    rows.job("vanilla", "rte", 0, 0.01, noise=0.1)
    rows.job("vanilla", "rte", 0, 0.01, reduction=0.5)
    assert cell(report(rows).sections[0], "vanilla", "rte").mean == pytest.approx(0.62)


def test_two_settings_of_a_method_are_two_rows_even_under_one_label(rows):
    rows.jobs("bidrop", "rte", [0.1] * 3, hparams_={"k": 3})
    found = labels(report(rows).sections[0])
    assert sorted(found) == ["bidrop[k=2]", "bidrop[k=3]", "vanilla"]


def test_one_setting_under_two_labels_is_one_row(rows):
    rows.job("bidrop", "rte", 3, 0.67, hparams_={"k": 2}, label="bidrop[k=2]")
    (section,) = report(rows).sections
    assert labels(section) == ["vanilla", "bidrop"]
    assert cell(section, "bidrop", "rte").n == 4


# What is missing


def incomplete(rows: Rows, **last: Any) -> Section:
    """The table where bidrop's third seed on sst2 has come to something else than a score."""
    rows.cells = [c for c in rows.cells if (c.method, c.task, c.seed) != ("bidrop", "sst2", 2)]
    rows.scores = [s for s in rows.scores if (s.method, s.task, s.seed) != ("bidrop", "sst2", 2)]
    if last:
        rows.job("bidrop", "sst2", 2, hparams_={"k": 2}, **last)
    (section,) = report(rows).sections
    return section


@pytest.mark.parametrize(
    ("last", "reason", "mark"),
    [
        ({"state": "queued"}, "queued", "…"),
        ({"state": "queued", "outcome": "lost"}, "queued", "…"),
        ({"state": "running"}, "running", "…"),
        ({"state": "failed", "outcome": "oom"}, "failed", "!"),
        ({"state": "failed", "outcome": "diverged"}, "diverged", "!"),
        ({"state": "cancelled"}, "cancelled", "!"),
        ({"state": "done"}, "no score", "!"),
        ({"state": "done", "score": float("nan")}, "no score", "!"),
        ({}, "not queued", "!"),
    ],
)
def test_a_missing_seed_marks_its_cell_with_the_reason(rows, last, reason, mark):
    section = incomplete(rows, **last)
    found = cell(section, "bidrop", "sst2")
    assert (found.n, found.planned, found.missing, found.mark) == (2, 3, {reason: 1}, mark)
    assert found.mean == pytest.approx(0.855)
    assert not found.complete and not found.places
    meaning = "… still to come" if mark == "…" else "! will not come by themselves"
    assert section.notes[0] == f"Incomplete cells: 1 of 4. {meaning}: 1 {reason}."
    assert (f"! bidrop on SST-2: 1 {reason}." in section.notes) == (mark == "!")


def test_average_is_withheld_from_a_method_that_lacks_a_seed(rows):
    section = incomplete(rows, state="queued")
    average = cell(section, "bidrop", "average")
    assert average.mean is None and average.mark == "…" and (average.n, average.planned) == (5, 6)
    assert cell(section, "vanilla", "average").mean == pytest.approx(0.73)


def test_shared_average_and_difference_are_over_what_all_methods_have(rows):
    section = incomplete(rows, state="queued")
    # rte over three seeds, sst2 over the first two: vanilla 62 and 81, bidrop 67 and 85.5
    mine, theirs = (cell(section, label, "average_shared") for label in ("bidrop", "vanilla"))
    assert (mine.mean, theirs.mean) == (pytest.approx(0.7625), pytest.approx(0.715))
    assert (mine.statistics["max"], theirs.statistics["max"]) == (
        pytest.approx(0.775),
        pytest.approx(0.73),
    )  # 69 and 86, 64 and 82
    assert (mine.n, mine.planned, mine.reduced) == (5, 6, True)
    gain = cell(section, "bidrop", "difference")
    assert (gain.mean, gain.statistics["max"], gain.reduced) == (
        pytest.approx(0.0475),
        pytest.approx(0.045),
        True,
    )
    assert any("RTE (seeds 0–2); SST-2 (seeds 0–1)" in note for note in section.notes)


def test_complete_methods_keep_the_difference_of_their_full_averages(rows):
    rows.jobs("rdrop", "rte", [0.63] * 3)
    rows.jobs("rdrop", "sst2", [0.85] * 3)
    section = incomplete(rows, state="running")
    gain = cell(section, "rdrop", "difference")
    assert (gain.mean, gain.reduced) == (pytest.approx(0.01), False)  # 74 - 73


def test_a_method_without_any_score_does_not_empty_the_shared_average(rows):
    rows.job("rdrop", "rte", 0, state="queued")
    section = incomplete(rows, state="queued")
    assert cell(section, "bidrop", "average_shared").n == 5
    late = cell(section, "rdrop", "rte")
    assert (late.mean, late.n, late.missing) == (None, 0, {"queued": 1, "not queued": 2})
    assert cell(section, "rdrop", "average_shared").mean is None
    assert cell(section, "rdrop", "difference").mean is None
    assert labels(section)[-1] == "rdrop"


def test_further_seeds_of_the_baseline_make_the_others_incomplete(rows):
    rows.job("vanilla", "rte", 3, 1.0)
    (section,) = report(rows).sections
    assert cell(section, "bidrop", "rte").missing == {"not queued": 1}
    gain = cell(section, "bidrop", "difference")
    assert (gain.mean, gain.reduced) == (pytest.approx(0.035), True)  # without the fourth seed


def test_a_task_that_a_method_cannot_do_leaves_the_shared_average(rows):
    rows.jobs("r3f", "rte", [0.63] * 3)
    (section,) = report(rows).sections
    assert cell(section, "r3f", "sst2").mean is None
    shared = cell(section, "r3f", "average_shared")
    assert (shared.mean, shared.tasks) == (pytest.approx(0.63), ("rte",))
    assert cell(section, "bidrop", "average").mean == pytest.approx(0.765)


def test_nothing_in_common_gives_no_number():
    rows = Rows()
    rows.job("vanilla", "rte", 0, 0.6)
    rows.job("bidrop", "rte", 1, 0.7)
    (section,) = report(rows).sections
    assert cell(section, "bidrop", "average_shared").mean is None
    assert cell(section, "bidrop", "difference").mean is None
    assert any("there is none yet" in note for note in section.notes)


def test_scores_of_jobs_that_are_not_done_do_not_count(rows):
    rows.cells[0] = rows.cells[0]._replace(state=State.QUEUED)
    rows.scores[0] = rows.scores[0]._replace(state=State.QUEUED)
    assert cell(report(rows).sections[0], "bidrop", "rte").n == 2


def test_unfinished_work_says_how_to_run_it():
    rows = Rows()
    rows.job("vanilla", "rte", 0, state="queued")
    found = report(rows)
    assert cell(found.sections[0], "vanilla", "rte").mark == "…"
    assert any("ftbench worker" in note for note in found.notes)


def test_long_lists_of_lost_cells_are_cut():
    rows = Rows()
    for number in range(9):
        rows.job(f"m{number}", "rte", 0, state="failed")
    listed = "; ".join(f"m{number} on RTE: 1 failed" for number in range(6))
    assert f"! {listed}; and 3 more cells." in report(rows).sections[0].notes


def test_a_table_without_the_baseline_has_no_differences_and_says_so(rows):
    (section,) = report(rows, baseline="rdrop").sections
    assert not cell(section, "bidrop", "difference").applies
    assert any(note.startswith("rdrop has no jobs here") for note in section.notes)


def test_the_baseline_can_be_any_row(rows):
    (section,) = report(rows, baseline="bi-drop").sections
    assert labels(section)[0] == "bidrop"
    assert cell(section, "vanilla", "difference").mean == pytest.approx(-0.035)


def test_a_label_names_the_baseline_among_the_rows_of_a_method(rows):
    rows.jobs("bidrop[k=3]", "rte", [0.9] * 3, hparams_={"k": 3})
    assert labels(report(rows, baseline="bidrop").sections[0])[0] == "bidrop"
    assert labels(report(rows, baseline="bidrop[k=3]").sections[0])[0] == "bidrop[k=3]"


def test_a_method_of_several_rows_is_no_baseline_without_a_label(rows):
    rows.jobs("dps[p=1]", "rte", [0.9] * 3, hparams_={"p": 1})
    rows.jobs("dps[p=2]", "rte", [0.8] * 3, hparams_={"p": 2})
    (section,) = report(rows, baseline="dps").sections
    assert not cell(section, "vanilla", "difference").applies


def test_a_task_of_elsewhere_is_shown_by_what_the_database_has():
    rows = Rows()
    rows.job("vanilla", "their-task", 0, 0.6)
    (section,) = report(rows).sections
    assert cell(section, "vanilla", "their-task").mean == 0.6
    assert any("their-task is not installed here" in note for note in section.notes)


def test_jobs_that_differ_in_nothing_shown_are_not_averaged(rows):
    rows.job("vanilla", "rte", 0, 0.99)
    (section,) = report(rows).sections
    assert cell(section, "vanilla", "rte").mean == pytest.approx(0.62)
    assert any("Left out: 1 job that differs" in note for note in section.notes)


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


def test_drop_pairs_clean_and_noisy_by_seed(noisy):
    noisy.job("vanilla", "rte", 5, 0.10)  # a clean seed that has no noisy one
    noisy.job("vanilla", "rte", 6, 0.99, noise=0.1)  # and the reverse
    (section,) = report(noisy, "robustness").sections
    drop = cell(section, "vanilla", "difference", 1)
    assert (drop.mean, drop.n, drop.planned, drop.reduced) == (pytest.approx(0.08), 4, 5, True)


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
    noisy.job("bidrop", "rte", 2, state="failed", outcome="diverged", noise=0.1)
    (section,) = report(noisy, "robustness").sections
    assert cell(section, "bidrop", "rte", 1).missing == {"diverged": 1}
    assert cell(section, "bidrop", "average", 1).mean is None
    assert any("bidrop on RTE at noise 10 %: 1 diverged" in note for note in section.notes)
    assert cell(section, "bidrop", "average", 0).mean == pytest.approx(0.81)
    assert not cell(section, "bidrop", "average_shared", 0).applies


# What was asked for


def test_methods_are_filtered_and_the_baseline_stays(rows):
    rows.jobs("rdrop", "rte", [0.5] * 3)
    rows.jobs("bidrop[k=3]", "rte", [0.7] * 3, hparams_={"k": 3})
    assert labels(report(rows, methods="rdrop").sections[0]) == ["vanilla", "rdrop"]
    assert labels(report(rows, methods="bidrop[k=3]").sections[0]) == ["vanilla", "bidrop[k=3]"]
    assert len(labels(report(rows, methods="Bi-Drop").sections[0])) == 3


def test_tasks_and_models_are_filtered_by_any_of_their_names(rows):
    rows.job("vanilla", "rte", 0, 0.5, model="minilm")
    rows.job("vanilla", "stsb", 0, 0.5)
    (section,) = report(rows, models="bert-base-uncased", tasks="SST-2,glue-small").sections
    assert [c.task for c in section.columns if c.task] == ["sst2", "rte", "stsb"]


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


def test_no_jobs_name_the_command_that_would_make_them(rows):
    with pytest.raises(NothingToReport) as caught:
        report(rows, "robustness")
    command = (
        "ftbench queue --methods bidrop --tasks rte,sst2 --models bert-base --seeds 3 --noise 0,0.05,0.1,0.15"
    )
    assert str(caught.value) == f"no jobs for this report; queue them with: {command}"
    assert caught.value.exit_code == 1


def test_the_command_repeats_sizes_seeds_settings_and_the_database():
    rows = Rows()
    rows.job("vanilla", "rte", 4, 0.6, train_size=500, recipe={"lr": 1e-5}, model="minilm")
    request = ReportRequest(table="robustness")
    with pytest.raises(NothingToReport) as caught:
        tabulate(rows.cells, rows.scores, request, address="my file.db")
    assert "--models minilm --train-size 500 --seeds 4, --noise" in str(caught.value)
    assert "--db 'my file.db' --set lr=1e-05" in str(caught.value)


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
    assert "minus the changed one" in typos.caption[0] and "minus the noisy one" in pairflip.caption[0]


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
