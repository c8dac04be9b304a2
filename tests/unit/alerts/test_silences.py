"""Silences."""

from datetime import UTC, datetime, timedelta

import pytest

from logops.alerts.silences import SilenceError, silence_for

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_silence_matches_the_alerts_of_its_class_and_subject_in_its_environment_only() -> None:
    silence = silence_for("local", "chunk-missing", {"cluster": "main"}, HOUR, "ada", "restore runs", NOW)

    assert sorted(map(str, silence.matchers)) == [
        'alertname="chunk-missing"',
        'cluster="main"',
        'environment="local"',
    ]


def test_silence_says_who_why_and_until_when() -> None:
    silence = silence_for("local", "chunk-missing", {}, HOUR, "ada", " restore runs ", NOW)

    assert (silence.created_by, silence.comment, silence.ends_at) == ("ada", "restore runs", NOW + HOUR)


def test_silence_without_a_reason_is_refused() -> None:
    with pytest.raises(SilenceError, match="needs a reason"):
        silence_for("local", "chunk-missing", {}, HOUR, "ada", "  ", NOW)


@pytest.mark.parametrize("length", [timedelta(0), timedelta(days=91)])
def test_silence_of_no_time_or_of_more_than_ninety_days_is_refused(length: timedelta) -> None:
    with pytest.raises(SilenceError, match="at most 90 days"):
        silence_for("local", "chunk-missing", {}, length, "ada", "why", NOW)
