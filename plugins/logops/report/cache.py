"""Keep rendered pages until there are newer results, so that a person who opens the page does not wait for them.

With a year of results a page takes some seconds. So pages that somebody opened lately are made again in the background
when there are newer results.
"""

import gzip
import logging
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

RENEWED_FOR = timedelta(days=3)
"""A page is renewed in the background for this long after somebody opened it."""
RENEW_EVERY_S = 60.0

Render = Callable[[ResultsStore, Environment, datetime, Shown], str]

_log = logging.getLogger(__name__)


@dataclass
class _Kept:
    environment: Environment
    version: str
    made: datetime
    checked: datetime
    opened: datetime
    """When somebody last opened it."""
    store: ResultsStore
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
        kept = self._newest(store, environment, now, shown)
        kept.opened = now
        return kept.page

    def renew(self, now: datetime) -> None:
        """Make those pages again that somebody opened lately, if they are old or there are newer results."""
        for (name, shown), kept in list(self._kept.items()):
            if now - kept.opened < RENEWED_FOR:
                try:
                    self._newest(kept.store, kept.environment, now, shown)
                except Exception:
                    # Whatever it is, the other pages are renewed, and this one at the next try.
                    _log.exception("Renewing the page of %s failed", name)

    def _newest(self, store: ResultsStore, environment: Environment, now: datetime, shown: Shown) -> _Kept:
        key = (environment.name, shown)
        with self._locks.setdefault(key, Lock()):
            kept = self._kept.get(key)
            if kept and kept.environment == environment and now - kept.made < KEPT_FOR:
                if now - kept.checked < CHECKED_FOR:
                    return kept
                if store.version(now) == kept.version:
                    kept.checked = now
                    return kept
            # Before the results are read: a result that comes meanwhile belongs to the next version.
            version = store.version(now)
            page = gzip.compress(self._render(store, environment, now, shown).encode(), 6)
            opened = kept.opened if kept else now
            self._kept[key] = _Kept(environment, version, now, now, opened, store, page)
            return self._kept[key]
