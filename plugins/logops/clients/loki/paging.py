"""Read more lines than Loki returns at once, without losing or repeating one."""

from collections.abc import Callable, Iterator

from logops.clients.loki.entries import Entry

WINDOW_NS = 3_600_000_000_000
"""No query crosses an hour, at which Loki splits queries (limits_config.split_queries_by_interval).

If the first parts of a split query fill the limit, the frontend cancels the others. A cancelled querier loses its
connection to the scheduler, and the next queries wait for seconds until it reconnects
(pkg/querier/worker/scheduler_processor.go, seen with 3.7.8).
"""

Page = Callable[[int, int, int], list[Entry]]
"""(start, end, limit) -> at most `limit` of the oldest entries with start <= timestamp < end, oldest first."""


def read_pages(page: Page, start_ns: int, end_ns: int, page_size: int) -> Iterator[Entry]:
    """Yield every entry with start <= timestamp < end, oldest first.

    Many entries can have the same timestamp, and a full page may end between them. So the last timestamp of a full
    page is left to the next page, which starts with it. If a whole page has one timestamp, it is requested again
    with twice the size. Loki refuses more than limits_config.max_entries_limit_per_query (5000 by default), and its
    refusal is raised.
    """
    while start_ns < end_ns:
        window_end_ns = min((start_ns // WINDOW_NS + 1) * WINDOW_NS, end_ns)
        yield from _read_window(page, start_ns, window_end_ns, page_size)
        start_ns = window_end_ns


def _read_window(page: Page, start_ns: int, end_ns: int, page_size: int) -> Iterator[Entry]:
    limit = page_size
    while True:
        entries = page(start_ns, end_ns, limit)
        if len(entries) < limit:
            yield from entries
            return
        last = entries[-1].timestamp_ns
        if entries[0].timestamp_ns == last:
            limit *= 2
            continue
        yield from (entry for entry in entries if entry.timestamp_ns < last)
        start_ns = last
        limit = page_size
