"""Coverage: the verified chunks of the last days, and the damage that they exclude. Pure.

A chunk's key is a hash of its name, the same in every run. An audit records ranges of keys, by table and tenant: every
chunk with a key in the range was read. So coverage needs no row for each chunk.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

Keys = np.ndarray[Any, np.dtype[np.uint64]]
_CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class KeyRange:
    """Keys of the chunks of a tenant in a table that a run read, both ends included."""

    table: str
    tenant: str
    first_key: int
    last_key: int
    chunks: int
    bytes: int


def is_covered(keys: Keys, ranges: Iterable[tuple[int, int]]) -> "np.ndarray[Any, np.dtype[np.bool_]]":
    """Return which keys are in any of the ranges."""
    ordered = sorted(ranges)
    if not ordered:
        return np.zeros(len(keys), bool)
    first = np.array([first for first, _ in ordered], np.uint64)
    # A range may contain a later one: the largest end so far decides.
    last = np.maximum.accumulate(np.array([last for _, last in ordered], np.uint64))
    position = np.searchsorted(first, keys, side="right")
    return (position > 0) & (keys <= last[np.maximum(position - 1, 0)])


def ranges_of(keys: Keys, positions: Any) -> list[tuple[int, int]]:
    """Return the ranges of the keys that were read, sorted, so that they contain no key that was not.

    positions   of each key among all keys of the tenant in the table
    """
    if not len(keys):
        return []
    starts = np.flatnonzero(np.r_[True, np.diff(positions) != 1])
    ends = np.r_[starts[1:], len(keys)] - 1
    return [(int(keys[start]), int(keys[end])) for start, end in zip(starts, ends, strict=True)]


def most_damaged(verified: int, damaged: int) -> float:
    """Return the largest share of damaged chunks that 95 % confidence does not exclude.

    The exact one-sided bound of Clopper and Pearson (1934): with this share, a random sample of `verified` chunks would
    contain `damaged` or fewer in 5 % of all cases. Keys are hashes, so the verified chunks are a random sample.

    >>> round(most_damaged(1_000, 0), 6), round(most_damaged(1_000, 2), 6), most_damaged(0, 0)
    (0.002991, 0.006282, 1.0)
    """
    if damaged >= verified:
        return 1.0
    low, high = damaged / verified, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if _at_most(damaged, verified, middle) > 1 - _CONFIDENCE:
            low = middle
        else:
            high = middle
    return high


def _at_most(damaged: int, verified: int, share: float) -> float:
    """Return the probability of at most `damaged` in a sample."""
    if share >= 1.0:
        return 0.0
    logarithms = [
        math.lgamma(verified + 1)
        - math.lgamma(count + 1)
        - math.lgamma(verified - count + 1)
        + count * math.log(share or 1e-300)
        + (verified - count) * math.log1p(-share)
        for count in range(damaged + 1)
    ]
    return math.fsum(map(math.exp, logarithms))


@dataclass(frozen=True)
class Coverage:
    """How much was verified within a time."""

    chunks: int
    """Chunks outside the Archive tier."""
    bytes: int
    verified_chunks: int
    verified_bytes: int
    damaged: int
    """Verified chunks that are damaged."""

    def sentence(self, within_days: float) -> str:
        """Return the coverage and what it proves.

        >>> Coverage(100_000, 1_000, 63_000, 610, 0).sentence(30)
        '61 % of bytes verified within 30 days; at 95 % confidence fewer than 1 in 21,000 chunks is damaged'
        """
        if not self.chunks:
            return "no chunks to verify"
        # Rounded down: 100 % are all.
        share = f"{100 * self.verified_bytes // max(self.bytes, 1)} % of bytes verified within {within_days:.0f} days"
        if self.verified_chunks >= self.chunks:
            return f"{share}: every chunk was read, {f'{self.damaged:,}' if self.damaged else 'none'} damaged"
        if not self.verified_chunks:
            return share
        one_in = _two_digits(1 / most_damaged(self.verified_chunks, self.damaged))
        return f"{share}; at 95 % confidence fewer than 1 in {one_in:,} chunks is damaged"


def _two_digits(value: float) -> int:
    """Return a number rounded down to two digits that matter."""
    step: int = 10 ** max(len(str(int(value))) - 2, 0)
    return int(value) // step * step
