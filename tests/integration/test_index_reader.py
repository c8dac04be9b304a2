"""Compare the index reader with Loki's own reader on the same files, chunk by chunk."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks import loki_index
from logops.tsdb import read_index
from tests.support.index_files import TENANT_LABEL, series_of, table, without_tenant

KINDS = {"compacted": "", "uploaded": "main-ingester-0"}


@pytest.fixture(scope="session")
def program() -> str:
    return loki_index.program()


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("uploader", KINDS.values(), ids=KINDS.keys())
@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_index_reader_returns_same_chunks_and_labels_as_loki(
    program: str, tmp_path: Path, version: int, uploader: str, seed: int
) -> None:
    (file,) = loki_index.build(program, [table(tmp_path, seed, version=version, uploader=uploader)])
    head, theirs = loki_index.dump(program, file)

    index = read_index(file.read_bytes(), file.name, "" if uploader else "team")

    assert (index.version, index.from_ms, index.through_ms) == (version, head["from"], head["through"])
    assert series_of(index) == [without_tenant(one) for one in theirs]
    if uploader:
        owners = [one.labels[TENANT_LABEL] for one in theirs for _ in one.chunks]
        assert [index.tenants[number] for number in index.entries()["tenant"].to_pylist()] == owners
    else:
        assert index.tenants == ("team",)


def test_index_reader_reads_series_across_chunk_pages(program: str, tmp_path: Path) -> None:
    """Format V3 stores the chunks of a series in pages, with a table of the page offsets."""
    rows = np.zeros(5_000, loki_index.RECORD)
    rows["from_ms"] = 1_700_000_000_000 + np.arange(len(rows)) * 1_000
    rows["through_ms"] = rows["from_ms"] + 500
    rows["checksum"] = np.arange(len(rows))
    (file,) = loki_index.build(program, [loki_index.Table(tmp_path, [(7, {"job": "nginx"})], rows)])
    _, theirs = loki_index.dump(program, file)

    assert len(theirs[0].chunks) == len(rows)
    assert series_of(read_index(file.read_bytes(), file.name, "team")) == theirs
