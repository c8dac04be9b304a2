import pyarrow as pa

from logops.clients.blob_storage.blobs import blobs_schema
from logops.clients.blob_storage.listing.page import ListingPage
from logops.clients.blob_storage.listing.read import walked_page
from logops.clients.blob_storage.listing.walks import MOST_PREFIXES, Walk

NOTHING = pa.RecordBatch.from_pylist([], schema=blobs_schema())
LEVELS = Walk("", levels=True)


def folders(count: int) -> tuple[str, ...]:
    return tuple(f"folder-{number:06}/" for number in range(count))


def test_each_folder_up_to_the_limit_is_walked_separately() -> None:
    walks = walked_page(LEVELS, ListingPage(NOTHING, folders(MOST_PREFIXES), "")).walks

    assert [walk.prefix for walk in walks] == [*folders(MOST_PREFIXES)]


def test_folders_over_the_limit_are_walked_together() -> None:
    """One walk per folder would send a million requests for a million folders."""
    walks = walked_page(LEVELS, ListingPage(NOTHING, folders(MOST_PREFIXES + 1), "more")).walks

    assert len(walks) < 30
    assert not any(walk.levels or walk.marker for walk in walks)
