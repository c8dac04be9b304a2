"""Nights of the rolling audit on made-up chunks: what is read, how evenly, and never above the budget."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logops.audit.content.choose import Chooser, Stratum, batches_of, stats_of, target_bytes
from logops.clients.blob_storage.blobs import Tier

NIGHTS = 30
WITHIN_MS = NIGHTS * 86_400_000


@dataclass
class Bucket:
    """Chunks of tables and tenants, and the night in which each was read last."""

    sizes: list[Any]
    last_read: list[Any] = field(default_factory=list)
    times_read: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.last_read = [np.full(len(sizes), -NIGHTS - 1) for sizes in self.sizes]
        self.times_read = [np.zeros(len(sizes), int) for sizes in self.sizes]

    def read_night(self, night: int, budget: int | None) -> int:
        """Read what a run on this night reads. Return its bytes."""
        strata = [
            Stratum(
                day=nth,
                tenant=0,
                keys=np.arange(len(sizes), dtype=np.uint64),
                sizes=sizes,
                tiers=np.full(len(sizes), Tier.HOT),
                due=self.last_read[nth] <= night - NIGHTS,
                suspect=np.zeros(len(sizes), bool),
            )
            for nth, sizes in enumerate(self.sizes)
        ]
        stats = [stats_of(stratum, ~stratum.due) for stratum in strata]
        readable, due = sum(one.bytes for one in stats), sum(one.due_bytes for one in stats)
        wanted = target_bytes(readable, 0, WITHIN_MS, budget, full=False)
        chooser = Chooser(min(wanted / due, 1.0) if due else 0.0, budget, night)
        total = 0
        for nth, stratum in enumerate(strata):
            positions = chooser.choose(stratum)
            self.last_read[nth][positions] = night
            self.times_read[nth][positions] += 1
            total += int(stratum.sizes[positions].sum())
        return total


def bucket(tables: int, chunks: int) -> Bucket:
    random = np.random.default_rng(7)
    return Bucket([random.integers(1_000, 2_000_000, random.integers(1, chunks)) for _ in range(tables)])


def test_every_chunk_is_read_once_in_its_time() -> None:
    chunks = bucket(200, 60)
    for night in range(NIGHTS + 1):
        chunks.read_night(night, None)

    read = np.concatenate(chunks.times_read)
    assert read.min() >= 1
    assert np.mean(read == 1) > 0.9


def test_half_of_the_time_covers_half_of_every_table() -> None:
    """A random choice would miss a chunk in 2 by 1.4 of 8 standard deviations; this one misses by one chunk at most."""
    chunks = Bucket([np.full(64, 1_000) for _ in range(100)])
    for night in range(NIGHTS // 2):
        chunks.read_night(night, None)

    shares = [int(read.sum()) for read in chunks.times_read]
    assert min(shares) >= 30
    assert max(shares) <= 38


def test_small_tables_take_turns() -> None:
    """A night reads a thirtieth of the chunks: of tables with one chunk each, every thirtieth, spread over all ages."""
    chunks = Bucket([np.full(1, 1_000) for _ in range(900)])
    chunks.read_night(3, None)
    read = np.flatnonzero([times[0] for times in chunks.times_read])

    assert 28 <= len(read) <= 32
    assert max(np.diff(read)) <= 60


@pytest.mark.parametrize("night", range(5))
def test_budget_is_never_exceeded(night: int) -> None:
    chunks = bucket(50, 40)
    budget = sum(int(sizes.sum()) for sizes in chunks.sizes) // 100

    assert 0 < chunks.read_night(night, budget) <= budget


def test_small_budget_covers_everything_later() -> None:
    chunks = bucket(20, 30)
    budget = sum(int(sizes.sum()) for sizes in chunks.sizes) // 20
    for night in range(NIGHTS):
        chunks.read_night(night, budget)

    assert np.concatenate(chunks.times_read).min() >= 1


def test_damaged_chunks_are_read_first() -> None:
    sizes = np.array([10, 20, 30])
    stratum = Stratum(
        day=1,
        tenant=0,
        keys=np.arange(3, dtype=np.uint64),
        sizes=sizes,
        tiers=np.full(3, Tier.HOT),
        due=np.array([True, True, False]),
        suspect=np.array([False, False, True]),
    )

    assert Chooser(1.0, 30, 0).choose(stratum).tolist() == [2]
    assert Chooser(1.0, 40, 0).choose(stratum).tolist() == [0, 2]


@settings(max_examples=200)
@given(st.lists(st.integers(0, 100), max_size=50), st.integers(1, 200), st.integers(1, 9))
def test_batches_have_every_chunk_once_and_stay_in_their_limits(
    sizes: list[int], most_bytes: int, most_chunks: int
) -> None:
    batches = [*batches_of(np.zeros(len(sizes)), np.array(sizes, np.int64), most_bytes, most_chunks)]

    assert [row for start, end in batches for row in range(start, end)] == [*range(len(sizes))]
    for start, end in batches:
        assert end - start == 1 or sum(sizes[start:end]) <= most_bytes
        assert end - start <= most_chunks
