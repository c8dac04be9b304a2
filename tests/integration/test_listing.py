"""Tests of container listings on a real Azurite, and on a fake service that answers in Arrow, fails or truncates."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import islice
from threading import Barrier, BrokenBarrierError

import pyarrow as pa
import pytest

from logops.clients.blob_storage import AccountKey, ObjectStore, ObjectStoreRefusedError
from logops.clients.blob_storage.container import Container
from logops.clients.blob_storage.errors import ListingInterruptedError
from tests.support.azurites import ACCOUNT
from tests.support.fakes.blob_service import ARROW, Answer, Listed, Served, blob_service, chunk_names
from tests.support.waiting import wait_for

ODD = (
    "index/loki_index_1/a.tsdb.gz",
    "loki_cluster_seed.json",
    "team!-_.*'()/1f/1-2-3",
    "team/1f/with space & <mark> % ü ✓",
    "team/1f/+plus%20",
    "z",
)
CHUNKS = tuple(islice(chunk_names(23_000), 23_000))


def listing_of(container: Container) -> Iterator[str]:
    for batch in container.list().batches:
        yield from batch["name"].to_pylist()


def listed(container: Container, prefixes: tuple[str, ...] = ("",)) -> list[str]:
    return [name for batch in container.list(prefixes).batches for name in batch["name"].to_pylist()]


@pytest.fixture
def odd(store: ObjectStore) -> Container:
    store.create_container("odd-names")
    container = store.container("odd-names")
    for name in ODD:
        container.write(name, b"123")
    return container


def of(served: Served) -> ObjectStore:
    return ObjectStore.connect("fake", AccountKey("a2V5"), served.endpoint)


def test_listing_returns_every_name_once_and_unchanged(odd: Container) -> None:
    assert sorted(listed(odd)) == sorted(ODD)


def test_listing_returns_size_and_modification_time_of_blob(odd: Container) -> None:
    listing = odd.list(("z",))
    (row,) = [row for batch in listing.batches for row in batch.to_pylist()]

    assert (row["name"], row["size"], row["rehydrating"]) == ("z", 3, False)
    assert abs((row["modified"] - listing.taken).total_seconds()) < 60


def test_listing_returns_only_blobs_below_prefixes(odd: Container) -> None:
    assert sorted(listed(odd, ("team/", "index/"))) == sorted(name for name in ODD if name[:5] in ("team/", "index"))


def test_listing_of_empty_container_is_empty(store: ObjectStore) -> None:
    store.create_container("empty")

    assert listed(store.container("empty")) == []


def test_listing_of_missing_container_raises_with_container_name(store: ObjectStore) -> None:
    with pytest.raises(ObjectStoreRefusedError, match=r"listing container nowhere .* 404 ContainerNotFound"):
        store.container("nowhere").list()


def test_listing_with_wrong_key_raises_with_hint_and_without_key(endpoint: str) -> None:
    with (
        ObjectStore.connect(ACCOUNT, AccountKey("eHg="), endpoint) as stranger,
        pytest.raises(ObjectStoreRefusedError, match="or the key is not this account's") as caught,
    ):
        stranger.container("odd-names").list()

    assert "eHg=" not in str(caught.value)


def test_listing_of_azurite_reads_all_pages(store: ObjectStore) -> None:
    """Pages of Azurite have 5,000 names, as in Azure."""
    store.create_container("many")
    container = store.container("many")
    names = {f"folder/{number:05}" for number in range(5_200)}
    write_all(container, names)

    assert sorted(listed(container)) == sorted(names)


def write_all(container: Container, names: set[str]) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda name: container.write(name, b""), names))


@pytest.mark.parametrize("arrow", [False, True], ids=["xml", "arrow"])
def test_listing_splits_tenants_into_parts_without_duplicates(arrow: bool) -> None:
    with blob_service(CHUNKS, arrow=arrow) as served, of(served) as store:
        assert sorted(listed(store.container("loki-chunks"))) == sorted(CHUNKS)

    assert len({query.get("prefix", "") for query in served.asked}) > 4 * 16


def test_listing_reads_parts_concurrently() -> None:
    """The service answers only after it has received eight requests."""
    eight = Barrier(8)

    def held(query: Mapping[str, str]) -> None:
        prefix = query.get("prefix", "")
        if prefix and not prefix.endswith("/"):
            with suppress(BrokenBarrierError):
                eight.wait(5)

    with blob_service(CHUNKS, failure=held) as served, of(served) as store:
        listed(store.container("loki-chunks"))

    assert not eight.broken
    assert served.most_at_once >= 8


@pytest.mark.parametrize("header", [{"Retry-After": "2"}, {"x-ms-retry-after-ms": "2000"}], ids=["s", "ms"])
def test_busy_service_is_retried_after_requested_delay(header: Mapping[str, str]) -> None:
    """Without a requested delay, the first retry waits at most half a second."""
    busy = iter([Answer(503, headers={**header, "x-ms-error-code": "ServerBusy"})])
    with blob_service(Listed(["a"]), failure=lambda _: next(busy, None)) as served, of(served) as store:
        assert listed(store.container("any")) == ["a"]

    assert served.asked[-1] == served.asked[-2]
    assert served.at[-1] - served.at[-2] >= 2


def test_listing_is_interrupted_if_retry_delay_exceeds_one_minute() -> None:
    busy = Answer(503, headers={"Retry-After": "61", "x-ms-error-code": "ServerBusy"})
    with (
        blob_service(Listed(["a"]), failure=lambda _: busy) as served,
        of(served) as store,
        pytest.raises(ListingInterruptedError, match="503 ServerBusy"),
    ):
        listed(store.container("any"))

    assert len(served.asked) == 2


def test_truncated_page_is_read_again() -> None:
    half = iter([Answer(body=b"<?xml version='1.0'?><EnumerationResults>", cut=True)])
    with blob_service(CHUNKS, failure=lambda _: next(half, None)) as served, of(served) as store:
        assert len(listed(store.container("loki-chunks"))) == len(CHUNKS)


def test_arrow_page_truncated_between_messages_is_read_again() -> None:
    """Arrow reads this as a complete page without blobs. Only HTTP's Content-Length shows the truncation."""
    page = Listed(CHUNKS).answer("", "", "", "", True)
    schema = pa.ipc.MessageReader.open_stream(page).read_next_message().serialize()
    half = iter([Answer(body=schema.to_pybytes(), headers={"Content-Type": ARROW}, cut=True)])
    with (
        blob_service(CHUNKS, arrow=True, failure=lambda _: next(half, None)) as served,
        of(served) as store,
    ):
        assert len(listed(store.container("loki-chunks"))) == len(CHUNKS)


