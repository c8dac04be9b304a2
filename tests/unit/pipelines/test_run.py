"""Tests of the pipeline's model: samples in, entries and dropped lines out."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logops.environment.agents import Agent
from logops.environment.sources import FileSource
from logops.pipelines.line import Dropped, Entry, Outcome, Sample
from logops.pipelines.run import run
from logops.pipelines.text import from_bytes, readable

SECOND = 10**9
NOW = 1_764_331_200 * SECOND


def source(tenant_from: dict[str, Any] | None = None, **parse: Any) -> FileSource:
    return FileSource.model_validate(
        {
            "kind": "file",
            "paths": ["a.log"],
            "cluster": "main",
            "tenant": "platform",
            "tenant_from": tenant_from,
            "labels": {"job": "app"},
            "parse": parse,
        }
    )


def outcomes(
    declared: FileSource, *lines: str | bytes, every_ns: int = 1000, agent: Agent | None = None
) -> list[Outcome]:
    texts = [from_bytes(line) if isinstance(line, bytes) else line for line in lines]
    return list(run(declared, [Sample(text, NOW + i * every_ns) for i, text in enumerate(texts)], agent))


def entries(declared: FileSource, *lines: str | bytes, every_ns: int = 1000, agent: Agent | None = None) -> list[Entry]:
    results = outcomes(declared, *lines, every_ns=every_ns, agent=agent)
    sent = [result for result in results if isinstance(result, Entry)]
    assert len(sent) == len(results), f"some lines were dropped: {results}"
    return sent


def rules(results: Sequence[Outcome]) -> list[str]:
    return [result.rule if isinstance(result, Dropped) else "" for result in results]


JSON = {
    "format": "json",
    "labels": ["level"],
    "structured_metadata": ["trace_id"],
    "timestamp": {"field": "time"},
}


def test_json_line_gets_labels_metadata_and_timestamp_of_its_fields() -> None:
    line = json.dumps({"level": "info", "trace_id": "a1", "time": "2025-11-28T12:00:01Z"})
    (entry,) = entries(source(**JSON), line)

    assert entry.labels == {"job": "app", "level": "info"}
    assert entry.structured_metadata == {"trace_id": "a1"}
    assert (entry.timestamp_ns, entry.timestamp_from) == (NOW + SECOND, "field")
    assert (entry.tenant, entry.line) == ("platform", line)


@pytest.mark.parametrize(
    "line", ["not json", '["level"]', '{"level": "info"', '{"level": NaN}', '{"n": 1e999}', "null"]
)
def test_line_that_is_no_json_object_is_sent_without_fields(line: str) -> None:
    (entry,) = entries(source(**JSON), line)

    assert (entry.labels, entry.structured_metadata, entry.line) == ({"job": "app"}, {}, line)
    assert (entry.timestamp_ns, entry.timestamp_from) == (NOW, "time of reading")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("200", "200"),
        ("1.50", "1.5"),
        ("12345678901234567890", "12345678901234567000"),
        ("true", "true"),
        ("1e3", "1000"),
    ],
)
def test_json_number_is_written_as_agents_write_it(value: str, text: str) -> None:
    (entry,) = entries(source(format="json", labels=["status"]), f'{{"status": {value}}}')

    assert entry.labels["status"] == text


def test_field_in_nested_object_is_found_by_its_path() -> None:
    declared = source(format="json", fields={"status": 'http."status-code"'}, labels=["status"])

    assert entries(declared, '{"http": {"status-code": 404}}')[0].labels["status"] == "404"
    assert "status" not in entries(declared, '{"http": "x"}')[0].labels


def test_unreadable_timestamp_follows_the_last_line_of_its_stream() -> None:
    lines = [
        '{"level":"a","time":"2025-11-28T12:00:01Z"}',
        '{"level":"a"}',
        '{"level":"b","time":"x"}',
        '{"level":"a"}',
    ]
    first, second, other_stream, third = entries(source(**JSON), *lines)

    assert [entry.timestamp_ns - first.timestamp_ns for entry in (second, third)] == [1, 2]
    assert second.timestamp_from == "previous line"
    assert (other_stream.timestamp_ns, other_stream.timestamp_from) == (NOW + 2000, "time of reading")


def test_logfmt_line_has_fields_up_to_the_first_error() -> None:
    declared = source(format="logfmt", fields={"level": "lvl", "user": "user"}, labels=["level"], output="user")

    (entry,) = entries(declared, 'lvl=warn user="a \\"b\\"" broken=x=y lvl=error')
    assert (entry.labels["level"], entry.line) == ("warn", 'a "b"')


def test_group_that_does_not_match_is_empty() -> None:
    declared = source(format="regex", expression=r"^(?P<a>\w+)(?: (?P<b>\w+))?$", structured_metadata=["a", "b"])

    assert entries(declared, "x")[0].structured_metadata == {"a": "x", "b": ""}
    assert entries(declared, "x y z")[0].structured_metadata == {}


def test_parts_of_cri_line_are_joined_by_stream() -> None:
    declared = source(format="cri")
    time = "2025-11-28T12:00:0{}.5Z"
    lines = [
        f"{time.format(1)} stdout P one ",
        f"{time.format(2)} stderr F other",
        f"{time.format(3)} stdout P two ",
        f"{time.format(4)} stdout F three",
    ]
    other, joined = entries(declared, *lines)

    assert (other.labels["stream"], other.line) == ("stderr", "other")
    assert (joined.line, joined.samples) == ("one two three", (0, 2, 3))
    assert joined.timestamp_ns == NOW + 4 * SECOND + SECOND // 2


def test_cri_line_without_last_part_is_lost_when_the_agent_stops() -> None:
    (lost,) = outcomes(source(format="cri"), "2025-11-28T12:00:00Z stdout P one")

    assert lost == Dropped((0,), "unfinished-cri-line", "one")


def test_line_in_another_format_passes_the_cri_stage_unchanged() -> None:
    (entry,) = entries(source(format="cri"), '{"log": "docker"}')

    assert (entry.line, entry.labels) == ('{"log": "docker"}', {"job": "app"})


def test_docker_line_is_unwrapped_before_it_is_parsed() -> None:
    inner = json.dumps({"level": "info"})
    line = json.dumps({"log": inner + "\n", "stream": "stdout", "time": "2025-11-28T12:00:00.25Z"})
    (entry,) = entries(source(container_format="docker", format="json", labels=["level"]), line)

    assert entry.labels == {"job": "app", "stream": "stdout", "level": "info"}
    assert (entry.line, entry.timestamp_ns) == (inner + "\n", NOW + SECOND // 4)


def test_following_lines_are_joined_to_the_first_line() -> None:
    declared = source(multiline_first_line=r"^\[", multiline_max_lines=3)

    joined = entries(declared, "before", "[1] a", "  at b", "[2] c", "d", "e", "f")
    assert [entry.line for entry in joined] == ["before", "[1] a\n  at b", "[2] c\nd\ne", "f"]


def test_joined_lines_are_sent_after_the_longest_wait() -> None:
    declared = source(multiline_first_line=r"^\[", multiline_max_wait="3s")

    assert [e.line for e in entries(declared, "[1] a", "b", every_ns=3 * SECOND)] == ["[1] a", "b"]
    assert [e.line for e in entries(declared, "[1] a", "b", every_ns=3 * SECOND - 1)] == ["[1] a\nb"]


def test_drop_rules_check_lines_then_fields_then_age() -> None:
    declared = source(
        format="json",
        timestamp={"field": "time"},
        drop=[
            {"name": "old", "older_than": "1h"},
            {"name": "debug", "field": "level", "value": "debug"},
            {"name": "probes", "field": "path", "expression": "^/(health|ping)$"},
            {"name": "empty", "expression": "^$"},
            {"name": "long-debug", "expression": "x", "longer_than": "100B"},
        ],
    )
    lines = [
        '{"level":"debug"}', '{"path":"/health"}', '{"path":"/healthcheck failed"}', "", "x" * 101, "x" * 100,
        '{"time":"2025-11-28T10:59:59Z"}', '{"time":"2025-11-28T11:00:01Z"}', '{"path":null}',
    ]  # fmt: skip

    assert rules(outcomes(declared, *lines)) == ["debug", "probes", "", "empty", "long-debug", "", "old", "", ""]


def test_lines_above_the_rate_limit_are_dropped_for_each_label_value() -> None:
    limit = {"lines_per_second": 1, "burst": 2, "by_label": "level"}
    declared = source(format="json", labels=["level"], rate_limit=limit)
    noisy, quiet = '{"level":"a"}', '{"level":"b"}'

    results = outcomes(declared, noisy, noisy, noisy, quiet, noisy, every_ns=SECOND // 4)
    assert rules(results) == ["", "", "rate-limit", "", ""]


def test_sampled_line_names_its_rule_and_is_kept() -> None:
    rule = {"name": "debug-lines", "keep": 0.1, "labels": {"level": "debug"}, "expression": "cache"}
    declared = source(format="json", labels=["level"], sample=[rule])

    hit, other = entries(declared, '{"level":"debug","m":"cache"}', '{"level":"info","m":"cache"}')
    assert (hit.sampled_by, other.sampled_by) == (("debug-lines",), ())


@pytest.mark.parametrize(("team", "tenant"), [("shop", "shop"), ("security-team", "platform"), ("", "platform")])
def test_tenant_of_a_line_must_be_allowed(team: str, tenant: str) -> None:
    declared = source(tenant_from={"field": "team", "allowed": ["shop"]}, format="json", structured_metadata=["team"])

    assert entries(declared, json.dumps({"team": team}))[0].tenant == tenant


def test_long_line_is_cut_and_the_cut_bytes_are_counted() -> None:
    agent = Agent(kind="promtail", sources=("a",), max_line_size="10B", labels={"region": "eu"})
    (entry,) = entries(source(), "é" * 6, agent=agent)

    assert (entry.line, entry.cut_bytes, entry.labels["region"]) == ("é" * 5, 2, "eu")


def test_bytes_that_are_not_utf8_stay_in_the_line_and_do_not_become_labels() -> None:
    declared = source(format="regex", expression="level=(?P<level>.*) end=(?P<end>.*)", labels=["level", "end"])
    (entry,) = entries(declared, b"level=\xff\xfe end=ok \x00")

    assert readable(entry.line) == "level=\ufffd\ufffd end=ok \x00"
    assert entry.labels == {"job": "app", "end": "ok \x00"}


PARSES = st.sampled_from(
    [
        {},
        {"format": "cri"},
        {"container_format": "docker", "format": "json", "labels": ["level"]},
        {**JSON, "multiline_first_line": "^{", "multiline_max_lines": 2, "output": "level"},
        {
            "format": "logfmt",
            "structured_metadata": ["level"],
            "drop": ["a", {"name": "n", "field": "level", "value": ""}],
        },
        {"multiline_first_line": "^$", "rate_limit": {"lines_per_second": 1, "burst": 1}},
    ]
)
LINES = st.lists(
    st.one_of(
        st.binary(max_size=20),
        st.sampled_from(
            [b"", b"{", b'{"level":"a"}', b'{"level":{"b":[1]}}', b"level=a b", b'level="\\u12"',
             b"2025-11-28T12:00:00Z stdout P a", b"2025-11-28T12:00:00Z stdout F b", b'{"log":"a","time":"x"}']
        ),
    ),
    max_size=8,
)  # fmt: skip


@given(PARSES, LINES)
def test_every_sample_is_sent_or_dropped_exactly_once(parse: dict[str, Any], lines: list[bytes]) -> None:
    results = outcomes(source(**parse), *lines)

    assert sorted(number for result in results for number in result.samples) == list(range(len(lines)))
