"""How long a source may be silent before it surprises.

One rule for busy and for quiet sources: add up how surprising each bucket without a line is. For a busy source one
bucket is enough, for a source with a line per hour it takes hours. The limit is calibrated on the source's own pauses.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from logops.quality.bands.series import Counts
from logops.quality.bands.threshold import ALARMS_PER_WEEK

USUAL_SURPRISE = -math.log(1e-5)
"""Limit without calibration: a silence with a probability of 1 in 100,000."""
FEWEST_BUCKETS = 2
"""A single bucket without a line is no silence."""
_FEWEST_PAUSES = 50
_INCIDENTS = 1
"""So many pauses of the history may be incidents."""
_LONGER = 1.7


@dataclass(frozen=True, eq=False)
class Pauses:
    """For each bucket: the silence that it ends."""

    length: npt.NDArray[np.intp]
    """Buckets without a line, in a row. Absent buckets are not counted and end nothing."""
    surprise: Counts


def pauses(counts: Counts, surprise: Counts) -> Pauses:
    """Return the running silence at each bucket.

    surprise   how surprising a bucket without a line is, for each bucket
    """
    is_zero = counts == 0
    has_lines = counts > 0
    length = np.cumsum(is_zero)
    total = np.cumsum(np.where(is_zero, surprise, 0.0))
    last_with_lines = np.maximum.accumulate(np.where(has_lines, np.arange(len(counts)), -1))
    before = last_with_lines >= 0
    at = np.maximum(last_with_lines, 0)
    return Pauses(length - np.where(before, length[at], 0), total - np.where(before, total[at], 0))


def usual_limit(counts: Counts, surprise: Counts, weeks: float) -> float:
    """Return the surprise from which on a silence is a finding, from the pauses of the history."""
    running = pauses(counts, surprise)
    is_end = np.zeros(len(counts), bool)
    is_end[:-1] = (running.length[:-1] > 0) & (counts[1:] > 0)
    ended = running.surprise[is_end]
    if len(ended) < _FEWEST_PAUSES:
        return USUAL_SURPRISE
    usual, longest = float(np.median(ended)), float(np.sort(ended)[-1 - _INCIDENTS])
    scale = float(np.median(np.maximum(ended - usual, 0)[ended >= usual])) / math.log(2)
    continued = usual + scale * math.log(max(len(ended) / 2 / weeks / ALARMS_PER_WEEK, 1.0))
    return max(continued, _LONGER * longest)
