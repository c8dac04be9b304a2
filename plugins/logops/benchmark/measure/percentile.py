"""Percentiles of measured values."""

from collections.abc import Sequence


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return a percentile by nearest rank, which is always a measured value.

    >>> percentile([1.0, 2.0, 3.0, 4.0], 0.5)
    2.0
    """
    return ordered[max(0, -(-int(share * 100) * len(ordered) // 100) - 1)]
