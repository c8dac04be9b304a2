"""Read more lines than Loki returns at once, without losing or repeating one. Pure: the caller requests the pages."""

from dataclasses import dataclass

from logops.clients.loki.model import Entry

WINDOW_NS = 3_600_000_000_000
"""No query crosses an hour, at which Loki splits queries (limits_config.split_queries_by_interval).

If the first parts of a split query fill the limit, the frontend cancels the others. A cancelled querier loses its
connection to the scheduler, and the next queries wait for seconds until it reconnects
(pkg/querier/worker/scheduler_processor.go, seen with 3.7.8).
"""


@dataclass(frozen=True, slots=True)
class QueryPage:
    """A query for at most `limit` of the oldest entries with start <= timestamp < end, oldest first."""

    start_ns: int
    end_ns: int
    limit: int


def first_page(start_ns: int, end_ns: int, page_size: int) -> QueryPage | None:
    """Return the first page of a range; None for an empty range."""
    if start_ns >= end_ns:
        return None
    return QueryPage(start_ns, min((start_ns // WINDOW_NS + 1) * WINDOW_NS, end_ns), page_size)


def split_page(
    page: QueryPage, entries: list[Entry], end_ns: int, page_size: int
) -> tuple[list[Entry], QueryPage | None]:
    """Return the entries of a page that no later page repeats, and the next page; None after the last page.

    end_ns      end of the whole range
    page_size   the limit of a usual page

    Many entries can have the same timestamp, and a full page may end between them. So the last timestamp of a full
    page is left to the next page, which starts with it. If a whole page has one timestamp, it is requested again
    with twice the size. Loki refuses more than limits_config.max_entries_limit_per_query (5000 by default).
    """
    if len(entries) < page.limit:
        return entries, first_page(page.end_ns, end_ns, page_size)
    last_ns = entries[-1].timestamp_ns
    if entries[0].timestamp_ns == last_ns:
        return [], QueryPage(page.start_ns, page.end_ns, page.limit * 2)
    complete = [entry for entry in entries if entry.timestamp_ns < last_ns]
    return complete, QueryPage(last_ns, page.end_ns, page_size)
