"""Fixture: one cluster with four months of history, shared by the tests of this folder."""

from collections.abc import Iterator

import pytest

from tests.support.history_cluster import HistoryCluster, start_history_cluster, wait_until_tidy
from tests.support.local_platforms import processes_of


@pytest.fixture(scope="package")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HistoryCluster]:
    """A cluster with compacted and expired history.

    A test that damages the cluster repairs it. Exception: the last tests, which lose the compactor's disk.
    """
    made = start_history_cluster(tmp_path_factory.mktemp("audited"))
    try:
        wait_until_tidy(made)
        yield made
    finally:
        made.platform.down(print)
        assert processes_of(made.platform.state) == []
