"""Compare two runs: two clusters, two configurations, or before and after a rollout.

Method: the ratio of the medians with a 95 % bootstrap interval (percentile, 4,000 resamples, seeded), and a
two-sided Mann-Whitney test with Holm's correction over all comparisons. A difference counts if the corrected test is
significant, the interval excludes 1, and the ratio is at least 5 %. "Alike" requires that the interval excludes a
difference of 20 %.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from operator import attrgetter
from statistics import median

from logops.benchmark.history.explain import explain_slowdown, work_of
from logops.benchmark.measure.cases import Case
from logops.benchmark.measure.sample import Sample, by_case

MIN_ANSWERS = 8
"""Minimum of answers on each side."""
MIN_EFFECT = 0.05
SIGNIFICANCE = 0.05
ALIKE_WITHIN = 1.2
""""Alike" means that the difference is known to be below this factor."""
RESAMPLES = 4000
_SETUP: dict[str, Callable[[Sample], object]] = {
    "configuration of the cluster": attrgetter("configuration"),
    "text": attrgetter("text"),
    "step": attrgetter("step_s"),
    "cluster or tenant": attrgetter("cluster", "tenant"),
    "queries at a time": attrgetter("concurrency"),
}


class ComparisonVerdict(StrEnum):
    SLOWER = "slower"
    FASTER = "faster"
    ALIKE = "alike"
    UNSURE = "too noisy to say"
    FEW = "too few answers to say"


@dataclass(frozen=True)
class CaseComparison:
    """The comparison of one query, range and mode. `ratio` is after / before: 1.2 means 20 % slower."""

    case: Case
    verdict: ComparisonVerdict
    ratio: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    """Corrected p-value."""
    before_s: float | None = None
    after_s: float | None = None
    why: str = ""


def compare(before: Iterable[Sample], after: Iterable[Sample]) -> list[CaseComparison]:
    """Compare everything that both sides measured, in the order of `before`."""
    sides = _answered(before), _answered(after)
    pairs = [(case, case_samples, sides[1][case]) for case, case_samples in sides[0].items() if case in sides[1]]
    enough = [pair for pair in pairs if min(len(pair[1]), len(pair[2])) >= MIN_ANSWERS]
    corrected = holm([mann_whitney(_seconds(a), _seconds(b)) for _, a, b in enough])
    judged = {case: _judged(case, a, b, p) for (case, a, b), p in zip(enough, corrected, strict=True)}
    return [judged.get(case) or CaseComparison(case, ComparisonVerdict.FEW) for case, _, _ in pairs]


def setup_differences(before: Iterable[Sample], after: Iterable[Sample]) -> list[str]:
    """Return the differences in how the two sides were measured, each with the queries that it affects."""
    sides = [{case: case_samples[0] for case, case_samples in by_case(samples).items()} for samples in (before, after)]
    both = [(case.query, sides[0][case], sides[1][case]) for case in sides[0] if case in sides[1]]
    differences = []
    for kind, read in _SETUP.items():
        names = dict.fromkeys(name for name, a, b in both if read(a) != read(b))
        if names:
            differences.append(f"{kind}: {', '.join(names)}")
    return differences


def were_measured_in_turns(before: Iterable[Sample], after: Iterable[Sample]) -> bool:
    """Whether the two sides were measured in turns, so that the machine affected both alike."""
    spans = [
        (min(started), max(started)) for started in ([sample.started_ns for sample in side] for side in (before, after))
    ]
    return max(first for first, _ in spans) <= min(last for _, last in spans)


def _answered(samples: Iterable[Sample]) -> dict[Case, list[Sample]]:
    """Also contains what was never answered."""
    return {
        case: [sample for sample in case_samples if sample.judged] for case, case_samples in by_case(samples).items()
    }


def _seconds(samples: Sequence[Sample]) -> list[float]:
    return [sample.seconds for sample in samples]


def _judged(case: Case, before: list[Sample], after: list[Sample], p: float) -> CaseComparison:
    low, high = interval(_seconds(before), _seconds(after))
    was, now = median(_seconds(before)), median(_seconds(after))
    ratio = now / was
    verdict = verdict_of(ratio, low, high, p)
    reason = explain_slowdown(work_of(before), work_of(after)) if verdict is ComparisonVerdict.SLOWER else ""
    return CaseComparison(case, verdict, ratio, low, high, p, was, now, reason)


def verdict_of(ratio: float, low: float, high: float, p: float) -> ComparisonVerdict:
    if p < SIGNIFICANCE and low > 1 and ratio >= 1 + MIN_EFFECT:
        return ComparisonVerdict.SLOWER
    if p < SIGNIFICANCE and high < 1 and ratio <= 1 / (1 + MIN_EFFECT):
        return ComparisonVerdict.FASTER
    return ComparisonVerdict.ALIKE if low > 1 / ALIKE_WITHIN and high < ALIKE_WITHIN else ComparisonVerdict.UNSURE


def interval(before: Sequence[float], after: Sequence[float], seed: int = 0) -> tuple[float, float]:
    """Return the 95 % interval of the ratio of the medians."""
    import numpy as np

    chance = np.random.default_rng(seed)
    medians = [
        np.median(np.asarray(side)[chance.integers(0, len(side), (RESAMPLES, len(side)))], axis=1)
        for side in (before, after)
    ]
    low, high = np.percentile(medians[1] / medians[0], [2.5, 97.5])
    return float(low), float(high)


def mann_whitney(before: Sequence[float], after: Sequence[float]) -> float:
    from scipy.stats import mannwhitneyu

    return float(mannwhitneyu(before, after, alternative="two-sided").pvalue)


def holm(ps: Sequence[float]) -> list[float]:
    """Return the corrected p-values in the same order (Holm, 1979)."""
    corrected = [1.0] * len(ps)
    least = 0.0
    for rank, at in enumerate(sorted(range(len(ps)), key=lambda which: ps[which])):
        least = max(least, min(1.0, ps[at] * (len(ps) - rank)))
        corrected[at] = least
    return corrected
