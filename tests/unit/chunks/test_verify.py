"""Verify chunks, intact and damaged. Loki 3.7's own code wrote files/ (tests/support/chunk_files.py)."""

from contextlib import suppress
from dataclasses import replace

import pytest
from google_crc32c import value as crc32c
from hypothesis import given, settings
from hypothesis import strategies as st

from logops.chunks import (
    ChunkCorruptError,
    ChunkEmptyError,
    ChunkError,
    ChunkFormatError,
    ChunkName,
    verify_chunk,
)
from tests.support.chunk_files import FILES, TENANTS

BLOBS = {path.relative_to(FILES).as_posix(): path.read_bytes() for path in sorted(FILES.glob("*/*/*"))}
NAMES = {name.partition("/")[0]: name for name in BLOBS}
LINES = 20
names = st.sampled_from(sorted(BLOBS))


def test_files_have_every_format_and_encoding() -> None:
    assert sorted(NAMES) == sorted(TENANTS)


@pytest.mark.parametrize("name", BLOBS)
def test_chunk_of_loki_is_verified_with_its_content(name: str) -> None:
    chunk = verify_chunk(BLOBS[name], name, LINES)

    assert f"v{chunk.format}-{chunk.encoding}" == chunk.tenant == name.partition("/")[0]
    assert chunk.entries == LINES
    assert len(chunk.blocks) > 1
    assert chunk.labels == {"service": "checkout", "level": "error", "zäh": 'quote" and \\'}
    assert chunk.blocks[0].from_ns == 1_790_000_000_123_456_789
    assert (chunk.from_ms, chunk.through_ms) == (1_790_000_000_123, 1_790_000_004_874)


@pytest.mark.parametrize("name", BLOBS)
def test_flipped_bit_anywhere_in_chunk_is_found(name: str) -> None:
    blob = BLOBS[name]
    for offset in range(len(blob)):
        with pytest.raises(ChunkCorruptError):
            verify_chunk(flipped(blob, offset, 1 << offset % 8), name)


@settings(max_examples=1_000)
@given(names, st.integers(0, 9_999), st.integers(1, 255))
def test_any_changed_byte_in_any_chunk_is_found(name: str, at: int, change: int) -> None:
    with pytest.raises(ChunkCorruptError, match="does not have the CRC32C in its name"):
        verify_chunk(flipped(BLOBS[name], at % len(BLOBS[name]), change), name)


@settings(max_examples=1_000)
@given(names, st.integers(0, 9_999), st.integers(1, 255))
def test_changed_byte_is_found_by_inner_checks_if_name_has_the_new_checksum(name: str, at: int, change: int) -> None:
    """A program that stores a chunk again gives it the name of what it stores."""
    blob = BLOBS[name]
    offset = at % len(blob)
    if offset == encoding_offset(blob):
        return  # Loki has no checksum over the number of the encoding.
    damaged = flipped(blob, offset, change)

    with pytest.raises(ChunkError):
        verify_chunk(damaged, renamed(name, damaged), LINES)


@pytest.mark.parametrize("name", BLOBS)
def test_truncated_chunk_is_found(name: str) -> None:
    for length in range(len(BLOBS[name])):
        with pytest.raises(ChunkEmptyError if length == 0 else ChunkCorruptError):
            verify_chunk(BLOBS[name][:length], name)


@given(names, st.binary(min_size=1, max_size=2_000))
def test_random_bytes_are_corrupt(name: str, data: bytes) -> None:
    with pytest.raises(ChunkCorruptError):
        verify_chunk(data, name)


@settings(max_examples=1_000)
@given(names, st.lists(st.tuples(st.integers(0, 9_999), st.binary(min_size=1, max_size=12)), min_size=1, max_size=4))
def test_overwritten_bytes_with_the_new_checksum_raise_only_chunk_errors(
    name: str, patches: list[tuple[int, bytes]]
) -> None:
    blob = bytearray(BLOBS[name])
    for at, patch in patches:
        offset = at % len(blob)
        blob[offset : offset + len(patch)] = patch[: len(blob) - offset]
    with suppress(ChunkError):
        verify_chunk(bytes(blob), renamed(name, bytes(blob)))


def test_damaged_block_is_described_with_its_lines() -> None:
    name = NAMES["v4-snappy"]
    blocks = verify_chunk(BLOBS[name], name).blocks
    block = blocks[1]
    start = encoding_offset(BLOBS[name]) - 5
    damaged = flipped(BLOBS[name], start + block.offset + 3, 0xFF)

    with pytest.raises(ChunkCorruptError) as raised:
        verify_chunk(damaged, name)
    assert str(raised.value) == (
        f"The chunk {name} does not have the CRC32C in its name: 1 of its {len(blocks)} blocks do not match their "
        f"checksums, the first at byte {start + block.offset:,}; they have {block.entries} of its 20 lines."
    )


def test_chunk_under_the_name_of_another_is_described_with_both_names() -> None:
    name, other = NAMES["v4-snappy"], NAMES["v4-zstd"]

    with pytest.raises(
        ChunkCorruptError, match=r"CRC32C in its name: the blob contains another chunk, v4-zstd/"
    ) as raised:
        verify_chunk(BLOBS[other], name)
    assert name in str(raised.value)


def test_chunk_with_another_number_of_lines_than_the_index_is_corrupt() -> None:
    name = NAMES["v3-gzip"]

    with pytest.raises(ChunkCorruptError, match="it has 20 lines, and the index says 21"):
        verify_chunk(BLOBS[name], name, LINES + 1)


def test_unknown_format_with_right_checksum_is_not_called_damaged() -> None:
    name = NAMES["v4-snappy"]
    blob = bytearray(BLOBS[name])
    blob[encoding_offset(blob) - 1] = 5

    with pytest.raises(ChunkFormatError, match="its format is V5, and logops knows V2 to V4"):
        verify_chunk(bytes(blob), renamed(name, bytes(blob)))


def test_name_that_is_no_chunk_is_refused() -> None:
    with pytest.raises(ValueError, match="is not the name of a chunk"):
        verify_chunk(b"x" * 200, "index/loki_index_20780/file")


def flipped(blob: bytes, offset: int, change: int) -> bytes:
    return blob[:offset] + bytes([blob[offset] ^ change]) + blob[offset + 1 :]


def renamed(name: str, blob: bytes) -> str:
    """Return the name with the blob's checksum."""
    parsed = ChunkName.parse(name)
    assert parsed
    return str(replace(parsed, checksum=crc32c(blob)))


def encoding_offset(blob: bytes | bytearray) -> int:
    """Return where a chunk has the number of its encoding."""
    return int.from_bytes(blob[:4], "big") + 4 + 5
