"""Tests of the results store in Azure Blob Storage, on a real Azurite."""

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from azure.storage.blob import BlobServiceClient

from logops.findings import Finding, Run, Subject
from logops.findings.classes import REGISTRY
from logops.findings.history import read_changes
from logops.findings.store import ResultsStore, StoreUnreachableError
from tests.support.azurites import ACCOUNT, KEY

AS_OF = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)
FOUND = Finding(REGISTRY["check-incomplete"], Subject("local", "main"), "3 of 4 tables", AS_OF, {"tables": 3})


def connection_string(endpoint: str, key: str = KEY) -> str:
    return f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={key};BlobEndpoint={endpoint};"


@pytest.fixture
def store(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> ResultsStore:
    container = f"results-{uuid4().hex[:12]}"
    login = connection_string(endpoint)
    BlobServiceClient.from_connection_string(login).create_container(container)
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", login)
    return ResultsStore(f"abfs://{container}/production")


def test_findings_of_runs_are_read_back_and_compared(store: ResultsStore) -> None:
    first, second = (Run("local", "audit", f"run-{n}", AS_OF + timedelta(days=n)) for n in (0, 1))
    assert read_changes(store, "local", "audit", second.as_of) is None

    store.write_findings(first, [FOUND])
    store.write_findings(second, [])
    read = read_changes(store, "local", "audit", second.as_of)

    assert read is not None
    run, changes = read
    assert run == second
    assert [(gone.finding, gone.since) for gone in changes.gone] == [(FOUND, AS_OF)]


def test_run_written_twice_replaces_its_findings(store: ResultsStore) -> None:
    run = Run("local", "audit", "scheduled__2026-11-23T00:00:00+00:00", AS_OF)
    store.write_findings(run, [FOUND])
    store.write_findings(run, [])

    assert list(store.runs("local", "audit", AS_OF)) == [(run, ())]


def test_run_written_by_another_machine_is_read_at_once(store: ResultsStore, endpoint: str) -> None:
    store.write_findings(Run("local", "audit", "run-0", AS_OF), [])
    assert len(list(store.runs("local", "audit", AS_OF))) == 1

    path = "production/findings/day=2026-11-23/local.audit.{}.parquet"
    container = store._root.partition("/")[0]
    blobs = BlobServiceClient.from_connection_string(connection_string(endpoint)).get_container_client(container)
    written = blobs.download_blob(path.format("run-0")).readall()
    blobs.upload_blob(path.format("run-1"), written)

    assert len(list(store.runs("local", "audit", AS_OF))) == 2


def test_findings_are_queried_with_sql(store: ResultsStore) -> None:
    assert store.query("findings", "select count(*) as n from findings").to_pylist() == [{"n": 0}]
    for number in range(3):
        store.write_findings(Run("local", "audit", f"run-{number}", AS_OF + timedelta(days=number)), [FOUND])

    answer = store.query(
        "findings", "select count(*) as n, max(run) as last from findings", last=AS_OF.date() + timedelta(days=1)
    )

    assert answer.to_pylist() == [{"n": 2, "last": "run-1"}]


def test_write_to_missing_container_is_reported_with_url(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", connection_string(endpoint))

    with pytest.raises(StoreUnreachableError, match=r"abfs://nowhere/production failed: .*container does not exist"):
        ResultsStore("abfs://nowhere/production").write_findings(Run("local", "audit", "1", AS_OF), [])


def test_refused_login_is_reported_without_key(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = b64encode(b"hunter2" * 9).decode()
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", connection_string(endpoint, wrong))

    with pytest.raises(StoreUnreachableError) as caught:
        ResultsStore("abfs://results/production").write_findings(Run("local", "audit", "1", AS_OF), [])

    assert "its login may read and write there" in str(caught.value)
    assert wrong not in str(caught.value)
