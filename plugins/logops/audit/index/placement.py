"""Check that an index file is the one of its table and tenant. Pure.

Loki reads any valid index file, wherever it lies. So a file that was copied over another one breaks queries without an
error: they miss the chunks of the day, or look for chunks that the tenant does not have.
"""

from datetime import UTC, datetime

import numpy as np

from logops.audit.survey.blob_names import content_in_name
from logops.audit.survey.objects import DAY_MS, IndexFile
from logops.number_text import count_text
from logops.tsdb import Index, IndexFileError


class IndexMisplacedError(IndexFileError):
    """An index file is intact, but it is another file than its name and its place say. None of its content is used."""

    damaged = False

    def __init__(self, name: str, what: str) -> None:
        super().__init__(name, what, offset=0)
        self.args = (f"The index file {name} is not the one that Loki wrote there: {what}.",)


def require_own_place(file: IndexFile, index: Index) -> None:
    """Raise IndexMisplacedError if a file is not what its name says, or if it lists chunks without lines of its day."""
    named, content = content_in_name(file.name), (index.from_ms, index.through_ms, index.checksum)
    if named and named != content:
        raise IndexMisplacedError(
            file.name, f"its name says {_content(*named)}, and its content is an index of {_content(*content)}"
        )
    entries = index.entries()
    from_ms, through_ms = entries["from_ms"].to_numpy(), entries["through_ms"].to_numpy()
    # Loki lists a chunk in the table of each day of which it has lines (indexBuckets in tsdb/util.go).
    outside = np.flatnonzero((through_ms < file.day * DAY_MS) | (from_ms >= (file.day + 1) * DAY_MS))
    if len(outside):
        first = outside[0]
        raise IndexMisplacedError(
            file.name,
            f"of {count_text(len(entries), 'chunk')} in it, {len(outside):,} without lines of "
            f"{_time(file.day * DAY_MS)[:10]}; the first has lines {_range(from_ms[first], through_ms[first])}",
        )


def of_other_tenant(file: IndexFile, owner: str, chunks: int) -> IndexMisplacedError:
    """Return the error for a file that lists chunks which another tenant has in the bucket."""
    return IndexMisplacedError(
        file.name, f"it lists {count_text(chunks, 'chunk')} that {file.tenant} does not have, and {owner} has"
    )


def _content(from_ms: int, through_ms: int, checksum: int) -> str:
    return f"lines {_range(from_ms, through_ms)} with checksum {checksum:x}"


def _range(from_ms: int, through_ms: int) -> str:
    return f"from {_time(from_ms)} to {_time(through_ms)}"


def _time(time_ms: int) -> str:
    return f"{datetime.fromtimestamp(time_ms / 1000, UTC):%Y-%m-%d %H:%M:%S}"
