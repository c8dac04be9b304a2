"""Read damaged index files. Loki 3.7's own builder wrote files/ (tests/support/index_files.py, seed 11)."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logops.tsdb import Index, IndexCorruptError, IndexFileError, IndexTooLargeError, IndexVersionError, read_index
from logops.tsdb.contents import CONTENTS_LENGTH, read_contents
from logops.tsdb.crc32c import crc32c
from logops.tsdb.integers import be32, uvarint

FILES = Path(__file__).parent / "files"
KINDS = ("v2-compacted", "v2-uploaded", "v3-compacted", "v3-uploaded")
CONTENT = {kind: (FILES / f"{kind}.tsdb").read_bytes() for kind in KINDS}
PACKED = (FILES / "v3-compacted.tsdb.gz").read_bytes()
kinds = st.sampled_from(KINDS)


def read(kind: str, data: bytes) -> Index:
    return read_index(data, f"index/{kind}.tsdb", "" if "uploaded" in kind else "team")


def said(index: Index) -> tuple[object, ...]:
    return index.entries(), [*index.labels()], index.tenants


WHOLE = {kind: said(read(kind, data)) for kind, data in CONTENT.items()}


@pytest.mark.parametrize("kind", KINDS)
def test_flipped_bit_is_refused_or_changes_nothing(kind: str) -> None:
    """A bit in a gap between sections changes nothing."""
    data = CONTENT[kind]
    for offset in range(len(data)):
        damaged = data[:offset] + bytes([data[offset] ^ 1 << offset % 8]) + data[offset + 1 :]
        assert read_or_refused(kind, damaged) in (None, WHOLE[kind]), f"byte {offset} changed what was read"


@pytest.mark.parametrize("kind", KINDS)
def test_truncated_file_is_refused(kind: str) -> None:
    for length in range(len(CONTENT[kind])):
        with pytest.raises(IndexCorruptError):
            read(kind, CONTENT[kind][:length])


@given(kinds, st.binary(max_size=2_000))
def test_random_bytes_raise_index_file_error(kind: str, data: bytes) -> None:
    with pytest.raises(IndexFileError):
        read(kind, data)


@settings(max_examples=500)
@given(kinds, st.lists(st.tuples(st.integers(0, 9_999), st.binary(min_size=1, max_size=12)), min_size=1, max_size=4))
def test_overwritten_bytes_are_refused_or_change_nothing(kind: str, patches: list[tuple[int, bytes]]) -> None:
    data = patched(CONTENT[kind], patches)

    assert read_or_refused(kind, data) in (None, WHOLE[kind])


@settings(max_examples=2_000)
@given(
    kinds, st.integers(0, 99), st.lists(st.tuples(st.integers(0, 999), st.binary(min_size=1, max_size=12)), min_size=1)
)
def test_corrupt_section_with_valid_checksum_does_not_crash_reader(
    kind: str, part: int, patches: list[tuple[int, bytes]]
) -> None:
    """A disk fault does not do this, but an attacker may."""
    spans = checked(kind)
    start, end = spans[part % len(spans)]
    data = CONTENT[kind]
    content = patched(data[start:end], patches)
    total = crc32c(np.frombuffer(content, np.uint8), 0, len(content))

    read_or_refused(kind, data[:start] + content + int(total).to_bytes(4, "big") + data[end + 4 :])


def patched(content: bytes, patches: list[tuple[int, bytes]]) -> bytes:
    """Return the content with each patch written at its offset modulo the length. The length stays the same."""
    data = bytearray(content)
    for offset, patch in patches:
        at = offset % len(data)
        data[at : at + len(patch)] = patch[: len(data) - at]
    return bytes(data)


def read_or_refused(kind: str, data: bytes) -> tuple[object, ...] | None:
    try:
        return said(read(kind, data))
    except IndexFileError:
        return None


def checked(kind: str) -> list[tuple[int, int]]:
    """Return the spans that are directly followed by their checksum."""
    data = np.frombuffer(CONTENT[kind], np.uint8)
    contents = read_contents(data, kind)
    sections = (contents.symbols, contents.label_indices_table, contents.postings_table, contents.fingerprint_offsets)
    spans = [(len(data) - CONTENTS_LENGTH, len(data) - 4)]
    spans += [(at + 4, at + 4 + int(be32(data, at))) for at in sections]
    # Each series starts at a multiple of 16.
    at = -(-contents.series // 16) * 16
    while at < contents.label_indices:
        length, start = uvarint(data, at)
        spans.append((start, start + length))
        at = (start + length + 4 + 15) // 16 * 16
    return spans


def test_checksummed_sections_match_checksums_in_file() -> None:
    for kind in KINDS:
        data = np.frombuffer(CONTENT[kind], np.uint8)
        assert len(checked(kind)) == 10
        assert all(crc32c(data, start, end) == be32(data, end) for start, end in checked(kind)[1:])


@given(st.integers(0, len(PACKED) - 1), st.integers(1, 255))
def test_damaged_gzip_is_refused_or_changes_nothing(offset: int, change: int) -> None:
    damaged = PACKED[:offset] + bytes([PACKED[offset] ^ change]) + PACKED[offset + 1 :]
    try:
        index = read_index(damaged, "index/a.tsdb.gz", "team")
    except IndexFileError:
        return
    assert said(index) == WHOLE["v3-compacted"]


def test_gzip_file_is_read_as_unpacked_file() -> None:
    assert said(read_index(PACKED, "index/a.tsdb.gz", "team")) == WHOLE["v3-compacted"]


def test_file_that_unpacks_above_limit_is_refused() -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    with pytest.raises(IndexTooLargeError, match="unpacks to more than 1000000 bytes"):
        read_index(bomb, "index/bomb.tsdb.gz", "team", limit=1_000_000)


@pytest.mark.parametrize(
    ("version", "advice"),
    [
        (1, "Let Loki's compactor rewrite the file"),
        (4, "use a version of logops that supports it"),
        (9, "the file is damaged"),
    ],
)
def test_unsupported_format_version_is_refused_with_advice(version: int, advice: str) -> None:
    data = bytearray(CONTENT["v3-compacted"])
    data[4] = version
    with pytest.raises(IndexVersionError, match=rf"its format is V{version}\. .*{advice}"):
        read("v3-compacted", bytes(data))


def test_corrupt_index_message_names_file_offset_and_remedy() -> None:
    data = bytearray(CONTENT["v3-compacted"])
    data[len(data) // 2] ^= 1
    with pytest.raises(IndexCorruptError) as caught:
        read("v3-compacted", bytes(data))

    assert str(caught.value).startswith(
        f"The index file index/v3-compacted.tsdb cannot be read: at byte {caught.value.offset} of the unpacked index,"
    )
    assert "restore the blob from a version, a soft-deleted copy or a backup" in str(caught.value)


def test_file_without_tenant_label_is_refused_if_no_tenant_is_given() -> None:
    with pytest.raises(IndexCorruptError, match="no series has a label __loki_tenant__"):
        read_index(CONTENT["v3-compacted"], "index/a.tsdb")
