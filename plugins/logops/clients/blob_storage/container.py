"""One container: list, read, write, tier and delete its blobs."""

import builtins
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from logops.clients.blob_storage.azure_errors import translated
from logops.clients.blob_storage.blobs import Listing, Tier
from logops.clients.blob_storage.errors import BlobMissingError, ObjectStoreError, refusal
from logops.clients.blob_storage.listing.read import Progress, listed, read_page
from logops.clients.blob_storage.listing.walks import Unlisted, walks_of
from logops.clients.blob_storage.rest import CONNECTIONS, BlobResponse, Call, Rest

if TYPE_CHECKING:
    from azure.storage.blob import ContainerClient

LONGEST_BLOB = 1 << 30
"""Largest blob that is read at once, in bytes."""
_IN_A_BATCH = 256
"""Blobs per request of the Blob Batch API: Azure's maximum."""


class Container:
    """A container; created by `ObjectStore.container`. Every call raises ObjectStoreError (`errors`).

    Listing and reading need the role Storage Blob Data Reader, everything else needs Contributor.
    """

    def __init__(self, account: str, name: str, client: "ContainerClient", rest: Rest) -> None:
        self.name = name
        self._of = f"container {name} of storage account {account}"
        self._client = client
        self._rest = rest

    def list(
        self, prefixes: Sequence[str] = ("",), *, resume: Unlisted | None = None, progress: Progress | None = None
    ) -> Listing:
        """List every blob whose name starts with one of the prefixes, several parts in parallel.

        One request is sent at once: it shows that the container can be listed, and returns the service's time. The
        batches raise ListingInterruptedError if a page cannot be read after all retries. Its `rest` is the part that
        was not listed yet; `progress` gets the same after each batch. Pass it as `resume`, without prefixes.
        """
        doing = f"listing {self._of}"
        now = self._rest.send(Call(doing, self.name, {"restype": "container", "comp": "list", "maxresults": "1"}))
        taken = _time_of(now, doing)
        unlisted = resume or Unlisted(taken, 0, walks_of(prefixes))
        batches = listed(partial(read_page, self._rest, self.name, doing), doing, unlisted, progress)
        return Listing(f"listing of {self._of}", unlisted.taken, batches)

    def read(self, name: str, limit: int = LONGEST_BLOB) -> bytes:
        """Return the content of a blob.

        Raises BlobMissingError, BlobArchivedError, and ObjectStoreError if it has more bytes than `limit`.
        """
        doing = f"reading blob {name} in {self._of}"
        return self._rest.send(Call(doing, f"{self.name}/{name}", limit=limit)).body

    def exists(self, names: Sequence[str]) -> "builtins.list[bool]":
        """Return whether each of these blobs exists, archived or not. Asks for many in parallel."""
        with ThreadPoolExecutor(CONNECTIONS, "head-blobs") as threads:
            return [*threads.map(self._is_there, names)]

    def _is_there(self, name: str) -> bool:
        doing = f"looking for blob {name} in {self._of}"
        try:
            self._rest.send(Call(doing, f"{self.name}/{name}", method="HEAD"))
        except BlobMissingError:
            return False
        return True

    def write(self, name: str, data: bytes) -> None:
        """Write a block blob, replacing an existing one."""
        with translated(f"writing blob {name} in {self._of}"):
            self._client.upload_blob(name, data, overwrite=True)

    def set_tier(self, names: Iterable[str], tier: Tier) -> int:
        """Set the tier of these blobs. Return how many existed; a missing blob is no error."""
        send = partial(self._client.set_standard_blob_tier_blobs, tier.azure)
        return self._in_batches(f"setting the tier of blobs to {tier.azure} in {self._of}", send, names)

    def delete(self, names: Iterable[str]) -> int:
        """Delete these blobs. Return how many existed; a missing blob is no error."""
        return self._in_batches(f"deleting blobs in {self._of}", self._client.delete_blobs, names)

    def _in_batches(self, doing: str, send: Callable[..., Iterator[Any]], names: Iterable[str]) -> int:
        done = 0
        left = [*names]
        while left:
            batch, left = left[:_IN_A_BATCH], left[_IN_A_BATCH:]
            with translated(doing):
                answers = [*send(*batch, raise_on_any_failure=False)]
            done += _succeeded(doing, answers)
        return done


def _time_of(answer: BlobResponse, doing: str) -> datetime:
    """Return when the service answered, by its own clock."""
    date = answer.headers.get("Date", "")
    try:
        return parsedate_to_datetime(date).astimezone(UTC)
    except ValueError:
        raise ObjectStoreError(
            f"{doing}: the answer does not say when it was given (its header Date is {date!r}), so nothing can be "
            "judged by age. What stands between this machine and the account must pass the header on."
        ) from None


def _succeeded(doing: str, answers: Sequence[Any]) -> int:
    """Return how many parts of a batch succeeded. Raises ObjectStoreRefusedError for the first refused part."""
    succeeded = 0
    for answer in answers:
        code = str(answer.headers.get("x-ms-error-code", ""))
        if answer.status_code // 100 == 2:
            succeeded += 1
        elif code != "BlobNotFound":
            raise refusal(doing, answer.status_code, code, str(answer.reason))
    return succeeded
