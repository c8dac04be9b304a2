"""One environment that really runs, for every integration test: distributed Loki, security Loki, Azurite, agents."""

from collections.abc import Iterator

import pytest

from audited import Audited, start, wait_until_tidy
from azurites import ACCOUNT, KEY, azurite
from environments import environment
from local_platforms import apply_all, free_base_port, processes_of
from logops.objectstore import AccountKey, ObjectStore
from logops.platforms import open_local
from logops.platforms.local import LocalPlatform


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalPlatform]:
    """The local environment, applied. A test that harms it mends it before it ends."""
    wanted = environment("local", ("name", "tests"), ("platform.base_port", free_base_port()))
    started = open_local(wanted, tmp_path_factory.mktemp("platform"))
    try:
        apply_all(started)
        yield started
    finally:
        started.down(print)
        assert processes_of(started.state) == []


@pytest.fixture(scope="session")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An Azurite beside it, for tests that need no Loki. Each uses a container of its own."""
    with azurite(tmp_path_factory.mktemp("azurite")) as address:
        yield address


@pytest.fixture
def store(endpoint: str) -> Iterator[ObjectStore]:
    with ObjectStore.connect(ACCOUNT, AccountKey(KEY), endpoint) as store:
        yield store


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Audited]:
    """A cluster with four months of history, compacted and expired. A test that harms it mends it before it ends, but
    for the last ones, which lose its compactor's disk."""
    made = start(tmp_path_factory.mktemp("audited"))
    try:
        wait_until_tidy(made)
        yield made
    finally:
        made.platform.down(print)
        assert processes_of(made.platform.state) == []
