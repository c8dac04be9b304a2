"""Match blobs with index entries."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from logops.audit.judge.match import match

KEYS = st.lists(st.sampled_from([0, 1, 8, 1 << 32, (1 << 64) - 1, (1 << 64) - 8]) | st.integers(0, (1 << 64) - 1))
"""With keys that need the same place in a small hash table."""


@given(blobs=KEYS, entries=KEYS)
def test_every_blob_finds_first_entry_with_its_key_and_other_entries_are_left(
    blobs: list[int], entries: list[int]
) -> None:
    entry_of_blob, alone = match(np.array(blobs, np.uint64), np.array(entries, np.uint64))

    assert entry_of_blob.tolist() == [entries.index(key) if key in entries else -1 for key in blobs]
    assert alone.tolist() == [entries.index(key) for key in dict.fromkeys(entries) if key not in blobs]
