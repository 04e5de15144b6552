"""Declared claims tested, against scipy and statsmodels called by hand."""

from __future__ import annotations

import shlex
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from ftbench.db import Database, Entry
from ftbench.domain.result import JobResult, Score
from ftbench.domain.topup import TopupPlan
from ftbench.services.claims import tested as claims
from ftbench.services.claims.listed import listed
from ftbench.services.comparing.by_task import compare
from tests.services.claims.said import SCORES, say
from tests.services.comparing.runs import request
from tests.services.requests import report_of, report_request
from tests.services.stored import finish, job_of, store


def found(database: Database) -> dict[str, claims.TestedClaim]:
    return {one.row.claim.text: one for one in claims.tested(database)}


def averages(method: str, *tasks: str, seeds: int = 4) -> np.ndarray:
    return np.mean([SCORES[method, task][:seeds] for task in tasks], axis=0)


def test_claims_are_one_sided_over_seed_averages_and_holm_corrected_as_a_family(database):
    say(database, "bidrop > vanilla", "vanilla > rdrop", "rdrop > vanilla @ tasks=rte", "sam > vanilla")
    store(database, SCORES)
    one = found(database)
    sides = {
        "bidrop > vanilla": [averages(m, "rte", "sst2", seeds=3) for m in ("bidrop", "vanilla")],
        "vanilla > rdrop": [averages(m, "rte", "sst2") for m in ("vanilla", "rdrop")],
        "rdrop > vanilla @ tasks=rte": [averages(m, "rte") for m in ("rdrop", "vanilla")],
    }
    p = [stats.ttest_rel(*pair, alternative="greater").pvalue for pair in sides.values()]
    # The claim without scores is of the family, too.
    adjusted = multipletests([*p, 1.0], method="holm")[1]
    for text, plain, corrected in zip(sides, p, adjusted, strict=False):
        assert one[text].p == pytest.approx(plain) and one[text].opposite == pytest.approx(1 - plain)
        assert one[text].p_corrected == pytest.approx(corrected)
    verdicts = {text: one[text].verdict for text in one}
    assert verdicts == {
        "bidrop > vanilla": "not shown",
        "vanilla > rdrop": "holds",
        "rdrop > vanilla @ tasks=rte": "contradicted",
        "sam > vanilla": "no scores yet",
    }
    assert (one["sam > vanilla"].p, one["sam > vanilla"].setting) == (None, None)


def test_a_claim_after_the_fact_is_tested_beside_the_family(database):
    say(database, "rdrop > bidrop")
    store(database, SCORES)
    say(database, "bidrop > vanilla @ tasks=rte")
    early, late = claims.tested(database)
    p = stats.ttest_rel(SCORES["bidrop", "rte"], SCORES["vanilla", "rte"], alternative="greater").pvalue
    assert (late.p, late.p_corrected) == (pytest.approx(p), None)
    assert late.verdict == late.standing == "declared late (8 of 8 scores were there)"
    assert late.line().startswith(f"{late.standing}: bidrop > vanilla @ tasks=rte: exploratory; ")
    assert late.line().endswith(", uncorrected")
    assert early.p_corrected == pytest.approx(early.p)  # alone in its family


def test_a_line_has_the_difference_its_interval_and_the_corrected_p(database):
    say(database, "bidrop > vanilla @ tasks=rte")
    store(database, SCORES)
    (one,) = claims.tested(database)
    apart = np.subtract(SCORES["bidrop", "rte"], SCORES["vanilla", "rte"])
    low, high = stats.t.interval(0.95, 3, apart.mean(), stats.sem(apart))
    p = stats.ttest_1samp(apart, 0, alternative="greater").pvalue
    share = 100 * apart.mean() / (np.mean(SCORES["bidrop", "rte"]) - 0.5)  # 4 runs exclude shares from 53 %
    assert one.line() == (
        f"declared: bidrop > vanilla @ tasks=rte: holds, unless bidrop fails in {share:.2f} % more of its "
        f"runs than here, which these do not exclude; +{100 * apart.mean():.2f} points, "
        f"+{100 * low:.2f} to +{100 * high:.2f}, n=4, one-sided p={p:.3f} "
        "(Holm over the declared claims only)"
    )


@pytest.mark.parametrize(
    ("theirs", "verdict"),
    [
        ([0.80], "too few seeds: needs 2"),
        ([0.80, 0.81], "not shown"),  # both a tenth above: no spread to compare with
        ([], "no scores yet"),
    ],
)
def test_what_cannot_be_tested_has_no_p_and_says_why(database, theirs, verdict):
    say(database, "bidrop > vanilla")
    store(database, {("vanilla", "rte"): [0.70, 0.71], ("bidrop", "rte"): theirs})
    (one,) = claims.tested(database)
    assert (one.verdict, one.p, one.p_corrected) == (verdict, None, None)


def test_a_claim_about_tasks_needs_every_one_of_them(database):
    say(database, "bidrop > vanilla @ tasks=rte,cola", "bidrop > vanilla")
    store(database, SCORES)
    one = found(database)
    assert one["bidrop > vanilla @ tasks=cola,rte"].verdict == "no scores yet"
    assert set(one["bidrop > vanilla"].tasks) == {"rte", "sst2"}
    told = " ".join(listed(database)[0].notes)
    assert (
        "bidrop > vanilla @ tasks=cola,rte: fill it with: ftbench queue --methods bidrop --tasks cola,rte"
        in told
    )


