"""Findings that a person accepted."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from logops.findings import Finding, Subject
from logops.findings.acceptance import (
    AcceptanceError,
    accept,
    acceptance_of,
    in_force,
    read_acceptances,
    write_acceptance,
)
from logops.findings.classes.audit import CHUNK_MISSING
from logops.findings.store import ResultsStore

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
MAIN = Subject("local", "main")
MONTH = timedelta(days=30)


def missing(tenant: str, cluster: str = "main") -> Finding:
    return Finding(CHUNK_MISSING, Subject("local", cluster, tenant, table="loki_index_20780"), "missing", NOW)


def test_acceptance_covers_every_finding_of_its_class_and_subject() -> None:
    acceptance = accept("chunk-missing", MAIN, "ada", "test data", MONTH, NOW)

    assert [acceptance.covers(missing("a")), acceptance.covers(missing("a", "security"))] == [True, False]


def test_finding_that_nobody_accepted_has_no_acceptance() -> None:
    other = accept("chunk-lost", MAIN, "ada", "test data", MONTH, NOW)

    assert acceptance_of(missing("a"), [other]) is None


def test_acceptance_that_has_ended_does_not_count() -> None:
    acceptance = accept("chunk-missing", MAIN, "ada", "test data", MONTH, NOW)

    assert in_force([acceptance], NOW + MONTH) == []


def test_later_acceptance_of_no_time_ends_the_earlier_one() -> None:
    first = accept("chunk-missing", MAIN, "ada", "test data", MONTH, NOW)
    end = accept("chunk-missing", MAIN, "bob", "restored", timedelta(0), NOW + timedelta(days=1))

    assert in_force([end, first], NOW + timedelta(days=2)) == []


def test_acceptance_says_who_until_when_and_why() -> None:
    assert accept("chunk-missing", MAIN, "ada", " test data ", MONTH, NOW).text == (
        "accepted by ada until 2026-12-28: test data"
    )


@pytest.mark.parametrize(("why", "length"), [(" ", MONTH), ("why", timedelta(days=401)), ("why", -MONTH)])
def test_acceptance_without_a_reason_or_for_too_long_is_refused(why: str, length: timedelta) -> None:
    with pytest.raises(AcceptanceError):
        accept("chunk-missing", MAIN, "ada", why, length, NOW)


def test_stored_acceptances_are_read_for_their_environment_only(tmp_path: Path) -> None:
    store = ResultsStore(str(tmp_path))
    ours = accept("chunk-missing", MAIN, "ada", "test data", MONTH, NOW)
    write_acceptance(store, ours)
    write_acceptance(store, accept("chunk-missing", Subject("production"), "ada", "test data", MONTH, NOW))

    assert read_acceptances(store, "local", NOW + timedelta(days=1)) == [ours]


def test_store_without_acceptances_has_none(tmp_path: Path) -> None:
    assert read_acceptances(ResultsStore(str(tmp_path)), "local", NOW) == []
