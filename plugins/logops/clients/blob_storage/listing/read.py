"""List a container page by page, several pages in parallel."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from threading import Event
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from logops.clients.blob_storage.errors import ListingInterruptedError, ObjectStoreError
from logops.clients.blob_storage.listing.arrow_page import CONTENT_TYPE, read_arrow_page
from logops.clients.blob_storage.listing.page import ListingPage
from logops.clients.blob_storage.listing.walks import (
    Unlisted,
    Walk,
    after_page,
    has_too_many_folders,
    is_past,
    is_to_be_split,
    parts_of,
)
from logops.clients.blob_storage.listing.xml_page import read_xml_page
from logops.clients.blob_storage.rest import Call, Rest
from logops.number_text import count_text

if TYPE_CHECKING:
    import pyarrow as pa

AT_ONCE = 16
"""Requests. The service takes some tenths of a second for a page, independent of others."""

_ACCEPT = f"{CONTENT_TYPE},application/xml"

Progress = Callable[[Unlisted], None]
"""Called after every page with the part that is still to be listed."""


@dataclass(frozen=True, slots=True)
class WalkedPage:
    """The blobs of a page, and the walks that remain after it."""

    batch: "pa.RecordBatch"
    walks: tuple[Walk, ...]


def read_page(rest: Rest, container: str, doing: str, walk: Walk, given_up: Event) -> WalkedPage:
    """Request the next page of a walk. Raises ObjectStoreError."""
    call = Call(f"{doing}, {walk}", container, walk.query, {"Accept": _ACCEPT})
    answer = rest.send(call, given_up)
    is_arrow = CONTENT_TYPE in answer.headers.get("Content-Type", "")
    return walked_page(walk, read_arrow_page(answer.body) if is_arrow else read_xml_page(answer.body))


def walked_page(walk: Walk, page: ListingPage) -> WalkedPage:
    """Return the blobs of a page that belong to the walk, and the remaining walks."""
    rows = page.batch.num_rows
    last = str(page.batch.column(0)[rows - 1]) if rows else ""
    if has_too_many_folders(walk, page.next_marker, page.prefixes):
        return WalkedPage(page.batch.slice(0, 0), parts_of(walk))
    if is_to_be_split(walk, page.next_marker, last):
        # Read this part again in smaller parts; that costs one page out of many.
        return WalkedPage(page.batch.slice(0, 0), parts_of(walk))
    batch = page.batch
    if walk.first or walk.end:
        batch = _between(batch, walk.first, walk.end)
    if is_past(walk, last):
        return WalkedPage(batch, ())
    return WalkedPage(batch, after_page(walk, page.next_marker, page.prefixes))


def _between(batch: "pa.RecordBatch", first: str, end: str) -> "pa.RecordBatch":
    """Keep the names from `first` to before `end`: a service that ignores startFrom returns others as well."""
    kept = pc.greater_equal(batch.column(0), first)
    return batch.filter(pc.and_(kept, pc.less(batch.column(0), end)) if end else kept)


def listed(
    read: Callable[[Walk, Event], WalkedPage], doing: str, rest: Unlisted, progress: Progress | None
) -> Iterator["pa.RecordBatch"]:
    """Yield the blobs of every walk, reading `AT_ONCE` pages in parallel.

    Raises ListingInterruptedError, with everything that was not yielded, if a page cannot be read.
    """
    waiting = deque(rest.walks)
    running: dict[Future[WalkedPage], Walk] = {}
    given_up = Event()
    threads = ThreadPoolExecutor(AT_ONCE, "list-blobs")
    try:
        while waiting or running:
            while waiting and len(running) < AT_ONCE:
                walk = waiting.popleft()
                running[threads.submit(read, walk, given_up)] = walk
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for page in done:
                try:
                    walked = page.result()
                except ObjectStoreError as error:
                    left = replace(rest, walks=(*running.values(), *waiting))
                    blobs, parts = count_text(rest.blobs, "blob"), count_text(len(left.walks), "part")
                    message = f"{error} Listed before: {blobs}. Left: {parts}."
                    raise ListingInterruptedError(message, left) from error
                del running[page]
                # Continue started walks before starting new ones.
                waiting.extendleft(walked.walks[::-1])
                rest = replace(rest, blobs=rest.blobs + walked.batch.num_rows)
                yield walked.batch
                if progress is not None:
                    progress(replace(rest, walks=(*running.values(), *waiting)))
    finally:
        given_up.set()
        threads.shutdown(wait=False, cancel_futures=True)
