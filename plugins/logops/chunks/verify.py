"""Verify a chunk as Loki wrote it: name, checksums, and what the index says about it."""

from logops.chunks.chunk import Chunk
from logops.chunks.data import read_data
from logops.chunks.errors import ChunkCorruptError, ChunkEmptyError, ChunkFormatError
from logops.chunks.fields import DamagedError, UnknownFormatError
from logops.chunks.metadata import read_metadata
from logops.chunks.name import ChunkName

SMALLEST_CHUNK = 80
"""Bytes. Without labels and with one line of one byte, a chunk has more: 26 in the framing of its metadata, at least 30
of JSON, and 35 in its data."""
_NS_PER_MS = 1_000_000


def verify_chunk(blob: bytes, name: str, entries: int | None = None) -> Chunk:
    """Return a chunk, if all its checksums are right and it is the chunk that its name and the index say.

    name      name of the blob
    entries   number of lines, from the index; None: unknown

    Raises ChunkError: ChunkEmptyError, ChunkCorruptError, ChunkFormatError; ValueError if the name is not a chunk's.
    """
    from google_crc32c import value

    expected = ChunkName.parse(name)
    if expected is None:
        raise ValueError(f"{name} is not the name of a chunk")
    if not blob:
        raise ChunkEmptyError(name, "has 0 bytes")
    if len(blob) < SMALLEST_CHUNK:
        raise ChunkCorruptError(name, f"has {len(blob)} bytes, too few for a chunk")
    checksum = value(blob)
    matches = checksum == expected.checksum
    try:
        chunk = _read(blob, expected, entries)
    except DamagedError as fault:
        if matches and isinstance(fault, UnknownFormatError):
            raise ChunkFormatError(name, f"was not verified: {fault.what}", fault.offset) from None
        about = "has the CRC32C in its name, but" if matches else "does not have the CRC32C in its name:"
        raise ChunkCorruptError(name, f"{about} {fault.what}", fault.offset) from None
    if not matches:
        raise ChunkCorruptError(name, f"does not have the CRC32C in its name: its bytes have {checksum:x}")
    return chunk


def _read(blob: bytes, expected: ChunkName, entries: int | None) -> Chunk:
    """Return the content of a blob. Raises DamagedError."""
    metadata = read_metadata(blob, expected)
    data = read_data(blob, metadata.data_start)
    chunk = Chunk(
        expected.tenant,
        expected.fingerprint,
        expected.from_ms,
        expected.through_ms,
        metadata.labels,
        data.format,
        data.encoding,
        data.blocks,
    )
    _require_lines(chunk, entries, metadata.data_start)
    return chunk


def _require_lines(chunk: Chunk, entries: int | None, offset: int) -> None:
    """Raise DamagedError if the lines are not those of the name and of the index.

    Loki 3.7 drops lines without characters and structured metadata if no other line follows them in the chunk, but
    counts them in name and index (UnorderedHeadBlock.IsEmpty in pkg/chunkenc). So lines may be missing outside the time
    of the blocks.
    """
    # The ingester rounds like this (RoundToMilliseconds in pkg/util/conv.go).
    from_ms = min((block.from_ns for block in chunk.blocks), default=chunk.from_ms * _NS_PER_MS) // _NS_PER_MS
    through_ms = -(-max((block.through_ns for block in chunk.blocks), default=from_ms * _NS_PER_MS) // _NS_PER_MS)
    if from_ms < chunk.from_ms or through_ms > chunk.through_ms:
        raise DamagedError(
            offset,
            f"its lines are from {from_ms} to {through_ms} ms, and its name says {chunk.from_ms} to {chunk.through_ms}",
        )
    may_miss_lines = not chunk.blocks or (from_ms, through_ms) != (chunk.from_ms, chunk.through_ms)
    if entries is not None and (chunk.entries >= entries if may_miss_lines else chunk.entries != entries):
        raise DamagedError(offset, f"it has {chunk.entries:,} lines, and the index says {entries:,}")
