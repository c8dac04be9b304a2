"""Suspects looked at again, so that what changed while the audit read is no finding."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from logops.audit.index.table_index import TableIndex
from logops.audit.judge.bucket import Bucket
from logops.audit.survey.objects import IndexFile

MAX_RECHECKED = 10_000
"""Of a class and table, drawn evenly."""

_UNINDEXED = ("chunk-orphaned", "marker-backlog", "ingester-not-uploading")
_IN_INDEX = {"chunk-missing": True, "retention-overshoot": True, **dict.fromkeys(_UNINDEXED, False)}
"""Whether the index still has a chunk of this fault."""
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
    """Which suspects are as they seemed, in the bucket and in the table's index as both are now: a mask.

    `index` is what was judged; it is read again where its files are others by now. Raises ObjectStoreError.
    """
    keep = np.ones(len(keys), bool)
    if fault in _IN_BUCKET:
        keep &= np.array(bucket.exists(names), bool) == _IN_BUCKET[fault]
    if not keep.any():
        return keep
    # AuditRequest after the blobs: what left the bucket rightly had left the index before.
    files = bucket.index_files(table)
    if {file.name for file in files} != {file.name for file in index.files}:
        keep &= np.isin(keys, read(files).keys) == _IN_INDEX[fault]
    return keep
