"""Reading more lines than Loki gives at once, without losing or repeating one."""

from collections.abc import Callable, Iterator
from datetime import timedelta

from logops.loki.entries import Entry

WINDOW_NS = int(timedelta(days=1).total_seconds()) * 1_000_000_000
"""No single query spans more: limits_config.max_query_length refuses long ones (721h by default)."""

Page = Callable[[int, int, int], list[Entry]]
"""(start, end, limit) -> at most `limit` of the oldest entries with start <= timestamp < end, oldest first."""


def read_pages(page: Page, start_ns: int, end_ns: int, page_size: int) -> Iterator[Entry]:
    """Every entry with start <= timestamp < end, oldest first.

    Many entries can have the same timestamp, and a full page may end among them. So the last timestamp of a full
    page is left to the next page, which starts with it. Where a whole page has one timestamp there is nothing else
    to leave, and the page is asked again at twice the size; Loki refuses what is above
    limits_config.max_entries_limit_per_query (5000 by default), and its refusal is raised.
    """
    for window_start in range(start_ns, end_ns, WINDOW_NS):
        yield from _read_window(page, window_start, min(window_start + WINDOW_NS, end_ns), page_size)


def _read_window(page: Page, start_ns: int, end_ns: int, page_size: int) -> Iterator[Entry]:
    limit = page_size
    while True:
        found = page(start_ns, end_ns, limit)
        if len(found) < limit:
            yield from found
            return
        last = found[-1].timestamp_ns
        if found[0].timestamp_ns == last:
            limit *= 2
            continue
        yield from (entry for entry in found if entry.timestamp_ns < last)
        start_ns = last
        limit = page_size
