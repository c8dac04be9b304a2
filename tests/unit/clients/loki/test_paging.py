"""Tests of reading in pages: no entry is lost or read twice."""

from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logops.clients.loki import Entry
from logops.clients.loki.paging import WINDOW_NS, first_page, split_page


def stored(timestamps: list[int]) -> list[Entry]:
    return [Entry(ns, {"job": "x"}, f"line {number}") for number, ns in enumerate(sorted(timestamps))]


def pages_of(entries: list[Entry], most: int = 10**9) -> Callable[[int, int, int], list[Entry]]:
    """Return the page function of a Loki that holds `entries` and refuses pages of more than `most` entries."""

    def page(start_ns: int, end_ns: int, limit: int) -> list[Entry]:
        if limit > most:
            raise PermissionError(f"max entries limit per query exceeded ({limit} > {most})")
        return [entry for entry in entries if start_ns <= entry.timestamp_ns < end_ns][:limit]

    return page


def read_pages(page: Callable[[int, int, int], list[Entry]], start_ns: int, end_ns: int, size: int) -> Iterator[Entry]:
    """Yield the entries of every page, as a client does."""
    current = first_page(start_ns, end_ns, size)
    while current is not None:
        entries = page(current.start_ns, current.end_ns, current.limit)
        complete, current = split_page(current, entries, end_ns, size)
        yield from complete


@given(timestamps=st.lists(st.integers(0, 12), max_size=60), size=st.integers(1, 9))
def test_entries_with_equal_timestamps_are_each_read_once(timestamps: list[int], size: int) -> None:
    entries = stored(timestamps)

    assert list(read_pages(pages_of(entries), 0, 13, size)) == entries


@given(timestamps=st.lists(st.integers(0, 4 * WINDOW_NS), max_size=30), size=st.integers(1, 5))
def test_every_entry_is_read_once_over_several_hours(timestamps: list[int], size: int) -> None:
    entries = stored(timestamps)

    assert list(read_pages(pages_of(entries), 0, 4 * WINDOW_NS + 1, size)) == entries


def test_range_excludes_its_end() -> None:
    assert [e.timestamp_ns for e in read_pages(pages_of(stored([1, 2, 3])), 2, 3, 10)] == [2]


@given(start=st.integers(0, 3 * WINDOW_NS), length=st.integers(0, 3 * WINDOW_NS))
def test_queries_cover_the_range_and_cross_no_hour(start: int, length: int) -> None:
    asked = []

    def page(start_ns: int, end_ns: int, limit: int) -> list[Entry]:
        asked.append((start_ns, end_ns))
        return []

    assert list(read_pages(page, start, start + length, 10)) == []
    assert all(first // WINDOW_NS == (end - 1) // WINDOW_NS for first, end in asked)
    assert all(end == next_start for (_, end), (next_start, _) in pairwise(asked))
    assert not length or (asked[0][0], asked[-1][1]) == (start, start + length)


def test_more_lines_at_one_timestamp_than_loki_allows_raises() -> None:
    entries = stored([5] * 20)

    with pytest.raises(PermissionError, match="max entries limit"):
        list(read_pages(pages_of(entries, most=16), 0, 10, 8))
