"""Tests of syslog headers."""

from datetime import UTC, datetime

import pytest

from logops.environment.sources import SyslogSource
from logops.pipelines.line import Sample
from logops.pipelines.syslog import syslog_sample

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
NOW_NS = int(NOW.timestamp()) * 10**9


def sample(message: str, message_format: str = "rfc3164", agent_kind: str = "alloy") -> Sample:
    source = SyslogSource.model_validate(
        {
            "kind": "syslog", "cluster": "main", "tenant": "platform", "labels": {"job": "syslog"},
            "message_format": message_format,
        }
    )  # fmt: skip
    return syslog_sample(source, message, NOW_NS, agent_kind)


def test_message_of_rfc_3164_has_host_application_and_time_of_this_year() -> None:
    assert sample("<34>Nov  8 10:00:00 router-1 su[42]: failed") == Sample(
        "failed",
        NOW_NS,
        {"app": "su", "host": "router-1"},
        int(datetime(2026, 11, 8, 10, tzinfo=UTC).timestamp()) * 10**9,
    )


def test_message_of_rfc_3164_without_an_application_keeps_its_text() -> None:
    found = sample("<34>Nov  8 10:00:00 router-1 link is down")

    assert (found.text, found.labels) == ("link is down", {"host": "router-1"})


def test_promtail_has_no_timestamp_of_rfc_3164() -> None:
    assert sample("<34>Nov  8 10:00:00 router-1 su: failed", agent_kind="promtail").timestamp_ns is None


@pytest.mark.parametrize("message_format", ["rfc3164", "rfc5424"])
def test_message_whose_header_cannot_be_read_is_refused(message_format: str) -> None:
    assert sample("<34>what is this", message_format).refused_by == "no-syslog-header"


def test_message_without_a_text_is_refused() -> None:
    assert sample("<34>1 2026-11-28T10:00:05.5Z host app - - -", "rfc5424").refused_by == "empty-syslog-message"
