"""Parse blob names with Loki's key layout.

chunks             TENANT/FINGERPRINT/FROM-THROUGH-CHECKSUM, hexadecimal, milliseconds (ExternalKey in
                   pkg/storage/config/schema_config.go; on Azure `:` becomes `-`, object_store.azure.chunk_delimiter)
ingesters' index   index/TABLE/SECONDS-INGESTER.tsdb.gz (pkg/storage/stores/shipper/indexshipper/tsdb/identifier.go)
compacted index    index/TABLE/TENANT/NANOSECONDS-compactor-FROM-THROUGH-CHECKSUM.tsdb.gz
"""

import re
from collections.abc import Sequence
from typing import Any

import numba
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from logops.audit.survey.objects import NOT_LOKIS, IndexFile

INDEX = "index/"
_INGESTER = re.compile(r"index/(?P<table>[^/]*?(?P<day>\d+))/(?P<written>\d+)-(?P<uploader>[^/]+)\.tsdb\.gz")
_COMPACTED = re.compile(
    r"index/(?P<table>[^/]*?(?P<day>\d+))/(?P<tenant>[^/]+)/(?P<written>\d+)-(?P<uploader>[^-/]+)"
    r"-(?P<from>-?\d+)-(?P<through>-?\d+)-(?P<checksum>[0-9a-f]+)\.tsdb\.gz"
)
_SEED = "loki_cluster_seed.json"
_OWN = (
    (re.compile(r"index/delete_requests/"), "delete requests"),
    (re.compile(r"__deletion_manifest__/"), "deletion manifests"),
    (re.compile(r"loki_cluster_seed\.json$"), "cluster seed"),
    (re.compile(r"rules/"), "rules"),
    (re.compile(r"logops-probe/"), "logops's own probe"),
)
Column = np.ndarray[Any, Any]
_LONGEST_DAY = 99_999
"""Largest day of a table: the year 2243."""


def index_file(name: str, size: int, tier: int, modified: int) -> IndexFile | None:
    """Return the index file with this name, or None."""
    for pattern, per_second in ((_INGESTER, 1), (_COMPACTED, 10**9)):
        match = pattern.fullmatch(name)
        if match and int(match["day"]) <= _LONGEST_DAY:
            return IndexFile(
                name=name,
                table=match["table"],
                day=int(match["day"]),
                tenant=match.groupdict().get("tenant", ""),
                uploader=match["uploader"],
                written=int(match["written"]) / per_second,
                size=size,
                tier=tier,
                modified=modified,
            )
    return None


def content_in_name(name: str) -> tuple[int, int, int] | None:
    """Return from, through and checksum in the name of a compacted index file; None for other files."""
    match = _COMPACTED.fullmatch(name)
    return (int(match["from"]), int(match["through"]), int(match["checksum"], 16)) if match else None


def index_files_of(blobs: pa.RecordBatch) -> tuple[list[IndexFile], list[tuple[str, int]]]:
    """Split blobs with `blobs_schema` into index files, and name and size of the others."""
    index_files: list[IndexFile] = []
    others: list[tuple[str, int]] = []
    columns = (blobs["name"], blobs["size"], blobs["tier"], blobs["modified"].cast(pa.int64()))
    for name, size, tier, modified in zip(*(column.to_pylist() for column in columns), strict=True):
        file = index_file(name, size, tier, modified)
        if file:
            index_files.append(file)
        else:
            others.append((name, size))
    return index_files, others


def kind_of(name: str) -> str:
    """Return the kind of an object that is neither chunk nor index: Loki's own word, or `not Loki's`.

    >>> kind_of("loki_cluster_seed.json")
    'cluster seed'
    """
    return next((kind for pattern, kind in _OWN if pattern.match(name)), NOT_LOKIS)


