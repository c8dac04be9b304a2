"""Tests of unpacking a gzip blob."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logops.tsdb.errors import IndexCorruptError, IndexTooLargeError
from logops.tsdb.unpack import unpack

LIMIT = 1 << 20
CONTENT = bytes(range(256)) * 20


@given(st.lists(st.binary(max_size=300) | st.just(CONTENT), min_size=1, max_size=3), st.sampled_from([0, 1, 9]))
def test_members_of_a_gzip_file_are_joined(contents: list[bytes], level: int) -> None:
    blob = b"".join(gzip.compress(content, level) for content in contents)

    assert unpack(blob, "index.tsdb.gz", LIMIT) == b"".join(contents)


@given(st.data())
def test_damaged_gzip_is_refused_or_has_the_same_content(data: st.DataObject) -> None:
    blob = bytearray(gzip.compress(CONTENT))
    blob[data.draw(st.integers(0, len(blob) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        content = unpack(bytes(blob), "index.tsdb.gz", LIMIT)
    except IndexCorruptError:
        return

    assert content == CONTENT


def test_same_member_twice_is_read_twice() -> None:
    assert unpack(gzip.compress(CONTENT) * 2, "index.tsdb.gz", LIMIT) == CONTENT * 2


@pytest.mark.parametrize("behind", [b"x", gzip.compress(b"more")[:-1]], ids=["garbage", "a cut member"])
def test_bytes_after_a_member_are_refused(behind: bytes) -> None:
    with pytest.raises(IndexCorruptError):
        unpack(gzip.compress(CONTENT) + behind, "index.tsdb.gz", LIMIT)


@pytest.mark.parametrize("cut", [0, 1, 5, 17, 18])
def test_cut_gzip_is_refused(cut: int) -> None:
    with pytest.raises(IndexCorruptError):
        unpack(gzip.compress(CONTENT)[:cut], "index.tsdb.gz", LIMIT)


def test_content_above_the_limit_is_refused() -> None:
    blob = gzip.compress(CONTENT)

    assert unpack(blob, "index.tsdb.gz", len(CONTENT)) == CONTENT
    with pytest.raises(IndexTooLargeError):
        unpack(blob, "index.tsdb.gz", len(CONTENT) - 1)


def test_content_that_lies_about_its_size_is_refused() -> None:
    blob = gzip.compress(CONTENT)

    with pytest.raises(IndexCorruptError):
        unpack(blob[:-4] + (len(CONTENT) - 1).to_bytes(4, "little"), "index.tsdb.gz", LIMIT)
