"""Find a step in a series of nights, and ignore noise.

A night is one number: the geometric mean of its rounds (measure/typical_time.py), or the bytes read. The newest 2 to
14 nights are compared with the 28 before them (at least 10), in logarithms, without the extremes of either side: a
t-test. Its significance level is chosen so that all tests of a month give a false alarm in about 1 % of the months,
without bad nights. If busy nights follow each other, the noise counts as larger. To ignore a single bad night, each of
the newest nights must be slower than usual by some standard deviations.

benchmarks/detector_power.py measures false alarms and power in simulation, benchmarks/detector_on_loki.py on a real
Loki.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import exp, log, sqrt

from logops.number_text import count_text

BASELINE = 28
MIN_BASELINE = 10
NEWEST = range(2, 15)
MIN_NIGHTS = MIN_BASELINE + min(NEWEST)
"""With fewer nights there is no verdict."""
MIN_DEVIATIONS = {2: 2.4, 3: 2.6, 4: 2.0, 5: 1.6, 6: 1.3, 7: 1.1, 8: 0.9}
"""Standard deviations by which each of this many newest nights must be slower than usual; 0 for more nights. Two nights
need less than three, so that a slowdown of 20 % is found by the second night."""
SIGNIFICANCE = 2e-4
"""Significance level of one test. The tests of a month overlap: the module's docstring states the false alarms, from a
simulation with MIN_DEVIATIONS."""
MIN_STEP = 1.05
MIN_STEP_OF_TWO = 1.11
"""Minimum step of two nights: most steps of two nights by chance are smaller, most slowdowns of 20 % are larger."""
NOISY = 0.08
"""With this noise between nights or more, most slowdowns of 20 % are not found within a week."""


@dataclass(frozen=True)
class StepChange:
    """A step: for `nights` nights the series has been `ratio` times as large as before."""

    nights: int
    ratio: float
    before: float
    after: float


@dataclass(frozen=True)
class StepVerdict:
    """The verdict on a series."""

    nights: int
    step: StepChange | None = None
    usual: float | None = None
    """None, like `noise`, if there are too few nights."""
    noise: float | None = None
    """Standard deviation between nights, relative; with a step, between the nights before it."""

    @property
    def too_few(self) -> bool:
        return self.noise is None

    @property
    def too_noisy(self) -> bool:
        return self.step is None and self.noise is not None and self.noise > NOISY

    def text(self) -> str:
        """Return a short text for a table."""
        if self.step:
            return f"{self.step.ratio:.2f} times for {count_text(self.step.nights, 'night')}"
        if self.noise is None:
            return f"{self.nights} of {MIN_NIGHTS} nights"
        return f"too noisy: {self.noise:.0%}" if self.too_noisy else f"as usual, {self.noise:.0%} noise"


def detect_step(nights: Sequence[float], least: float = MIN_STEP) -> StepVerdict:
    """Judge a series of positive numbers, oldest first. A step is at least `least`."""
    logs = [log(night) for night in nights]
    if len(logs) < MIN_NIGHTS:
        return StepVerdict(len(logs))
    least_of_two = max(least, MIN_STEP_OF_TWO)
    steps = [
        candidate
        for count in NEWEST
        if (candidate := significant_step(logs, count, log(least_of_two if count == min(NEWEST) else least)))
        is not None
    ]
    usual, noise, _ = _trimmed(logs[-BASELINE:])
    # The split with the highest significance dates the step.
    step = max(steps, key=lambda candidate: (candidate[0], candidate[1].nights))[1] if steps else None
    if step:
        # The nights of the step are no noise.
        _, noise, _ = _trimmed(logs[: -step.nights][-BASELINE:])
    return StepVerdict(len(logs), step, step.before if step else exp(usual), noise)


def significant_step(logs: Sequence[float], count: int, least: float) -> tuple[float, StepChange] | None:
    """Return the significance and the step if the newest `count` nights are one, else None. All in logarithms."""
    before, newest = logs[:-count][-BASELINE:], sorted(logs[-count:])
    if len(before) < MIN_BASELINE:
        return None
    usual, noise, kept = _trimmed(before)
    noise *= _autocorrelation_factor(before)
    # Without the slowest nights, which may be bad nights.
    newest = newest if count == min(NEWEST) else newest[: count - 1 - count // 5]
    rise = sum(newest) / len(newest) - usual
    error = noise * sqrt(1 / len(newest) + 1 / len(before))
    if rise <= max(t_threshold(kept - 1) * error, least) or newest[0] - usual <= MIN_DEVIATIONS.get(count, 0) * noise:
        return None
    return rise / max(error, 1e-12), StepChange(count, exp(rise), exp(usual), exp(usual + rise))


def _trimmed(logs: Sequence[float]) -> tuple[float, float, int]:
    """Return mean and standard deviation without the slowest and fastest 10 %, and the number of nights left."""
    left_out = len(logs) // 10
    kept = sorted(logs)[left_out : len(logs) - left_out]
    mean = sum(kept) / len(kept)
    spread = sqrt(sum((value - mean) ** 2 for value in kept) / (len(kept) - 1))
    return mean, spread / _trimming_factor(len(logs), left_out), len(kept)


def _autocorrelation_factor(logs: Sequence[float]) -> float:
    """Return how much more the means of consecutive nights vary than those of independent nights.

    For a first-order autoregression with many nights it is sqrt((1 + r) / (1 - r)) (Zieba and Ramza, 2011).
    """
    mean = sum(logs) / len(logs)
    off = [value - mean for value in logs]
    total = sum(value**2 for value in off)
    # The estimate from few nights is too small by about 1 / their number (Marriott and Pope, 1954).
    r = sum(a * b for a, b in pairwise(off)) / total + 1 / len(logs) if total else 0.0
    return sqrt((1 + r) / (1 - r)) if 0 < r < 1 else 1.0


@lru_cache(maxsize=BASELINE)
def _trimming_factor(count: int, left_out: int) -> float:
    """Return how leaving out the extremes reduces the standard deviation of a normal sample, from its expected order
    statistics (Blom, 1958)."""
    from scipy.stats import norm

    expected = [float(norm.ppf((rank - 0.375) / (count + 0.25))) for rank in range(1, count + 1)]

    def variance(values: Sequence[float]) -> float:
        return sum(value**2 for value in values) / (len(values) - 1)

    return sqrt(variance(expected[left_out : count - left_out]) / variance(expected))


@lru_cache(maxsize=BASELINE)
def t_threshold(degrees: int) -> float:
    """Return the one-sided threshold of Student's t."""
    from scipy.stats import t

    return float(t.isf(SIGNIFICANCE, degrees))
