"""Two methods on one task, run by run: differences paired by seed, their interval, tests and effect sizes.

Everything here takes the differences of :func:`differences`, one for each seed that both methods have.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import special

from ftbench.stats import aggregate
from ftbench.stats.aggregate import FloatArray
from ftbench.stats.findings import Interval, NoAnswer, Significance, too_few
from ftbench.stats.statistics.mean import mean as mean_of
from ftbench.stats.statistics.std import std as std_of

EXACT_UP_TO = 16
"""Pairs up to which all 2^n signs are gone through; beyond, a sample of them."""
RESAMPLES = 2**EXACT_UP_TO
FAR, NEAR = 30.0, 6.0
"""A t from which the noise of the mean no longer counts; how far it reaches, in standard deviations."""
DIGITS = 12
"""Decimals that count: differences which are equal but for the last bits are ties."""
SMALLEST = 10.0**-DIGITS
EQUAL = "all differences are equal"


def differences(left: FloatArray, right: FloatArray) -> FloatArray:
    """``left - right`` for the seeds that both have: (pairs,).

    Args:
        left: (seeds,) scores, NaN for a missing run.
        right: (seeds,), the same seeds.
    """
    both = np.isfinite(left) & np.isfinite(right)
    found: FloatArray = np.round(left[both] - right[both], DIGITS)
    return found


def t_interval(pairs: FloatArray, level: float = 0.95) -> Interval | NoAnswer:
    """The mean difference with the interval of the t-test: it leaves zero out where p < 1 - level.

    The same for every number of pairs and in every format: a BCa bootstrap of 20 pairs covers too rarely.

    Args:
        pairs: (pairs,) differences.
        level: in (0, 1).
    """
    n = len(pairs)
    if n < 2:
        return too_few(n, 2)
    mean, error = float(pairs.mean()), float(pairs.std(ddof=1)) / math.sqrt(n)
    half = error * float(special.stdtrit(n - 1, (1 + level) / 2))
    return Interval(mean, mean - half, mean + half, n, level, "t")


def t_test(pairs: FloatArray) -> Significance | NoAnswer:
    """Student's paired t-test (Student 1908, Biometrika 6).

    Differences that are all zero have p = 1; others that are all equal leave no spread to compare with, and
    so no answer: a few runs that happen to agree prove nothing.

    Args:
        pairs: (pairs,) differences.
    """
    n = len(pairs)
    if n < 2:
        return too_few(n, 2)
    p, statistic = (float(found[0]) for found in t_tests(pairs[:, None]))
    return Significance("paired t", p, statistic, n) if math.isfinite(p) else NoAnswer(EQUAL, n)


def t_tests(differences: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Many paired t-tests at once: p and t, (comparisons,) each; NaN where :func:`t_test` has no answer.

    Args:
        differences: (seeds, comparisons) of scores, NaN where a seed lacks a run.
    """
    n, mean, spread = (of(differences) for of in (aggregate.count, mean_of, std_of))
    zero = (n > 1) & (spread < SMALLEST) & (np.abs(mean) < SMALLEST)
    testable = (n > 1) & (spread >= SMALLEST)
    error = np.where(testable, spread, 1.0) / np.sqrt(np.maximum(n, 1))
    statistic = np.where(testable, mean / error, np.where(zero, 0.0, np.nan))
    p = 2 * special.stdtr(np.maximum(n - 1, 1), -np.abs(statistic))
    return p, statistic


def one_sided(found: Significance) -> tuple[float, float]:
    """Of a two-sided t-test: p of the left being no better, and p of its being no worse.

    Args:
        found: the outcome of :func:`t_test`.
    """
    half = found.p / 2
    return (half, 1 - half) if found.statistic > 0 else (1 - half, half)


def wilcoxon(pairs: FloatArray, seed: int = 0) -> Significance | NoAnswer:
    """Wilcoxon's signed-rank test (1945, Biometrics Bulletin 1); zeros as Pratt (1959, JASA 54) has them.

    Exact; with ties or zeros and more than 16 pairs by a sample of the signs.

    Args:
        pairs: (pairs,) differences.
        seed: of the sample.
    """
    from scipy import stats

    n = len(pairs)
    if n < 2:
        return too_few(n, 2)
    if not pairs.any():
        return Significance("Wilcoxon signed-rank", 1.0, 0.0, n, 1.0)
    sizes = np.abs(pairs)
    tied = bool((sizes == 0).any()) or len(np.unique(sizes)) < n
    if tied:
        drawn = stats.PermutationMethod(n_resamples=RESAMPLES, rng=seed)
        found = stats.wilcoxon(pairs, zero_method="pratt", method=drawn)
    else:
        found = stats.wilcoxon(pairs)
    return Significance(
        "Wilcoxon signed-rank", float(found.pvalue), float(found.statistic), n, smallest_p(pairs)
    )


