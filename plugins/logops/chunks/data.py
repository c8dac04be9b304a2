"""The data of a chunk: blocks of compressed lines (writeTo in Loki's pkg/chunkenc/memchunk.go).

uint32, byte, byte   magic number, format, encoding
V4: structured metadata, uint32 CRC32C
for each block: compressed lines, uint32 CRC32C
uvarint number of blocks; for each: uvarint lines, varint first and last time, uvarint offset, V3+: uvarint size of the
    lines, uvarint length; then uint32 CRC32C of all these numbers
V4: uint64 length and uint64 offset of the structured metadata, uint64 length of the numbers
uint64 offset of the numbers

Offsets count from the start of the data.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from logops.chunks.chunk import Block
from logops.chunks.fields import DamagedError, Reader, UnknownFormatError

MAGIC = 0x012EE56A
ENCODINGS = {
    0: "none",
    1: "gzip",
    3: "lz4-64k",
    4: "snappy",
    5: "lz4-256k",
    6: "lz4-1M",
    7: "lz4",
    8: "flate",
    9: "zstd",
}
"""The codecs of pkg/compression/codec.go."""
_V2, _V3, _V4 = 2, 3, 4
_HEADER = 6
_CHECKSUM = 4
_OFFSET = 8
_LEAST_BLOCK = 5
"""Bytes of the numbers about a block."""


@dataclass(frozen=True, slots=True)
class Data:
    """The data of a chunk."""

    format: int
    encoding: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class _Section:
    """A part of the data with a checksum behind it."""

    offset: int
    length: int


def read_data(blob: bytes, start: int) -> Data:
    """Return the data from `start` to the end of the blob. Raises DamagedError if any checksum in it is wrong."""
    reader = Reader(blob, start, len(blob))
    magic, version, encoding = reader.big_endian(4), reader.big_endian(1), reader.big_endian(1)
    if magic != MAGIC:
        raise DamagedError(start, f"its data start with {magic:08x}, and those of a chunk with {MAGIC:08x}")
    if version not in (_V2, _V3, _V4):
        raise UnknownFormatError(start + 4, f"its format is V{version}, and logops knows V2 to V4")
    if encoding not in ENCODINGS:
        raise UnknownFormatError(start + 5, f"its encoding has the number {encoding}, which logops does not know")
    numbers, metadata = _sections(blob, start, version)
    expected = _HEADER
    if metadata:
        _require_checksum(blob, start, metadata, "its structured metadata")
        expected = metadata.offset + metadata.length + _CHECKSUM
    _require_checksum(blob, start, numbers, "its list of blocks")
    blocks = tuple(_blocks(blob, start, numbers, version))
    _require_blocks(blob, start, blocks, expected)
    return Data(version, ENCODINGS[encoding], blocks)


def _sections(blob: bytes, start: int, version: int) -> tuple[_Section, _Section | None]:
    """Return the numbers about the blocks, and the structured metadata."""
    length = len(blob) - start
    if version < _V4:
        at = length - _OFFSET
        offset = Reader(blob, max(start + at, start), len(blob)).big_endian(_OFFSET)
        return _Section(offset, at - _CHECKSUM - offset), None
    reader = Reader(blob, max(len(blob) - 4 * _OFFSET, start), len(blob))
    metadata_length, metadata_offset, numbers_length, numbers_offset = (reader.big_endian(_OFFSET) for _ in range(4))
    return _Section(numbers_offset, numbers_length), _Section(metadata_offset, metadata_length)


def _is_intact(blob: bytes, start: int, section: _Section) -> bool:
    """Return whether a section is inside the blob and has the checksum behind it."""
    from google_crc32c import value

    begin = start + section.offset
    end = begin + section.length
    if section.length < 0 or end + _CHECKSUM > len(blob):
        return False
    checksum: int = value(blob[begin:end])
    return checksum == int.from_bytes(blob[end : end + _CHECKSUM], "big")


def _require_checksum(blob: bytes, start: int, section: _Section, what: str) -> None:
    if not _is_intact(blob, start, section):
        offset = min(start + section.offset, len(blob))
        raise DamagedError(offset, f"{what} at byte {offset:,} does not match its checksum")


def _blocks(blob: bytes, start: int, numbers: _Section, version: int) -> Iterator[Block]:
    begin = start + numbers.offset
    reader = Reader(blob, begin, begin + numbers.length)
    count = reader.uvarint()
    if count > numbers.length // _LEAST_BLOCK:
        raise DamagedError(begin, f"its list of blocks has {numbers.length} bytes for {count} blocks")
    for _ in range(count):
        entries, from_ns, through_ns, offset = reader.uvarint(), reader.varint(), reader.varint(), reader.uvarint()
        if version >= _V3:
            reader.uvarint()
        yield Block(entries, from_ns, through_ns, offset, reader.uvarint())


def _require_blocks(blob: bytes, start: int, blocks: tuple[Block, ...], expected: int) -> None:
    """Raise DamagedError if a block does not match its checksum.

    expected   where the first block should start. Loki reads a block there if its offset in the list is wrong
    """
    damaged: list[Block] = []
    for block in blocks:
        if _is_intact(blob, start, _Section(block.offset, block.length)):
            expected = block.offset
        elif not _is_intact(blob, start, _Section(expected, block.length)):
            damaged.append(block)
        expected += block.length + _CHECKSUM
    if damaged:
        lines = sum(block.entries for block in blocks)
        offset = min(start + damaged[0].offset, len(blob))
        raise DamagedError(
            offset,
            f"{len(damaged)} of its {len(blocks)} blocks do not match their checksums, the first at byte {offset:,}; "
            f"they have {sum(block.entries for block in damaged):,} of its {lines:,} lines",
        )