class ChunkNames:
    """Parse the names of chunks, and number their tenants in order of appearance."""

    def __init__(self, known: Sequence[str] = ()) -> None:
        """`known`: tenants that already have numbers, in order."""
        self._numbers: dict[bytes, int] = {name.encode(): number for number, name in enumerate(known)}

    @property
    def tenants(self) -> tuple[str, ...]:
        """Tenants by number."""
        return tuple(name.decode() for name in self._numbers)

    def read(self, names: pa.StringArray) -> tuple[Column, dict[str, Column]]:
        """Return a mask of the chunks, and their tenant, fingerprint, from_ms, through_ms and checksum."""
        _, offsets_buffer, data_buffer = names.buffers()
        if len(names) == 0 or data_buffer is None:
            return np.zeros(len(names), bool), _columns(0)
        offsets = np.frombuffer(offsets_buffer, np.int32)[names.offset : names.offset + len(names) + 1]
        data = np.frombuffer(data_buffer, np.uint8)
        columns = _columns(len(names))
        is_chunk = np.zeros(len(names), np.bool_)
        starts = np.empty(len(names), np.int64)
        ends = np.empty(len(names), np.int64)
        chunks, runs = _read_names(data, offsets, is_chunk, starts, ends, *columns.values())
        numbers = np.array(
            [
                self._numbers.setdefault(data[start:end].tobytes(), len(self._numbers))
                for start, end in zip(starts[:runs].tolist(), ends[:runs].tolist(), strict=True)
            ],
            np.int32,
        )
        parsed = {name: column[:chunks] for name, column in columns.items()}
        return is_chunk, {**parsed, "tenant": numbers[parsed["tenant"]]}


def _columns(rows: int) -> dict[str, Column]:
    return {
        "tenant": np.empty(rows, np.int32),
        "fingerprint": np.empty(rows, np.uint64),
        "from_ms": np.empty(rows, np.int64),
        "through_ms": np.empty(rows, np.int64),
        "checksum": np.empty(rows, np.uint32),
    }


_HEX = np.full(256, 255, np.uint8)
_HEX[ord("0") : ord("9") + 1] = range(10)
_HEX[ord("a") : ord("f") + 1] = range(10, 16)


@numba.njit(cache=True, nogil=True)
def _hex(data, at, end, most):  # type: ignore[no-untyped-def]
    """Return the hexadecimal number at `at`, and its end; -1 if it has no digits or more than `most`."""
    value = np.uint64(0)
    first = at
    while at < end and _HEX[data[at]] != 255:
        if at - first == most:
            return value, -1
        value = (value << np.uint64(4)) | np.uint64(_HEX[data[at]])
        at += 1
    return value, at if at > first else -1


@numba.njit(cache=True, nogil=True)
def _read_names(  # type: ignore[no-untyped-def]
    data, offsets, is_chunk, run_starts, run_ends, run, fingerprint, from_ms, through_ms, checksum
):
    """Write one row per chunk. Return the number of chunks and of runs.

    Names are sorted, so the names of a tenant are together: a run. `run_starts` and `run_ends` get the position of the
    tenant in the first name of each run, `run` the run of each chunk.
    """
    slash, dash, colon = np.uint8(47), np.uint8(45), np.uint8(58)
    chunk, runs = 0, 0
    for row in range(len(offsets) - 1):
        start, end = offsets[row], offsets[row + 1]
        at = start
        while at < end and data[at] != slash:
            at += 1
        if at in (start, end):
            continue
        tenant_end = at
        value, at = _hex(data, at + 1, end, 16)
        if at < 0 or at >= end or data[at] != slash:
            continue
        fingerprint[chunk] = value
        value, at = _hex(data, at + 1, end, 15)
        if at < 0 or at >= end or (data[at] != dash and data[at] != colon):
            continue
        from_ms[chunk] = np.int64(value)
        value, at = _hex(data, at + 1, end, 15)
        if at < 0 or at >= end or (data[at] != dash and data[at] != colon):
            continue
        through_ms[chunk] = np.int64(value)
        value, at = _hex(data, at + 1, end, 8)
        if at != end:
            continue
        checksum[chunk] = np.uint32(value)
        is_chunk[row] = True
        if runs == 0 or not _same(data, start, tenant_end, run_starts[runs - 1], run_ends[runs - 1]):
            run_starts[runs], run_ends[runs] = start, tenant_end
            runs += 1
        run[chunk] = runs - 1
        chunk += 1
    return chunk, runs


@numba.njit(cache=True, nogil=True)
def _same(data, start, end, other_start, other_end):  # type: ignore[no-untyped-def]
    if end - start != other_end - other_start:
        return False
    for i in range(end - start):  # noqa: SIM110  numba has no all()
        if data[start + i] != data[other_start + i]:
            return False
    return True


def first_part(names: pa.Array) -> pa.Array:
    """Return the folder of each name, before the first slash. Empty for names without a folder, except Loki's own."""
    first = pc.struct_field(pc.extract_regex(names, r"^(?P<first>[^/]*)"), "first")
    alone = pc.and_(pc.equal(first, names), pc.not_equal(names, _SEED))
    return pc.if_else(alone, "", first)
