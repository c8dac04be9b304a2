"""Read the index of one table from the live bucket, with the join key of each chunk.

A join key is 64 bits of day, tenant, fingerprint, times and checksum. Among a hundred million chunks, two share a key
with a probability of 1 in 3,700. Such a pair cannot cause a false finding, because every finding is checked again in
the bucket. It could hide one missing chunk.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import numba
import numpy as np

from logops.audit.errors import AuditError
from logops.audit.index.placement import IndexMisplacedError, require_own_place
from logops.audit.judge.bucket import Bucket
from logops.audit.policy.retention import TenantRules
from logops.audit.survey.objects import IndexFile
from logops.clients.blob_storage import BlobMissingError
from logops.tsdb import Index, IndexFileError, read_index

_TRIES = 5
Columns = dict[str, np.ndarray[Any, Any]]


class IndexChangingError(AuditError):
    """The table's index files were replaced repeatedly while they were read."""


@dataclass(frozen=True)
class TableIndex:
    """The content of all readable index files of a table."""

    files: tuple[IndexFile, ...]
    """Files that were read, or tried. Those that are not in `unreadable` are in the order of `columns`."""
    columns: tuple[Columns, ...]
    """For each readable file: key, tenant, fingerprint, from_ms, through_ms, checksum, kb, entries, period_ms."""
    unreadable: tuple[tuple[IndexFile, IndexFileError], ...] = ()
    """With the reason: a damaged file, or one that is not of this table (IndexMisplacedError)."""

    @property
    def keys(self) -> np.ndarray[Any, Any]:
        """The distinct keys of all entries, sorted."""
        keys = [columns["key"] for columns in self.columns]
        return np.unique(np.concatenate(keys)) if keys else np.empty(0, np.uint64)

    def by_file(self) -> list[tuple[IndexFile, Columns]]:
        """Return each readable file with its columns."""
        unreadable = {file for file, _ in self.unreadable}
        return [*zip((file for file in self.files if file not in unreadable), self.columns, strict=True)]

    def without(self, misplaced: Sequence[tuple[IndexFile, IndexMisplacedError]]) -> "TableIndex":
        """Return the index without the content of these files."""
        left_out = {file for file, _ in misplaced}
        columns = tuple(columns for file, columns in self.by_file() if file not in left_out)
        return TableIndex(self.files, columns, (*self.unreadable, *misplaced))


@dataclass
class TenantNumbers:
    """Numbers of tenants: those of a survey first, then those that only an index names."""

    numbers: dict[str, int] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def of(self, name: str) -> int:
        """Return the number of a tenant. Safe for several threads."""
        with self._lock:
            return self.numbers.setdefault(name, len(self.numbers))


def read_table(
    files: Sequence[IndexFile],
    day: int,
    table: str,
    bucket: Bucket,
    rules: Mapping[str, TenantRules],
    default: TenantRules,
    numbers: TenantNumbers,
) -> TableIndex:
    """Read a table's index files: the listed `files`. If one is gone, because compaction replaced it, read the current
    files.

    Raises IndexChangingError, and ObjectStoreError if the bucket cannot be read.
    """
    for _ in range(_TRIES):
        columns: list[Columns] = []
        unreadable: list[tuple[IndexFile, IndexFileError]] = []
        try:
            for file in files:
                try:
                    index = read_index(bucket.read(file.name), file.name, file.tenant)
                    require_own_place(file, index)
                    columns.append(_columns(index, day, rules, default, numbers))
                except IndexFileError as error:
                    unreadable.append((file, error))
        except BlobMissingError:
            files = bucket.index_files(table)
            continue
        return TableIndex(tuple(files), tuple(columns), tuple(unreadable))
    raise IndexChangingError(f"the index files of {table} were replaced {_TRIES} times while they were read")


def _columns(
    index: Index, day: int, rules: Mapping[str, TenantRules], default: TenantRules, numbers: TenantNumbers
) -> Columns:
    batch = index.entries()
    names = ("tenant", "series", "fingerprint", "from_ms", "through_ms", "checksum", "kb", "entries")
    columns: Columns = {name: batch[name].to_numpy(zero_copy_only=False) for name in names}
    series = columns.pop("series")
    periods = np.empty(len(series), np.int64)
    for number, tenant in enumerate(index.tenants):
        tenant_rules = rules.get(tenant, default)
        theirs = slice(None) if len(index.tenants) == 1 else columns["tenant"] == number
        periods[theirs] = (
            tenant_rules.periods(index)[series[theirs]] if tenant_rules.streams else tenant_rules.period_ms
        )
    columns["period_ms"] = periods
    columns["tenant"] = np.array([numbers.of(name) for name in index.tenants], np.int32)[columns["tenant"]]
    columns["key"] = keys_of(
        day, *(columns[name] for name in ("tenant", "fingerprint", "from_ms", "through_ms", "checksum"))
    )
    return columns


@numba.njit(cache=True, nogil=True)
def _mixed(value):  # type: ignore[no-untyped-def]
    """SplitMix64's finaliser (Steele, Lea and Flood, 2014): every input bit changes half of the output bits."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


@numba.njit(cache=True, nogil=True)
def _keys(day, tenant, fingerprint, from_ms, through_ms, checksum, keys):  # type: ignore[no-untyped-def]
    start = np.uint64(day) << np.uint64(32)
    for row in range(len(keys)):
        key = _mixed((start | np.uint64(tenant[row])) + np.uint64(0x9E3779B97F4A7C15))
        key = _mixed(key ^ fingerprint[row])
        key = _mixed(key ^ np.uint64(from_ms[row]))
        key = _mixed(key ^ np.uint64(through_ms[row]))
        keys[row] = _mixed(key ^ np.uint64(checksum[row]))


def keys_of(
    day: int,
    tenant: np.ndarray[Any, Any],
    fingerprint: np.ndarray[Any, Any],
    from_ms: np.ndarray[Any, Any],
    through_ms: np.ndarray[Any, Any],
    checksum: np.ndarray[Any, Any],
) -> np.ndarray[Any, Any]:
    """Return the keys of a table's chunks. The columns are unsigned."""
    keys = np.empty(len(fingerprint), np.uint64)
    _keys(day, tenant, fingerprint, from_ms, through_ms, checksum, keys)
    return keys
