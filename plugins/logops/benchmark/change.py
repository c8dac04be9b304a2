"""Finds a step in a series of nights, and lets noise alone.

A night is the median of its rounds. The newest 2, 3 and 5 nights are held against the 28 before them (at least 10),
by a t-test of the logarithms whose level is such that all tests of a month together give a false alarm in less than 1
of 100; and the step must be 5 % at least. So that one bad night is none, each of the newest must itself be slower than
usual, by some of the noise between nights. `python benchmarks/detector_power.py` publishes false alarms and power.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import exp, log, sqrt
from statistics import fmean, stdev

BASELINE = 28
FEWEST_BEFORE = 10
NEWEST = {2: 2.3, 3: 1.5, 5: 0.7}
"""How many, and by how many standard deviations each of them must be slower than usual."""
LEAST_STEP = 0.05
FALSE_ALARMS_A_MONTH = 0.01
NIGHTS_A_MONTH = 30
NOISY = 0.12
"""Standard deviation of the logarithms, from which on a step of a fifth would not be found within a week."""


@dataclass(frozen=True)
class Step:
    """Since `nights` nights it takes `ratio` times what it took."""

    nights: int
    ratio: float
    before: float
    after: float


@dataclass(frozen=True)
class History:
    """What is said of a series."""

    nights: int
    step: Step | None
    noise: float | None
    """Standard deviation between nights, as a share; None where there are too few."""

    @property
    def too_few(self) -> bool:
        return self.noise is None

    @property
    def too_noisy(self) -> bool:
        return self.step is None and self.noise is not None and self.noise > NOISY


def look(medians: Sequence[float]) -> History:
    """Oldest first, each above 0."""
    logs = [log(one) for one in medians]
    if len(logs) < FEWEST_BEFORE + min(NEWEST):
        return History(len(logs), None, None)
    steps = [step for count in NEWEST if (step := _step(logs, count)) is not None]
    # The one that most nights confirm.
    return History(len(logs), steps[-1] if steps else None, stdev(logs[-BASELINE:]))


def _step(logs: Sequence[float], count: int) -> Step | None:
    before, newest = logs[:-count][-BASELINE:], logs[-count:]
    if len(before) < FEWEST_BEFORE:
        return None
    usual, noise = fmean(before), stdev(before)
    # Of three and more, without the slowest: it may be one bad night.
    rise = fmean(newest if count == min(NEWEST) else sorted(newest)[:-1]) - usual
    sure = threshold(len(before) - 1) * noise * sqrt(1 / count + 1 / len(before))
    if rise <= max(sure, log(1 + LEAST_STEP)) or min(newest) - usual <= NEWEST[count] * noise:
        return None
    return Step(count, exp(rise), exp(usual), exp(fmean(newest)))


@lru_cache(maxsize=BASELINE)
def threshold(degrees: int) -> float:
    """Of Student's t, one-sided, for each of a month's tests."""
    from scipy.stats import t

    return float(t.isf(FALSE_ALARMS_A_MONTH / NIGHTS_A_MONTH / len(NEWEST), degrees))
