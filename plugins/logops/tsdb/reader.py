"""Read a TSDB index file: every chunk in it, with every checksum verified."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

from logops.tsdb.contents import CONTENTS_LENGTH, Contents, read_contents
from logops.tsdb.entries import entries_schema
from logops.tsdb.errors import IndexCorruptError
from logops.tsdb.faults import NONE, WORDS
from logops.tsdb.index import TENANT_LABEL, Index, Symbols
from logops.tsdb.integers import be32
from logops.tsdb.sections import LABEL_INDEX_KEYS, POSTINGS_KEYS, check_listed, find_symbols, open_section
from logops.tsdb.series import NO_SYMBOL, read_chunks, read_series
from logops.tsdb.unpack import unpack

if TYPE_CHECKING:
    import pyarrow as pa

LARGEST_INDEX = 4 << 30
_THREADS = os.cpu_count() or 1
_CHUNKS_PER_THREAD, _SERIES_PER_THREAD = 250_000, 50_000
"""Minimum work for one more thread."""
_NO_TENANTS = np.empty(0, np.int64)

_NO_LABEL = bytes((POSTINGS_KEYS, 0, 0))

Bytes = np.ndarray[Any, np.dtype[np.uint8]]
Numbers = np.ndarray[Any, np.dtype[np.int64]]


def read_index(data: bytes, name: str, tenant: str = "", limit: int = LARGEST_INDEX) -> Index:
    """Return the index in a blob, formats V2 and V3 as Loki 3.7 writes them.

    name     name of the blob. If it ends with .gz, the blob is unpacked, to at most `limit` bytes
    tenant   from the path of a compacted file. Empty for an ingester's file, in which the label __loki_tenant__ of each
             series names its tenant

    Raises IndexFileError: IndexCorruptError, IndexVersionError, IndexTooLargeError.
    """
    return _Reading(np.frombuffer(unpack(data, name, limit), np.uint8), name).read(tenant)


class _Reading:
    """One file while it is read."""

    def __init__(self, data: Bytes, name: str) -> None:
        self.data = data
        self.name = name
        self.limit = len(data) - CONTENTS_LENGTH
        """The end of the sections."""

    def read(self, tenant: str) -> Index:
        contents = read_contents(self.data, self.name)
        symbols = self._symbols(contents)
        references, count = self._references(contents)
        self._section(contents.fingerprint_offsets, "the table of fingerprint offsets")

        tenant_symbol = NO_SYMBOL if tenant else symbols.number(TENANT_LABEL)
        parts = np.empty((count, 6), np.int64)

        def read(first: int, end: int) -> tuple[int, int]:
            first_reference = references + 4 * first
            return read_series(
                self.data, first_reference, self.limit, contents.version, len(symbols), tenant_symbol, parts[first:end]
            )

        self._in_parts(read, np.arange(count + 1), _SERIES_PER_THREAD)
        if not tenant and tenant_symbol == NO_SYMBOL and count:
            raise IndexCorruptError(
                self.name, contents.symbols, "no series has a label __loki_tenant__, and no tenant is given"
            )
        tenant_symbols, tenants = (_NO_TENANTS, _NO_TENANTS) if tenant else np.unique(parts[:, 5], return_inverse=True)
        return Index(
            version=contents.version,
            from_ms=contents.from_ms,
            through_ms=contents.through_ms,
            checksum=contents.checksum,
            tenants=(tenant,) if tenant else tuple(symbols.text(symbol) for symbol in tenant_symbols),
            entries=self._entries(parts, tenants.astype(np.int32)),
            data=self.data,
            symbols=symbols,
            labels=parts[:, 1].copy(),
        )

    def _symbols(self, contents: Contents) -> Symbols:
        what = "the symbol table"
        start, end = self._section(contents.symbols, what)
        count = int(be32(self.data, start))
        if end - start < 4 or count > end - start - 4:
            raise IndexCorruptError(
                self.name, start, f"{what} has {count} symbols in {end - start} bytes, too few bytes"
            )
        starts = np.empty(count, np.int64)
        ends = np.empty(count, np.int64)
        self._check(*find_symbols(self.data, start + 4, end, starts, ends), what)
        return Symbols(self.data, starts, ends)

    def _references(self, contents: Contents) -> tuple[int, int]:
        """Return the offset of the list of all series, and its length. Loki stores them as the postings of the empty
        label."""
        self._listed(contents.label_indices_table, LABEL_INDEX_KEYS, "the label indices")
        first = self._listed(contents.postings_table, POSTINGS_KEYS, "the postings")
        entry = contents.postings_table + 8
        if first < 0 or self.data[entry : entry + len(_NO_LABEL)].tobytes() != _NO_LABEL:
            raise IndexCorruptError(self.name, entry, "the postings do not start with the list of all series")
        start = first + 4
        return start + 4, int(be32(self.data, start))

    def _listed(self, table: int, keys: int, what: str) -> int:
        """Check an offset table and all sections that it lists. Return the start of the first section."""
        start, end = self._section(table, f"the table of {what}")
        if end - start < 4:
            raise IndexCorruptError(self.name, start, f"the table of {what} has {end - start} bytes")
        fault, offset, first = check_listed(self.data, start, end, keys, self.limit)
        self._check(fault, offset, f"a section of {what}")
        return int(first)

    def _section(self, offset: int, what: str) -> tuple[int, int]:
        fault, start, end = open_section(self.data, min(offset, len(self.data)), self.limit)
        self._check(fault, offset, what)
        return int(start), int(end)

    def _entries(self, parts: Numbers, tenants: "np.ndarray[Any, np.dtype[np.int32]]") -> "pa.RecordBatch":
        import pyarrow as pa

        schema = entries_schema()
        rows = np.concatenate((np.zeros(1, np.int64), np.cumsum(parts[:, 4])))
        tenant, *other_types = (field.type.to_pandas_dtype() for field in schema)
        columns = [np.zeros(rows[-1], tenant), *(np.empty(rows[-1], kind) for kind in other_types)]

        def read(first: int, end: int) -> tuple[int, int]:
            part = (column[rows[first] : rows[end]] for column in columns)
            return read_chunks(self.data, parts[first:end], first, tenants[first:end], *part)

        self._in_parts(read, rows, _CHUNKS_PER_THREAD)
        return pa.record_batch([pa.array(column) for column in columns], schema=schema)

    def _in_parts(self, read: Callable[[int, int], tuple[int, int]], work: Numbers, work_per_thread: int) -> None:
        """Read the series in parallel parts of about equal work.

        work              the cumulative work before each series, and the total
        work_per_thread   the minimum work for one more thread
        """
        parts = min(_THREADS, 1 + int(work[-1]) // work_per_thread)
        cuts = np.searchsorted(work, np.linspace(0, work[-1], parts + 1)[1:-1]).tolist()
        starts, ends = [0, *cuts], [*cuts, len(work) - 1]
        if parts == 1:
            # Most files are small, and a thread takes as long as 20,000 chunks.
            results = [read(starts[0], ends[0])]
        else:
            with ThreadPoolExecutor(parts) as threads:
                results = [*threads.map(read, starts, ends)]
        for fault, offset in results:
            self._check(fault, offset, "a series")

    def _check(self, fault: int, offset: int, what: str) -> None:
        if fault != NONE:
            raise IndexCorruptError(self.name, offset, f"{what} {WORDS[fault]}")
