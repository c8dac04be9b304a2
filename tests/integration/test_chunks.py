"""Verify chunks that Loki's own code writes: every format and encoding, from one line to many blocks."""

from pathlib import Path

import pytest

from benchmarks import loki_index
from benchmarks.loki_index import ChunkToWrite
from logops.chunks import SMALLEST_CHUNK, ChunkCorruptError, verify_chunk
from logops.chunks.data import ENCODINGS
from tests.support.chunk_files import chunks_of_every_kind

TIME = 1_790_000_000_000_000_000


@pytest.fixture(scope="module")
def program() -> str:
    return loki_index.program()


def test_every_chunk_of_loki_is_verified_with_the_lines_that_its_index_lists(program: str, tmp_path: Path) -> None:
    written = loki_index.write_chunks(program, chunks_of_every_kind(tmp_path, lines=3_000))

    for chunk in written:
        assert verify_chunk((tmp_path / chunk.name).read_bytes(), chunk.name, chunk.entries).entries == 3_000


def test_smallest_chunk_of_every_format_is_larger_than_the_limit(program: str, tmp_path: Path) -> None:
    smallest = [
        ChunkToWrite(tmp_path, "t", 1, {}, [(TIME, "", {})], format=version, encoding=encoding)
        for version in (2, 3, 4)
        for encoding in ENCODINGS.values()
    ]
    for chunk in smallest:
        (written,) = loki_index.write_chunks(program, [chunk])
        blob = (tmp_path / written.name).read_bytes()

        assert len(blob) > SMALLEST_CHUNK
        assert verify_chunk(blob, written.name, written.entries).from_ms == TIME // 1_000_000


def test_empty_lines_that_loki_drops_at_the_end_of_a_chunk_are_not_called_damage(program: str, tmp_path: Path) -> None:
    lines = [(TIME + second * 10**9, "x" if second < 3 else "", {}) for second in range(5)]
    tail_cut_off = ChunkToWrite(tmp_path, "t", 1, {}, lines, block_size=3)
    (written,) = loki_index.write_chunks(program, [tail_cut_off])
    blob = (tmp_path / written.name).read_bytes()

    assert (verify_chunk(blob, written.name, written.entries).entries, written.entries) == (3, 5)
    with pytest.raises(ChunkCorruptError, match="it has 3 lines, and the index says 3"):
        verify_chunk(blob, written.name, 3)
