"""Rendered pages are kept until there are newer results, and never given to a reader of another kind."""

import gzip
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from logops.environment import Environment
from logops.findings import Run
from logops.findings.store import ResultsStore
from logops.report.cache import CHECKED_FOR, KEPT_FOR, PageCache
from logops.report.section import EVERYTHING, STANDARD, Shown
from tests.support.environments import environment

NOW = datetime(2026, 11, 28, 6, tzinfo=UTC)
Open = Callable[..., str]


@pytest.fixture
def store(tmp_path: Path) -> ResultsStore:
    return ResultsStore(str(tmp_path))


@pytest.fixture
def open_page(store: ResultsStore) -> Open:
    """Open the page some seconds after NOW. Each rendering has a number."""
    numbers = count(1)

    def render(_: ResultsStore, environment: Environment, now: datetime, shown: Shown) -> str:
        return f"rendering {next(numbers)}"

    cache, local = PageCache(render), environment("local")

    def opened(after: timedelta, shown: Shown = STANDARD, environment: Environment = local) -> str:
        return gzip.decompress(cache.page(store, environment, NOW + after, shown)).decode()

    return opened


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
