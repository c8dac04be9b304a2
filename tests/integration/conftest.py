"""Fixtures of the integration tests."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from logops.clients.blob_storage import AccountKey, ObjectStore
from tests.support.audit_bucket import AuditBucket, create_bucket
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


@pytest.fixture
def bucket(store: ObjectStore, endpoint: str, tmp_path: Path) -> AuditBucket:
    """An empty bucket for tests of audits."""
    return create_bucket(store, endpoint, f"audited-{uuid4().hex[:12]}", tmp_path)
