"""Check suspects again, so that a change made while the audit was reading is not reported as a fault."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from logops.audit.index.table_index import TableIndex
from logops.audit.judge.bucket import Bucket
from logops.audit.survey.objects import IndexFile

MAX_RECHECKED = 10_000
"""Suspects checked again per fault and table, sampled evenly."""

_UNINDEXED = ("chunk-orphaned", "marker-backlog", "ingester-not-uploading")
_IN_INDEX = {"chunk-missing": True, "retention-overshoot": True, **dict.fromkeys(_UNINDEXED, False)}
"""Whether the index must still list a chunk with this fault."""
_IN_BUCKET = {"chunk-missing": False, **dict.fromkeys(_UNINDEXED, True)}


def still_faulty(
    fault: str,
    keys: np.ndarray[Any, Any],
    names: Sequence[str],
    index: TableIndex,
    bucket: Bucket,
    table: str,
    read: Callable[[list[IndexFile]], TableIndex],
) -> np.ndarray[Any, Any]:
    """Return a mask of the suspects that are still faulty in the live bucket and index.

    keys    join keys of the suspects, shape (n,)
    names   their blob names, in the same order
    index   the index that was judged; read again if the table's files have changed

    Raises ObjectStoreError if the bucket cannot be read.
    """
    keep = np.ones(len(keys), bool)
    if fault in _IN_BUCKET:
        keep &= np.array(bucket.exists(names), bool) == _IN_BUCKET[fault]
    if not keep.any():
        return keep
    # Read the index after the bucket: a chunk that was deleted rightly left the index first.
    files = bucket.index_files(table)
    if {file.name for file in files} != {file.name for file in index.files}:
        keep &= np.isin(keys, read(files).keys) == _IN_INDEX[fault]
    return keep
