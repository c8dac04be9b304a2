"""Find the history that is still missing, and the cluster and tenant of each kind."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from logops.clients.loki import nanoseconds
from logops.samples import Kind
from logops.samples.history_fill import Destination, Filled, destinations, missing, where_to_look
from tests.support.environments import environment

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
DONE = Filled(1, 2, done=True)
BROKEN_OFF = Filled(1, 2, done=False)


def test_each_kind_is_sent_to_cluster_and_tenant_of_its_source() -> None:
    assert destinations(environment("local")) == {
        Kind.APPLICATION: Destination("main", "application"),
        Kind.ACCESS: Destination("main", "application"),
        Kind.AUDIT: Destination("security", "security-team"),
        Kind.SYSTEM: Destination("main", "platform"),
    }


def test_kind_without_a_source_is_skipped() -> None:
    without = environment("local", ("sources.syslog", None), ("agents.promtail.sources", ["application"]))

    assert Kind.SYSTEM not in destinations(without)


def test_new_loki_gets_requested_days_until_one_hour_ago() -> None:
    wanted = missing(None, False, 120, NOW)

    assert wanted == Filled(nanoseconds(NOW - timedelta(days=120)), nanoseconds(NOW - timedelta(hours=1)), done=False)


def test_interrupted_history_resumes_with_its_original_range() -> None:
    assert missing(BROKEN_OFF, False, 120, NOW) == BROKEN_OFF
    assert missing(BROKEN_OFF, True, 120, NOW) == BROKEN_OFF


def test_history_that_loki_returns_is_not_filled_again() -> None:
    assert missing(DONE, True, 120, NOW) is None
    assert missing(None, True, 120, NOW) is None


def test_history_that_loki_lost_is_filled_again() -> None:
    wanted = missing(DONE, False, 120, NOW)

    assert wanted is not None
    assert wanted.end_ns == nanoseconds(NOW - timedelta(hours=1))


def test_recorded_history_is_looked_for_in_its_last_day() -> None:
    before = Filled(0, nanoseconds(NOW), done=True)

    assert where_to_look(before, 120, NOW) == (nanoseconds(NOW - timedelta(days=1)), nanoseconds(NOW))


def test_history_without_a_record_is_looked_for_in_middle_day() -> None:
    start, end = where_to_look(None, 120, NOW)

    assert nanoseconds(NOW - timedelta(days=61)) < start < end < nanoseconds(NOW - timedelta(days=59))


def test_history_record_is_read_as_written(tmp_path: Path) -> None:
    DONE.write(tmp_path / "history.json")

    assert Filled.read(tmp_path / "history.json") == DONE


def test_missing_history_record_is_none(tmp_path: Path) -> None:
    assert Filled.read(tmp_path / "history.json") is None
