"""Generated lines: deterministic, ordered by time, and in realistic formats."""

import json
import re
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logops.samples import Kind, Line, generate
from logops.samples.rhythm import MINUTES_PER_DAY, incident_at

MINUTE_NS = 60_000_000_000
HOUR_NS = 60 * MINUTE_NS
WEEK = 7 * MINUTES_PER_DAY
MONDAY_NS = int(datetime(2026, 8, 17, tzinfo=UTC).timestamp()) * 1_000_000_000

KINDS = st.sampled_from(Kind)
SEEDS = st.integers(0, 2**32)
STARTS = st.integers(MONDAY_NS, MONDAY_NS + 7 * 24 * HOUR_NS)
LENGTHS = st.integers(0, 2 * MINUTE_NS)
RATES = st.floats(0.1, 20)


def hour_of(kind: Kind, rate: float = 60, seed: int = 1) -> list[Line]:
    noon = MONDAY_NS + 12 * HOUR_NS
    lines = list(generate(kind, seed, noon, noon + HOUR_NS, rate))
    # Tests look at each line: without lines they would prove nothing.
    assert lines
    return lines


@given(KINDS, SEEDS, STARTS, LENGTHS, RATES)
def test_same_arguments_generate_the_same_lines(kind: Kind, seed: int, start: int, length: int, rate: float) -> None:
    assert list(generate(kind, seed, start, start + length, rate)) == list(
        generate(kind, seed, start, start + length, rate)
    )


@given(KINDS, SEEDS, STARTS, LENGTHS, LENGTHS, RATES)
def test_two_adjacent_intervals_generate_the_same_lines_as_the_whole(
    kind: Kind, seed: int, start: int, first: int, second: int, rate: float
) -> None:
    middle, end = start + first, start + first + second

    parts = [*generate(kind, seed, start, middle, rate), *generate(kind, seed, middle, end, rate)]

    assert parts == list(generate(kind, seed, start, end, rate))


@given(KINDS, SEEDS, STARTS, LENGTHS, RATES)
def test_timestamps_strictly_increase_inside_the_interval(
    kind: Kind, seed: int, start: int, length: int, rate: float
) -> None:
    times = [line.timestamp_ns for line in generate(kind, seed, start, start + length, rate)]

    assert all(start <= time < start + length for time in times)
    assert all(earlier < later for earlier, later in pairwise(times))


@given(KINDS, STARTS)
def test_lines_contain_no_newline(kind: Kind, start: int) -> None:
    assert not any("\n" in line.text for line in generate(kind, 1, start, start + MINUTE_NS, 20))


@pytest.mark.parametrize("kind", Kind)
def test_other_seed_generates_other_lines(kind: Kind) -> None:
    assert {line.text for line in hour_of(kind, seed=1)}.isdisjoint(line.text for line in hour_of(kind, seed=2))


@pytest.mark.parametrize("kind", Kind)
def test_rate_is_the_mean_over_a_week(kind: Kind) -> None:
    lines = sum(1 for _ in generate(kind, 1, MONDAY_NS, MONDAY_NS + WEEK * MINUTE_NS, 2.0))

    assert lines / WEEK == pytest.approx(2.0, rel=0.03)


def test_days_have_more_lines_than_nights_and_weekends() -> None:
    def lines(day: int, hour: int) -> int:
        start = MONDAY_NS + (day * 24 + hour) * HOUR_NS
        return sum(1 for _ in generate(Kind.ACCESS, 1, start, start + HOUR_NS, 20))

    assert lines(0, 14) > 2 * lines(0, 2)
    assert lines(0, 14) > 1.2 * lines(6, 14)


@pytest.mark.parametrize(
    ("kind", "most"), [(Kind.APPLICATION, 16), (Kind.ACCESS, 3), (Kind.AUDIT, 1), (Kind.SYSTEM, 12)]
)
def test_number_of_streams_is_limited(kind: Kind, most: int) -> None:
    streams = {tuple(sorted(line.labels.items())) for line in hour_of(kind, rate=200)}

    assert 0 < len(streams) <= most


@pytest.mark.parametrize("kind", [Kind.APPLICATION, Kind.AUDIT])
def test_json_timestamp_field_equals_line_timestamp(kind: Kind) -> None:
    for line in hour_of(kind):
        time_in_line = datetime.fromisoformat(json.loads(line.text)["timestamp"])
        assert int(time_in_line.timestamp() * 1000) == line.timestamp_ns // 1_000_000


