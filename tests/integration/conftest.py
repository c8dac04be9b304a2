"""Fixtures of the integration tests."""

from collections.abc import Iterator

import pytest

from logops.clients.blob_storage import AccountKey, ObjectStore
from tests.support.azurites import ACCOUNT, KEY, azurite


@pytest.fixture(scope="session")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The endpoint of an Azurite for tests that need no Loki. Each test uses its own container."""
    with azurite(tmp_path_factory.mktemp("azurite")) as address:
        yield address


@pytest.fixture
def store(endpoint: str) -> Iterator[ObjectStore]:
    with ObjectStore.connect(ACCOUNT, AccountKey(KEY), endpoint) as store:
        yield store