def test_interrupted_listing_resumes_without_duplicates_or_gaps() -> None:
    refused = {"audit-trail/8", "network/8"}

    def failure(query: Mapping[str, str]) -> Answer | None:
        if query.get("prefix") in refused:
            # At most 16 requests run at once: when 30 have arrived, some pages are listed already.
            wait_for(lambda: len(served.asked) > 30, 30)
            return Answer(403, headers={"x-ms-error-code": "AuthorizationPermissionMismatch"})
        return None

    with blob_service(CHUNKS, failure=failure) as served, of(served) as store:
        container = store.container("loki-chunks")
        before: list[str] = []
        with pytest.raises(ListingInterruptedError, match="needs the role Storage Blob Data Reader") as caught:
            before.extend(listing_of(container))
        refused.clear()
        after = [
            name for batch in container.list(resume=caught.value.unlisted).batches for name in batch["name"].to_pylist()
        ]

    assert 0 < len(after) < len(CHUNKS)
    assert sorted(before + after) == sorted(CHUNKS)


def test_listing_of_one_folder_reads_all_small_pages() -> None:
    names = [f"folder/{number}" for number in range(1_000)]
    with blob_service(Listed(names, page=7), arrow=True) as served, of(served) as store:
        assert sorted(listed(store.container("any"))) == sorted(names)