def test_application_lines_have_logger_fields_labels_and_metadata() -> None:
    for line in hour_of(Kind.APPLICATION):
        fields = json.loads(line.text)
        assert fields.keys() >= {"level", "message", "service", "environment", "version", "host", "trace_id", "span_id"}
        assert list(fields) == sorted(fields)
        assert {name: fields[name] for name in ("service", "level", "environment")} == {
            name: line.labels[name] for name in ("service", "level", "environment")
        }
        assert line.structured_metadata == {"trace_id": fields["trace_id"], "span_id": fields["span_id"]}


@pytest.mark.parametrize(
    ("message", "fields"),
    [
        ("Request started", {"method", "path", "query"}),
        ("Database Query", {"query", "paramCount", "duration", "slow"}),
        ("HTTP Request", {"method", "path", "status", "duration", "ip", "userAgent", "userId"}),
        ("Request completed", {"status", "duration"}),
        ("login failed", {"ip", "username"}),
        ("Application Error", {"code", "stack"}),
    ],
)
def test_each_application_message_appears_with_its_fields(message: str, fields: set[str]) -> None:
    entries = [json.loads(line.text) for line in hour_of(Kind.APPLICATION, rate=300)]

    of_kind = [line for line in entries if line["message"].startswith(message)]
    assert of_kind
    assert all(line.keys() >= fields for line in of_kind)


def test_every_application_trace_is_in_the_access_log() -> None:
    traces = {line.structured_metadata["trace_id"] for line in hour_of(Kind.APPLICATION)}
    access = {line.structured_metadata["trace_id"] for line in hour_of(Kind.ACCESS)}

    assert traces
    assert traces <= access


def test_trace_has_the_same_status_in_both_logs() -> None:
    access = {line.structured_metadata["trace_id"]: line.text for line in hour_of(Kind.ACCESS)}

    application = [json.loads(line.text) for line in hour_of(Kind.APPLICATION)]
    answered = [fields for fields in application if fields["message"] == "HTTP Request"]

    assert answered
    assert all(f'" {fields["status"]} ' in access[fields["trace_id"]] for fields in answered)


def test_access_lines_are_nginx_combined_format_with_trace_id() -> None:
    combined = re.compile(
        r'^\d+\.\d+\.\d+\.\d+ - \S+ \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000\] "[A-Z]+ /\S* HTTP/1\.1" '
        r'\d{3} \d+ "[^"]*" "[^"]*" trace_id=[0-9a-f]{32}$'
    )

    assert all(combined.match(line.text) for line in hour_of(Kind.ACCESS))


def test_access_line_time_equals_line_timestamp_in_seconds() -> None:
    for line in hour_of(Kind.ACCESS):
        time_in_line = datetime.strptime(line.text.split("[")[1].split("]")[0], "%d/%b/%Y:%H:%M:%S %z")
        assert int(time_in_line.timestamp()) == line.timestamp_ns // 1_000_000_000


def test_system_lines_are_rfc_5424() -> None:
    syslog = re.compile(r"^<(\d{1,3})>1 (\S+Z) (\S+) (\S+) (\d+|-) - - \S")

    for line in hour_of(Kind.SYSTEM):
        match = syslog.match(line.text)
        assert match
        priority, stamp, host, app, _ = match.groups()
        assert int(priority) < 192
        assert datetime.fromisoformat(stamp).timestamp() == pytest.approx(line.timestamp_ns / 1e9, abs=1e-3)
        assert line.labels == {"job": "syslog", "host": host, "app": app}


def test_refused_audit_actions_are_rare_and_have_a_reason() -> None:
    events = [json.loads(line.text) for line in hour_of(Kind.AUDIT, rate=600)]

    refused = [event for event in events if event["outcome"] == "failure"]
    assert {event["reason"] for event in refused} == {"unauthorized", "forbidden", "denied"}
    assert {event["action"] for event in events} == {"CREATE", "UPDATE", "DELETE", "LOGIN"}
    assert 0.02 < len(refused) / len(events) < 0.12


def test_incident_multiplies_errors_of_its_service() -> None:
    first = MONDAY_NS // MINUTE_NS
    incident = next(entries for minute in range(first, first + 4 * WEEK) if (entries := incident_at(1, minute)))
    start, end = incident.first_minute * MINUTE_NS, (incident.last_minute + 1) * MINUTE_NS

    def errors(start: int, end: int) -> int:
        lines = generate(Kind.APPLICATION, 1, start, end, 200)
        return sum(line.labels["level"] == "error" and line.labels["service"] == incident.service for line in lines)

    assert errors(start, end) > 10 * max(1, errors(start - (end - start), start))


def test_days_with_and_without_incidents_exist() -> None:
    first = MONDAY_NS // MINUTE_NS
    days = [
        any(incident_at(1, first + day * MINUTES_PER_DAY + minute) for minute in range(0, MINUTES_PER_DAY, 5))
        for day in range(28)
    ]

    assert set(days) == {True, False}
