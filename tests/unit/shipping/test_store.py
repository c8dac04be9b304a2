"""The store in memory: its limit is the memory that its records take."""

import tracemalloc

import pytest

from logops.shipping import Record
from logops.shipping.store import MemoryStore

LIMIT = 1024 * 1024


@pytest.mark.parametrize("characters", [0, 10, 200, 5000])
@pytest.mark.parametrize("pairs", [0, 1, 5])
@pytest.mark.parametrize("letter", ["x", "\N{GRINNING FACE}"], ids=["ascii", "emoji"])
def test_records_in_memory_take_no_more_than_the_limit(characters: int, pairs: int, letter: str) -> None:
    store = MemoryStore(LIMIT)
    labels = (("service", "shop"),)
    names = [f"field_{field}" for field in range(pairs)]
    number = 0
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        is_full = False
        while not is_full:
            number += 1
            metadata = tuple((name, f"{number}{letter}") for name in names)
            record = Record(number * 10**15, f"{number}{letter * characters}", labels, metadata)
            is_full = not store.append(*store.prepare(record))
        # The record that had no room.
        del record, metadata
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before <= LIMIT
