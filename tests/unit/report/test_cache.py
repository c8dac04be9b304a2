"""Rendered pages are kept until there are newer results, and never given to a reader of another kind."""

import gzip
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from logops.environment import Environment
from logops.findings import Run
from logops.findings.store import ResultsStore, StoreUnreachableError
from logops.report.cache import CHECKED_FOR, KEPT_FOR, RENEWED_FOR, PageCache
from logops.report.section import EVERYTHING, STANDARD, Shown
from tests.support.environments import environment

NOW = datetime(2026, 11, 28, 6, tzinfo=UTC)
Open = Callable[..., str]


class Store(ResultsStore):
    """A store that can be away."""

    is_away = False

    def version(self, now: datetime) -> str:
        if self.is_away:
            raise StoreUnreachableError("away")
        return super().version(now)


class Pages:
    """A cache whose renderings have numbers."""

    def __init__(self, store: ResultsStore) -> None:
        numbers = count(1)

        def render(_: ResultsStore, environment: Environment, now: datetime, shown: Shown) -> str:
            return f"rendering {next(numbers)}"

        self.cache, self._store, self._local = PageCache(render), store, environment("local")

    def open(self, after: timedelta, shown: Shown = STANDARD, environment: Environment | None = None) -> str:
        """Open the page some time after NOW."""
        page = self.cache.page(self._store, environment or self._local, NOW + after, shown)
        return gzip.decompress(page).decode()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path))


@pytest.fixture
def pages(store: ResultsStore) -> Pages:
    return Pages(store)


@pytest.fixture
def open_page(pages: Pages) -> Open:
    return pages.open


def test_page_is_rendered_once_while_there_are_no_newer_results(open_page: Open) -> None:
    assert [open_page(timedelta(seconds=after)) for after in (0, 1, 60)] == ["rendering 1"] * 3


def test_page_is_rendered_again_after_a_newer_result(open_page: Open, store: ResultsStore) -> None:
    open_page(timedelta(0))
    store.write_findings(Run("local", "retention-audit", "nightly", NOW), [])

    assert open_page(CHECKED_FOR) == "rendering 2"


def test_page_is_rendered_again_after_a_result_was_replaced(open_page: Open, store: ResultsStore) -> None:
    run = Run("local", "retention-audit", "nightly", NOW)
    store.write_findings(run, [])
    open_page(timedelta(0))
    store.write_findings(run, [])

    assert open_page(CHECKED_FOR) == "rendering 2"


def test_page_is_rendered_again_when_its_ages_are_old(open_page: Open) -> None:
    open_page(timedelta(0))

    assert open_page(KEPT_FOR) == "rendering 2"


def test_page_of_a_security_reader_is_not_given_to_others(open_page: Open) -> None:
    assert [open_page(timedelta(0), EVERYTHING), open_page(timedelta(0), STANDARD)] == ["rendering 1", "rendering 2"]


def test_page_is_rendered_again_after_the_environment_file_changed(open_page: Open) -> None:
    open_page(timedelta(0))

    assert open_page(timedelta(0), environment=environment("local", ("description", "New."))) == "rendering 2"


def test_page_that_was_opened_lately_is_made_again_before_the_next_reader_comes(
    pages: Pages, store: ResultsStore
) -> None:
    pages.open(timedelta(0))
    store.write_findings(Run("local", "retention-audit", "nightly", NOW), [])
    pages.cache.renew(NOW + CHECKED_FOR)

    assert pages.open(CHECKED_FOR + timedelta(seconds=1)) == "rendering 2"


def test_page_that_nobody_opens_any_more_is_not_made_again(pages: Pages) -> None:
    pages.open(timedelta(0))
    pages.cache.renew(NOW + RENEWED_FOR)

    assert pages.open(RENEWED_FOR) == "rendering 2"


def test_page_is_kept_when_the_store_is_away_in_the_background(pages: Pages, store: Store) -> None:
    pages.open(timedelta(0))
    store.is_away = True
    pages.cache.renew(NOW + CHECKED_FOR)

    assert pages.open(timedelta(seconds=1)) == "rendering 1"
