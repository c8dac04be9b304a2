"""Finds a step in a series of nights, and lets noise alone.

A night is one number: the level of its rounds (level.py), or the bytes that were read. The newest 2 to 14 nights are
held against the 28 before them (10 at least), in logarithms, without the extremes of either: a t-test whose level is
such that all tests of a month together give a false alarm in about 1 of 100, bad nights apart. Where a busy night is
often followed by another, the noise is taken to be as much larger as that makes means differ. So that one bad night is
none, each of the newest must be slower than usual by some of the noise between nights.

False alarms and power are published by benchmarks/detector_power.py, simulated, and benchmarks/detector_on_loki.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import exp, log, sqrt

BASELINE = 28
FEWEST_BEFORE = 10
NEWEST = range(2, 15)
FEWEST = FEWEST_BEFORE + min(NEWEST)
"""Nights, below which nothing is said."""
EACH = {2: 2.4, 3: 2.6, 4: 2.0, 5: 1.6, 6: 1.3, 7: 1.1, 8: 0.9}
"""By how many standard deviations each of so many newest nights must be slower than usual; of more: 0. Two need less
than three, so that a fifth is found by the second night."""
LEVEL = 2e-4
"""Of one test. Those of a month overlap: simulated, this and EACH give what the docstring says."""
LEAST_STEP = 1.05
LEAST_SOON = 1.11
"""Of two nights alone: two that are slow by chance lie below it in most cases, those of a fifth above it."""
NOISY = 0.08
"""Noise between nights, from which on a fifth slower is not found within a week in most cases."""


@dataclass(frozen=True)
class Step:
    """Since `nights` nights it is `ratio` times what it was."""

    nights: int
    ratio: float
    before: float
    after: float


@dataclass(frozen=True)
class History:
    """What is said of a series."""

    nights: int
    step: Step | None = None
    usual: float | None = None
    """None, as `noise`, where there are too few nights."""
    noise: float | None = None
    """Standard deviation between nights, as a share."""

    @property
    def too_few(self) -> bool:
        return self.noise is None

    @property
    def too_noisy(self) -> bool:
        return self.step is None and self.noise is not None and self.noise > NOISY

    def told(self) -> str:
        """In a few words, for a table."""
        if self.step:
            return f"{self.step.ratio:.2f} times for {self.step.nights} nights"
        if self.noise is None:
            return f"{self.nights} of {FEWEST} nights"
        return f"too noisy: {self.noise:.0%}" if self.too_noisy else f"as usual, {self.noise:.0%} noise"


def look(nights: Sequence[float], least: float = LEAST_STEP) -> History:
    """Of a series, oldest first, each above 0; a step is of `least` times at least."""
    logs = [log(one) for one in nights]
    if len(logs) < FEWEST:
        return History(len(logs))
    sooner = max(least, LEAST_SOON)
    found = [
        one
        for count in NEWEST
        if (one := stands_out(logs, count, log(sooner if count == min(NEWEST) else least))) is not None
    ]
    usual, noise, _ = _middle(logs[-BASELINE:])
    # The split that stands out most says since when.
    step = max(found, key=lambda one: (one[0], one[1].nights))[1] if found else None
    return History(len(logs), step, step.before if step else exp(usual), noise)


def stands_out(logs: Sequence[float], count: int, least: float) -> tuple[float, Step] | None:
    """How far it stands out, and the step, if the newest `count` nights are one. All in logarithms."""
    before, newest = logs[:-count][-BASELINE:], sorted(logs[-count:])
    if len(before) < FEWEST_BEFORE:
        return None
    usual, noise, kept = _middle(before)
    noise *= _widened(before)
    # Without the slowest: they may be bad nights.
    newest = newest if count == min(NEWEST) else newest[: count - 1 - count // 5]
    rise = sum(newest) / len(newest) - usual
    error = noise * sqrt(1 / len(newest) + 1 / len(before))
    if rise <= max(threshold(kept - 1) * error, least) or newest[0] - usual <= EACH.get(count, 0) * noise:
        return None
    return rise / max(error, 1e-12), Step(count, exp(rise), exp(usual), exp(usual + rise))


def _middle(logs: Sequence[float]) -> tuple[float, float, int]:
    """Mean and standard deviation without the slowest and the fastest tenth, and how many that leaves."""
    left_out = len(logs) // 10
    kept = sorted(logs)[left_out : len(logs) - left_out]
    mean = sum(kept) / len(kept)
    spread = sqrt(sum((one - mean) ** 2 for one in kept) / (len(kept) - 1))
    return mean, spread / _narrowed(len(logs), left_out), len(kept)


def _widened(logs: Sequence[float]) -> float:
    """By how much means of nights that follow each other differ more than those of independent ones would: of a first
    order autoregression, sqrt((1 + r) / (1 - r)) where they are many (Zieba and Ramza, 2011)."""
    mean = sum(logs) / len(logs)
    off = [one - mean for one in logs]
    total = sum(one**2 for one in off)
    # Estimated of few, it comes out too small by about 1 of their number (Marriott and Pope, 1954).
    r = sum(a * b for a, b in pairwise(off)) / total + 1 / len(logs) if total else 0.0
    return sqrt((1 + r) / (1 - r)) if 0 < r < 1 else 1.0


@lru_cache(maxsize=BASELINE)
def _narrowed(count: int, left_out: int) -> float:
    """What leaving out the extremes does to the standard deviation of a normal sample, by its expected order
    statistics (Blom, 1958)."""
    from scipy.stats import norm

    expected = [float(norm.ppf((rank - 0.375) / (count + 0.25))) for rank in range(1, count + 1)]

    def variance(values: Sequence[float]) -> float:
        return sum(value**2 for value in values) / (len(values) - 1)

    return sqrt(variance(expected[left_out : count - left_out]) / variance(expected))


@lru_cache(maxsize=BASELINE)
def threshold(degrees: int) -> float:
    """Of Student's t, one-sided."""
    from scipy.stats import t

    return float(t.isf(LEVEL, degrees))
