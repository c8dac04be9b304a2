"""Two runs against each other: two clusters, two configurations, before and after a rollout.

Method: the ratio of the medians with a 95 % bootstrap interval (percentile, 4,000 resamples, seeded); Mann-Whitney's
test, two-sided, corrected by Holm over all that is compared. A difference counts where the corrected test says so, the
interval leaves out 1, and the ratio is 5 % at least. Alike is said where the interval leaves out a fifth.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from operator import attrgetter
from statistics import median

from logops.benchmark.nights import by_arm
from logops.benchmark.sample import Sample
from logops.benchmark.shots import Arm
from logops.benchmark.why import why, work_of

FEWEST = 8
"""Answers on each side."""
LEAST_EFFECT = 0.05
LEVEL = 0.05
ALIKE_WITHIN = 1.2
"""Alike is what is known to differ by less than this factor; of anything wider nobody knows."""
RESAMPLES = 4000
_MEASURED: dict[str, Callable[[Sample], object]] = {
    "configuration of the cluster": attrgetter("configuration"),
    "text": attrgetter("text"),
    "step": attrgetter("step_s"),
    "cluster or tenant": attrgetter("cluster", "tenant"),
    "queries at a time": attrgetter("concurrency"),
}


class Word(StrEnum):
    SLOWER = "slower"
    FASTER = "faster"
    ALIKE = "alike"
    UNSURE = "too noisy to say"
    FEW = "too few answers to say"


@dataclass(frozen=True)
class Comparison:
    """Of one arm: `ratio` is after / before, 1.2 means a fifth slower."""

    arm: Arm
    word: Word
    ratio: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    """Corrected."""
    before_s: float | None = None
    after_s: float | None = None
    why: str = ""


def compare(before: Iterable[Sample], after: Iterable[Sample]) -> list[Comparison]:
    """Every arm that both sides have, in the order of `before`."""
    sides = _answered(before), _answered(after)
    pairs = [(arm, found, sides[1][arm]) for arm, found in sides[0].items() if arm in sides[1]]
    enough = [pair for pair in pairs if min(len(pair[1]), len(pair[2])) >= FEWEST]
    corrected = holm([mann_whitney(_seconds(a), _seconds(b)) for _, a, b in enough])
    judged = {arm: _judged(arm, a, b, p) for (arm, a, b), p in zip(enough, corrected, strict=True)}
    return [judged.get(arm) or Comparison(arm, Word.FEW) for arm, _, _ in pairs]


def differing(before: Iterable[Sample], after: Iterable[Sample]) -> list[str]:
    """In what the two sides were measured otherwise, each with the queries of both of which that is so."""
    sides = [{arm: own[0] for arm, own in by_arm(samples).items()} for samples in (before, after)]
    both = [(arm.query, sides[0][arm], sides[1][arm]) for arm in sides[0] if arm in sides[1]]
    told = []
    for kind, read in _MEASURED.items():
        names = dict.fromkeys(name for name, a, b in both if read(a) != read(b))
        if names:
            told.append(f"{kind}: {', '.join(names)}")
    return told


def in_turns(before: Iterable[Sample], after: Iterable[Sample]) -> bool:
    """Whether one side was still measured when the other was: what the machine did meanwhile, it did to both."""
    spans = [(min(started), max(started)) for started in ([one.started_ns for one in side] for side in (before, after))]
    return max(first for first, _ in spans) <= min(last for _, last in spans)


def _answered(samples: Iterable[Sample]) -> dict[Arm, list[Sample]]:
    """Also of the arms that were never answered."""
    return {arm: [one for one in own if one.judged] for arm, own in by_arm(samples).items()}


def _seconds(samples: Sequence[Sample]) -> list[float]:
    return [one.seconds for one in samples]


def _judged(arm: Arm, before: list[Sample], after: list[Sample], p: float) -> Comparison:
    low, high = interval(_seconds(before), _seconds(after))
    was, now = median(_seconds(before)), median(_seconds(after))
    ratio = now / was
    word = worded(ratio, low, high, p)
    told = why(work_of(before), work_of(after)) if word is Word.SLOWER else ""
    return Comparison(arm, word, ratio, low, high, p, was, now, told)


def worded(ratio: float, low: float, high: float, p: float) -> Word:
    if p < LEVEL and low > 1 and ratio >= 1 + LEAST_EFFECT:
        return Word.SLOWER
    if p < LEVEL and high < 1 and ratio <= 1 / (1 + LEAST_EFFECT):
        return Word.FASTER
    return Word.ALIKE if low > 1 / ALIKE_WITHIN and high < ALIKE_WITHIN else Word.UNSURE


def interval(before: Sequence[float], after: Sequence[float], seed: int = 0) -> tuple[float, float]:
    """Of the ratio of the medians, 95 %."""
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
    """Corrected for as many tests, in the same order (Holm, 1979)."""
    corrected = [1.0] * len(ps)
    least = 0.0
    for rank, at in enumerate(sorted(range(len(ps)), key=lambda which: ps[which])):
        least = max(least, min(1.0, ps[at] * (len(ps) - rank)))
        corrected[at] = least
    return corrected
