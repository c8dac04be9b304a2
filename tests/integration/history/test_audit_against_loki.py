"""Compare the index reader with Loki's own reader on files of a real compactor and ingester, chunk by chunk."""

from pathlib import Path

import pytest

from benchmarks import loki_index
from logops.audit.survey.objects import IndexFile, chunk_name
from logops.tsdb import read_index
from tests.support.history_cluster import HistoryCluster
from tests.support.index_files import TENANT_LABEL, series_of, without_tenant
from tests.support.waiting import wait_for

pytestmark = pytest.mark.timeout(600)


def read_by_both(cluster: HistoryCluster, file: IndexFile, folder: Path) -> int:
    """Read an index file with both readers, assert that they agree, and return the number of chunks."""
    with cluster.container() as container:
        content = container.read(file.name)
    copy = folder / file.name.rpartition("/")[2]
    copy.write_bytes(content)
    head, theirs = loki_index.dump(loki_index.program(), copy)
    index = read_index(content, file.name, file.tenant)

    assert (index.version, index.from_ms, index.through_ms) == (head["version"], head["from"], head["through"])
    assert series_of(index) == [without_tenant(one) for one in theirs]
    if not file.tenant:
        owners = [one.labels[TENANT_LABEL] for one in theirs for _ in one.chunks]
        assert [index.tenants[number] for number in index.entries()["tenant"].to_pylist()] == owners
    return sum(len(one.chunks) for one in theirs)


def test_index_file_of_compactor_is_read_same_as_by_loki(cluster: HistoryCluster, tmp_path: Path) -> None:
    table = cluster.chunk("application", 20).table
    files = [file for file in cluster.index_files(table) if file.compacted]

    assert {file.tenant for file in files} >= {"application"}
    for file in files:
        assert read_by_both(cluster, file, tmp_path) > 0


def test_chunk_names_from_index_exist_in_bucket(cluster: HistoryCluster, tmp_path: Path) -> None:
    """Uses only Loki's own index reader."""
    chunk = cluster.chunk("application", 20)
    (file,) = (file for file in cluster.index_files(chunk.table) if file.tenant == "application")
    with cluster.container() as container:
        (tmp_path / "index.tsdb.gz").write_bytes(container.read(file.name))
    _, series = loki_index.dump(loki_index.program(), tmp_path / "index.tsdb.gz")
    named = {
        chunk_name("application", one.fingerprint, start, end, checksum)
        for one in series
        for start, end, _, _, checksum in one.chunks
    }

    assert chunk.name in named
    assert named <= set(cluster.chunks("application"))


def test_index_file_of_ingester_is_read_same_as_by_loki(cluster: HistoryCluster, tmp_path: Path) -> None:
    ingester = "main-ingester-1"
    found: list[IndexFile] = []
    today = cluster.table_of_today()

    def uploaded() -> bool:
        files = cluster.index_files(today)
        found[:] = [file for file in files if not file.compacted and file.uploader.startswith(ingester)]
        return bool(found)

    # The compactor is frozen, so that it does not merge the file before the test reads it.
    with cluster.suspended("main-compactor-0"):
        cluster.write_line_to(ingester)
        wait_for(uploaded, 120)

        assert read_by_both(cluster, found[0], tmp_path) > 0
