"""Which history is still to be filled in, and whose it is."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from logops.clients.loki import nanoseconds
from logops.samples import Kind
from logops.samples.history_fill import Filled, Place, missing, places, where_to_look
from tests.support.environments import environment

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
DONE = Filled(1, 2, done=True)
BROKEN_OFF = Filled(1, 2, done=False)


def test_every_kind_goes_where_the_environment_sends_it() -> None:
    assert places(environment("local")) == {
        Kind.APPLICATION: Place("main", "application"),
        Kind.ACCESS: Place("main", "application"),
        Kind.AUDIT: Place("security", "security-team"),
        Kind.SYSTEM: Place("main", "platform"),
    }


def test_a_kind_that_no_source_takes_is_left_out() -> None:
    without = environment("local", ("sources.syslog", None), ("agents.promtail.sources", ["application"]))

    assert Kind.SYSTEM not in places(without)


def test_a_new_loki_gets_the_days_asked_for_up_to_what_the_agents_ship() -> None:
    wanted = missing(None, False, 120, NOW)

    assert wanted == Filled(nanoseconds(NOW - timedelta(days=120)), nanoseconds(NOW - timedelta(hours=1)), done=False)


def test_a_history_that_was_broken_off_is_taken_up_as_it_was_begun() -> None:
    assert missing(BROKEN_OFF, False, 120, NOW) == BROKEN_OFF
    assert missing(BROKEN_OFF, True, 120, NOW) == BROKEN_OFF


def test_a_history_that_loki_shows_is_left_alone() -> None:
    assert missing(DONE, True, 120, NOW) is None
    assert missing(None, True, 120, NOW) is None


def test_a_history_that_loki_has_lost_is_filled_in_anew() -> None:
    wanted = missing(DONE, False, 120, NOW)

    assert wanted is not None
    assert wanted.end_ns == nanoseconds(NOW - timedelta(hours=1))


def test_more_days_than_were_filled_in_are_looked_for_where_they_are() -> None:
    before = Filled(0, nanoseconds(NOW), done=True)

    assert where_to_look(before, 120, NOW) == (nanoseconds(NOW - timedelta(days=1)), nanoseconds(NOW))


def test_without_a_note_the_history_is_looked_for_before_retention_takes_it() -> None:
    start, end = where_to_look(None, 120, NOW)

    assert nanoseconds(NOW - timedelta(days=61)) < start < end < nanoseconds(NOW - timedelta(days=59))


def test_what_is_noted_is_read_back(tmp_path: Path) -> None:
    DONE.write(tmp_path / "history.json")

    assert Filled.read(tmp_path / "history.json") == DONE


def test_no_note_is_no_history(tmp_path: Path) -> None:
    assert Filled.read(tmp_path / "history.json") is None