def sign_flip(pairs: FloatArray, seed: int = 0) -> Significance | NoAnswer:
    """The permutation test of paired differences: each one's sign is turned (Fisher 1935, section 21).

    All 2^n ways up to 16 pairs; beyond, 65,536 of them drawn at random (Phipson & Smyth 2010, eq. 2).

    Args:
        pairs: (pairs,) differences.
        seed: of the draw.
    """
    from scipy import stats

    n = len(pairs)
    if n < 2:
        return too_few(n, 2)
    if n > EXACT_UP_TO:
        return Significance("sign-flip", _drawn(pairs, seed), float(pairs.mean()), n, smallest_p(pairs))
    found = stats.permutation_test(
        (pairs,), np.mean, permutation_type="samples", vectorized=True, n_resamples=RESAMPLES
    )
    return Significance("sign-flip", float(found.pvalue), float(found.statistic), n, smallest_p(pairs))


def _drawn(pairs: FloatArray, seed: int) -> float:
    """The p of a sample of the signs, drawn as bits: scipy's takes ten times as long and the memory."""
    n, batch, rng = len(pairs), 2**12, np.random.default_rng(seed)
    total, slack = float(pairs.sum()), SMALLEST  # sums that are equal but for the last bits are ties
    below = above = 0
    for _ in range(RESAMPLES // batch):
        bits = np.frombuffer(rng.bytes(batch * n // 8), np.uint8)
        turned = np.unpackbits(bits).reshape(batch, n).astype(np.float64)
        sums = total - 2 * (turned @ pairs)
        below += int((sums <= total + slack).sum())
        above += int((sums >= total - slack).sum())
    return float(min(1.0, 2 * (1 + min(below, above)) / (1 + RESAMPLES)))


def smallest_p(pairs: FloatArray) -> float:
    """The smallest two-sided p of a rank or sign test: 2 of 2^n signs, n counting what is not zero.

    Args:
        pairs: (pairs,) differences.
    """
    return min(1.0, 2.0 ** (1 - int(np.count_nonzero(pairs))))


def hedges_g(pairs: FloatArray, level: float = 0.95) -> Interval | NoAnswer:
    """The mean difference in standard deviations of the differences, freed of its bias in small samples.

    g = J(n - 1) mean / sd, J(m) = Γ(m/2) / (sqrt(m/2) Γ((m-1)/2)) (Hedges 1981, J. Educ. Stat. 6, eq. 6e);
    the interval is that of the noncentral t distribution (Hedges & Olkin 1985, ch. 5).

    Args:
        pairs: (pairs,) differences.
        level: in (0, 1).
    """
    n = len(pairs)
    if n < 3:
        return too_few(n, 3)
    if not pairs.any():
        return Interval(0.0, 0.0, 0.0, n, level, "noncentral t")
    spread = float(pairs.std(ddof=1))
    if spread < SMALLEST:
        return NoAnswer(EQUAL, n)
    df = n - 1
    factor = math.exp(math.lgamma(df / 2) - math.lgamma((df - 1) / 2)) / math.sqrt(df / 2)
    statistic = float(pairs.mean()) / spread * math.sqrt(n)
    ends = [_noncentrality(df, statistic, share) for share in ((1 + level) / 2, (1 - level) / 2)]
    g, low, high = (factor * value / math.sqrt(n) for value in (statistic, *ends))
    return Interval(g, low, high, n, level, "noncentral t")


def superiority(pairs: FloatArray) -> float | NoAnswer:
    """The share of seeds on which the left method is better, ties counted half (Grissom & Kim 2005, ch. 5).

    Args:
        pairs: (pairs,) differences.
    """
    if not len(pairs):
        return too_few(0, 1)
    return float(((pairs > 0) + 0.5 * (pairs == 0)).mean())


def _noncentrality(df: int, statistic: float, share: float) -> float:
    """The noncentrality at which ``share`` of the t distribution lies below a statistic."""
    from scipy import optimize, stats

    # A noncentral t is (Z + nc) / sqrt(V / df), V chi-squared: without Z this is the answer, and near it.
    middle = statistic * math.sqrt(stats.chi2.ppf(1 - share if statistic > 0 else share, df) / df)
    if abs(statistic) > FAR:
        return middle
    low, high = middle - NEAR, middle + NEAR
    found = optimize.brentq(lambda nc: float(stats.nct.cdf(statistic, df, nc)) - share, low, high)
    return float(found)
