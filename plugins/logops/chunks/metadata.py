"""The start of a chunk's blob: which chunk it is (EncodeTo in Loki's pkg/storage/chunk/chunk.go).

uint32  length of this part, with these four bytes
        JSON in the framing format of snappy
uint32  length of the data, which is the remaining part of the blob
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from logops.chunks.fields import DamagedError, Reader, UnknownFormatError
from logops.chunks.name import ChunkName

_LONGEST = 1 << 20
"""Bytes. Loki's labels have some kilobytes. Snappy expands this to 22 MB at most."""
_ENCODINGS = (128, 129)
"""GzipLogChunk and LogChunk (pkg/chunkenc/facade.go)."""
_LENGTH = 4


@dataclass(frozen=True, slots=True)
class Metadata:
    """The chunk that a blob says it is."""

    name: ChunkName
    """With the checksum of the blob's name: the metadata have none."""
    labels: Mapping[str, str]
    data_start: int
    """Offset of the data in the blob."""


def read_metadata(blob: bytes, expected: ChunkName) -> Metadata:
    """Return the metadata of the chunk `expected`. Raises DamagedError if the blob is another chunk."""
    end = Reader(blob, 0, len(blob)).big_endian(_LENGTH)
    if not _LENGTH < end <= min(_LONGEST, len(blob) - _LENGTH):
        raise DamagedError(0, f"its metadata should have {end:,} bytes, and the blob has {len(blob):,}")
    metadata = _parse(blob, end, expected.checksum)
    if metadata.name != expected:
        raise DamagedError(_LENGTH, f"the blob contains another chunk, {metadata.name}")
    data_length = Reader(blob, end, len(blob)).big_endian(_LENGTH)
    if metadata.data_start + data_length != len(blob):
        raise DamagedError(
            end, f"its data should have {data_length:,} bytes, and {len(blob) - metadata.data_start:,} are there"
        )
    return metadata


def _parse(blob: bytes, end: int, checksum: int) -> Metadata:
    from cramjam import DecompressionError, snappy

    try:
        fields = json.loads(bytes(snappy.decompress(blob[_LENGTH:end])))
        encoding = fields["encoding"]
        name = ChunkName(
            fields["userID"], fields["fingerprint"], _milliseconds(fields["from"]), _milliseconds(fields["through"]),
            checksum,
        )  # fmt: skip
        labels = {str(label): str(value) for label, value in fields["metric"].items()}
    except (DecompressionError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise DamagedError(_LENGTH, "its metadata cannot be read") from None
    if encoding not in _ENCODINGS:
        raise UnknownFormatError(_LENGTH, f"its metadata name the encoding {encoding}, which logops does not know")
    return Metadata(name, labels, end + _LENGTH)


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
