"""Blocks of snappy, with and without the library that compresses."""

import sys

import cramjam
import pytest

from logops.wire.snappy import snappy_block

CONTENTS = [b"", b"a", b"order is paid " * 10_000, bytes(range(256)) * 300]


def decompressed(block: bytes) -> bytes:
    return bytes(cramjam.snappy.decompress_raw(block))


@pytest.mark.parametrize("content", CONTENTS, ids=len)
def test_block_when_decompressed_is_the_content(content: bytes) -> None:
    assert decompressed(snappy_block(content)) == content


@pytest.mark.parametrize("content", CONTENTS, ids=len)
def test_block_without_cramjam_is_still_a_block(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cramjam", None)
    block = snappy_block(content)
    assert decompressed(block) == content
    assert len(block) >= len(content)


def test_block_of_repeated_lines_is_smaller_than_the_lines() -> None:
    content = b"order is paid " * 10_000
    assert len(snappy_block(content)) < len(content) / 10
