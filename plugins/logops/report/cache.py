"""Keep rendered pages until there are newer results, so that a person who opens the page does not wait for them."""

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from logops.environment import Environment
from logops.findings.store import ResultsStore
from logops.report.section import Shown

CHECKED_FOR = timedelta(seconds=10)
"""A page is shown for this long before the store is asked for newer results."""
KEPT_FOR = timedelta(minutes=5)
"""A page is made again after this time even without newer results: ages grow, and checks become overdue."""

Render = Callable[[ResultsStore, Environment, datetime, Shown], str]


@dataclass
class _Kept:
    environment: Environment
    version: str
    made: datetime
    checked: datetime
    page: bytes


class PageCache:
    """Rendered pages by environment and reader, compressed with gzip. Threads may share it."""

    def __init__(self, render: Render) -> None:
        self._render = render
        self._kept: dict[tuple[str, Shown], _Kept] = {}
        self._locks: dict[tuple[str, Shown], Lock] = {}

    def page(self, store: ResultsStore, environment: Environment, now: datetime, shown: Shown) -> bytes:
        """Return the page, compressed. Two readers at the same time wait for one rendering.

        Raises StoreUnreachableError if nobody can say whether there are newer results.
        """
        key = (environment.name, shown)
        with self._locks.setdefault(key, Lock()):
            kept = self._kept.get(key)
            if kept and kept.environment == environment and now - kept.made < KEPT_FOR:
                if now - kept.checked < CHECKED_FOR:
                    return kept.page
                if store.version(now) == kept.version:
                    kept.checked = now
                    return kept.page
            # Before the results are read: a result that comes meanwhile belongs to the next version.
            version = store.version(now)
            page = gzip.compress(self._render(store, environment, now, shown).encode(), 6)
            self._kept[key] = _Kept(environment, version, now, now, page)
            return page
