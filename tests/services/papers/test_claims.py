"""Claims: who is ahead, by which test, and with how many runs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from ftbench import methods, suites
from ftbench.render.numbers import p_equals
from ftbench.render.suite_table import ClaimLine
from ftbench.services.papers import claims as suite_claims
from ftbench.suites import claims
from tests.services.papers.suited import Suited, table, topped_up


def told(name: str, text: str, rows: Suited, **given: Any) -> ClaimLine:
    return next(claim for claim in table(name, rows, **given).claims if text in claim.text)


def test_every_claim_is_about_methods_and_blocks_that_its_table_has() -> None:
    for claim in claims.CLAIMS:
        suite = suites.find(claim.suite)
        names = {line.name for block in suite.blocks for line in block.lines}
        assert {claim.method, *claim.rivals} <= names and methods.find(claim.method)
        assert set(claim.settings) <= {block.setting for block in suite.blocks}


def robust(rows: Suited, gain: float, noise: float = 0.05) -> list[float]:
    """Vanilla loses 5 points to noise, more or less; Bi-Drop ``gain`` points less."""
    generator = np.random.default_rng(0)
    differences = []
    for task in ("cola",):
        before, lost, better = (generator.normal(m, 0.5, 6) for m in (70, 5, gain))
        better += gain - better.mean()
        rows.add("vanilla", task, before)
        rows.add("bidrop", task, before + 1)
        rows.add("vanilla", task, before - lost, noise=noise)
        rows.add("bidrop", task, before + 1 - lost + better, noise=noise)
        differences += list(better)
    return differences


@pytest.mark.parametrize(("gain", "verdict"), [(2.0, "supported"), (-2.0, "contradicted"), (0.0, "open")])
def test_a_drop_is_tested_on_paired_runs(gain: float, verdict: str) -> None:
    rows = Suited("adamw_torch")
    differences = robust(rows, gain)
    found = told("bidrop/table5", "smallest drop", rows, methods="bidrop", tasks="cola", noise="0.05")
    assert found.verdict == verdict
    side = "less" if verdict == "contradicted" else "greater"
    p = stats.ttest_1samp(differences, 0, alternative=side).pvalue
    assert found.detail == f"paired t test against Vanilla, one-sided {p_equals(p)}, n=6"


def test_claims_about_topped_up_runs_are_tested_at_the_level_of_their_plan() -> None:
    rows = Suited("adamw_torch")
    differences = robust(rows, 0.5)
    p = stats.ttest_1samp(differences, 0, alternative="greater").pvalue
    assert 0.0025 < p < 0.05
    given = {"methods": "bidrop", "tasks": "cola", "noise": "0.05"}
    for topped, verdict in (([], "supported"), (topped_up(rows, 20), "open")):
        assert told("bidrop/table5", "smallest drop", rows, topped=topped, **given).verdict == verdict


def test_a_spread_is_tested_by_swapping_seeds() -> None:
    generator = np.random.default_rng(1)
    steady, loose = generator.normal(70, 0.3, 10), generator.normal(70, 2.0, 10)
    rows = Suited()
    rows.add("dps_mix", "cola", steady, "published")
    rows.add("vanilla", "cola", loose)
    found = told("dps/table1", "smallest standard deviation", rows, methods="dps_mix", tasks="cola")
    p = stats.permutation_test(
        (steady - np.median(steady), loose - np.median(loose)),
        lambda a, b: np.log(b.var() / a.var()),
        permutation_type="samples",
        alternative="greater",
    ).pvalue
    assert found.verdict == "supported"
    assert found.detail == (
        f"swap permutation of the spreads against vanilla fine-tuning, one-sided {p_equals(p)}, n=10"
    )
    rows = Suited()
    rows.add("dps_mix", "cola", loose, "published")
    rows.add("vanilla", "cola", steady)
    turned = told("dps/table1", "smallest standard deviation", rows, methods="dps_mix", tasks="cola")
    assert turned.verdict == "contradicted"


def test_the_hardest_rival_decides() -> None:
    rows = Suited("adamw_torch")
    own = np.asarray([0.5, -0.4, 0.1, 0.3, -0.5, 0.0])
    for method, scores in (("vanilla", 60 + own / 2), ("rdrop", 64.9 - own), ("bidrop", 65 + own)):
        rows.add(method, "cola", scores)
    found = told("bidrop/table2", "better than all", rows, methods="rdrop,bidrop", tasks="cola")
    assert found.verdict == "open" and "against R-Drop" in found.detail


def test_what_was_not_measured_is_said() -> None:
    rows = Suited("adamw_torch")
    rows.add("bidrop", "cola", [60, 61])
    found = told("bidrop/table2", "better than all", rows, methods="rdrop,bidrop", tasks="cola")
    assert found.verdict == suite_claims.NOT_MEASURED
    assert found.detail == "needs two seeds of bidrop and Vanilla, R-Drop"


def test_conditions_of_one_seed_are_no_repetitions() -> None:
    """Three ratios with the same three seeds are three pairs, not nine."""
    rows = Suited("adamw_torch")
    for ratio in (0.0, 0.05, 0.1, 0.15):
        for method, gain in (("vanilla", 0), ("bidrop", 1)):
            rows.add(method, "cola", [60 + gain, 61 + 2 * gain, 62 + 3 * gain], noise=ratio)
    found = told("bidrop/table5", "scores highest", rows, methods="bidrop", tasks="cola")
    p = stats.ttest_1samp([1, 2, 3], 0, alternative="greater").pvalue
    assert found.detail == f"paired t test against Vanilla, one-sided {p_equals(p)}, n=3"


def test_methods_that_a_user_adds_are_no_rivals() -> None:
    rows = Suited("adamw_torch")
    for method, score in (("vanilla", 60), ("rdrop", 61), ("bidrop", 64)):
        rows.add(method, "cola", [score, score + 0.5, score + 0.4 * (score % 3)])
    found = told("bidrop/table2", "better than all", rows, methods="rdrop,bidrop,lora", tasks="cola")
    assert found.verdict != suite_claims.NOT_MEASURED and "lora" not in found.detail.lower()


def test_one_of_several_rivals_contradicts_only_after_correction() -> None:
    rows = Suited("adamw_torch")
    ahead = np.asarray([1.0, 2.2, 1.2])
    for method, scores in (("vanilla", [55, 56, 55.5]), ("rdrop", 65 + ahead), ("bidrop", [65, 65, 65])):
        rows.add(method, "cola", scores)
    p = stats.ttest_1samp(ahead, 0, alternative="greater").pvalue
    assert 0.025 < p < 0.05
    found = told("bidrop/table2", "better than all", rows, methods="rdrop,bidrop", tasks="cola")
    assert found.verdict == "open"


def test_an_average_is_of_the_seeds_that_have_every_task() -> None:
    rows = Suited("adamw_torch")
    for method, gain in (("vanilla", 0), ("bidrop", 1)):
        rows.add(method, "cola", [60 + gain, 61 + 2 * gain, 62 + 9 * gain])
        rows.add(method, "rte", [70 + gain, 71 + 3 * gain])
    found = told("bidrop/table2", "better than all", rows, methods="bidrop", tasks="cola,rte")
    p = stats.ttest_1samp([1, 2.5], 0, alternative="greater").pvalue
    assert found.detail == f"paired t test against Vanilla, one-sided {p_equals(p)}, n=2"


def test_a_drop_is_of_the_seeds_that_have_a_clean_run() -> None:
    rows = Suited("adamw_torch")
    for method, gain in (("vanilla", 0), ("bidrop", 1)):
        rows.add(method, "cola", [70, 71])
        rows.add(method, "cola", [60 + gain, 61 + 2 * gain, 62 + 9 * gain], noise=0.05)
    found = told("bidrop/table5", "smallest drop", rows, methods="bidrop", tasks="cola", noise="0.05")
    p = stats.ttest_1samp([1, 2], 0, alternative="greater").pvalue
    assert found.detail == f"paired t test against Vanilla, one-sided {p_equals(p)}, n=2"


def test_runs_that_all_differ_by_the_same_prove_neither() -> None:
    rows = Suited("adamw_torch")
    rows.add("vanilla", "cola", [60, 61, 62])
    rows.add("bidrop", "cola", [61, 62, 63])
    found = told("bidrop/table2", "better than all", rows, methods="bidrop", tasks="cola")
    assert (found.verdict, found.detail.partition("p=")[2]) == ("open", "1.000, n=3")