def test_jobs_that_wait_are_to_be_run_and_not_queued_again(database):
    say(database, "bidrop > vanilla")
    for method in ("bidrop", "vanilla"):
        database.jobs.add([Entry(job_of(method, "rte", 0), method)])
    (one,) = claims.tested(database)
    assert one.waiting and one.verdict == "no scores yet"
    (told,) = [note for note in listed(database)[0].notes if "fill it" in note]
    assert told == f"bidrop > vanilla: fill it with: ftbench worker --db {shlex.quote(database.address)}"


def test_each_setting_is_tested_by_itself(database):
    say(database, "bidrop > vanilla @ tasks=rte")
    store(database, {key: SCORES[key] for key in SCORES if key[1] == "rte"})
    smaller = {("vanilla", "rte"): [0.5, 0.52, 0.51], ("bidrop", "rte"): [0.4, 0.43, 0.42]}
    recipe = replace(job_of("vanilla", "rte", 0).recipe, lr=1e-3)
    store(database, smaller, recipe=recipe)
    both = claims.tested(database)
    assert sorted(len(one.pairs) for one in both) == [3, 4]
    p = {len(one.pairs): one.p for one in both}
    assert p[3] == pytest.approx(
        stats.ttest_rel(*(smaller[m, "rte"] for m in ("bidrop", "vanilla")), alternative="greater").pvalue
    )
    corrected = {len(one.pairs): one.p_corrected for one in both}
    assert corrected[4] == pytest.approx(2 * p[4])  # two settings, two tests


def test_topped_up_runs_hold_below_the_level_of_their_plan(database):
    say(database, "bidrop > vanilla @ tasks=rte")
    store(database, SCORES)
    (before,) = claims.tested(database)
    assert before.verdict == "holds" and before.p < 0.05
    looks = int(0.05 / before.p) + 2
    stand = tuple(
        next(row.digest for row in database.jobs.list() if (row.method, row.task) == (method, "rte"))
        for method in ("bidrop", "vanilla")
    )
    sizes = tuple(range(4, 4 + looks))
    database.topups.record(TopupPlan("p", (stand,), 0.05, 0.0, tuple(range(sizes[-1])), sizes))
    (after,) = claims.tested(database)
    assert (after.p, after.verdict, after.level) == (before.p, "not shown", pytest.approx(0.05 / looks))
    assert any("Seeds were topped up: such claims hold below" in note for note in listed(database)[0].notes)


def test_tables_say_what_claims_say_of_their_methods_tasks_and_setting(database):
    say(database, "bidrop > vanilla @ tasks=rte", "vanilla > rdrop")
    store(database, SCORES)
    first, second = (one.line() for one in claims.tested(database))

    def lines(**flags: str) -> list[str]:
        (section,) = report_of(database.address, report_request(**flags)).sections
        return list(claims.lines_for_table(claims.tested(database), section))

    assert lines() == [first, second]
    assert lines(methods="bidrop") == [first]
    assert lines(tasks="sst2") == [second]
    assert lines(methods="bidrop", tasks="sst2") == []
    (section,) = report_of(database.address).sections
    assert [note for note in section.notes if note.startswith("declared: ")] == [first, second]


def test_comparisons_say_what_claims_say_of_their_methods_tasks_and_condition(database):
    say(database, "bidrop > vanilla @ tasks=rte", "bidrop > vanilla @ noise=0.1")
    store(database, SCORES)

    def lines(*methods: str, **more: str) -> list[str]:
        return [
            note for note in compare(database, request(*methods, **more))[0].notes if "declared: " in note
        ]

    (line,) = lines("vanilla", "bidrop")
    assert line.startswith("declared: bidrop > vanilla @ tasks=rte: holds, unless bidrop fails in ")
    assert lines("rdrop", "vanilla") == lines("bidrop", "vanilla", tasks="sst2") == []


def test_a_claim_about_sizes_or_models_leaves_other_runs_out(database):
    say(database, "bidrop > vanilla @ train_size=500", "bidrop > vanilla @ models=minilm", "bidrop > vanilla")
    store(database, SCORES)
    one = found(database)
    assert [len(one[text].pairs) for text in one] == [0 if "@" in text else 3 for text in one]
    assert one["bidrop > vanilla @ train_size=500"].verdict == "no scores yet"


def test_a_failed_run_is_no_pair(database):
    say(database, "bidrop > vanilla")
    store(database, {("vanilla", "rte"): [0.70, 0.71, 0.69], ("bidrop", "rte"): [0.8, 0.82]})
    finish(database, job_of("bidrop", "rte", 2), None)
    (one,) = claims.tested(database)
    assert one.pairs == pytest.approx([0.1, 0.11])


def test_results_of_a_file_count_as_declared_only_where_they_began_later(database):
    say(database, "bidrop > vanilla @ tasks=rte")
    (declared,) = (row.declared for row in database.claims.list())
    for seed, began in enumerate((declared + 60, declared + 60, None)):
        for method, value in (("vanilla", 0.6), ("bidrop", 0.7)):
            job = job_of(method, "rte", seed)
            database.jobs.add([Entry(job, method)])
            facts = {} if began is None else {"began": began}
            result = JobResult((Score("validation", "accuracy", value + seed / 100),), (), (), facts)
            assert database.jobs.complete(job.digest, result, "ingest")
        (one,) = claims.tested(database)
        assert one.row.late == (began is None)
    assert one.standing == "declared late (2 of 6 scores came in a file that does not show they began later)"
