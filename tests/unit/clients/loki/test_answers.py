"""Tests of decoding Loki's answers."""

import json
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from logops.clients.http.request import Outcome, Request, Response
from logops.clients.loki import Direction, Entry, LokiAnswerError, LokiError, Point, RingMember, Series, answers
from logops.clients.loki.answers import build_info, label_sets, label_values, log_entries, ring_members, samples, series

STREAMS = {
    "status": "success",
    "data": {
        "resultType": "streams",
        "encodingFlags": ["categorize-labels"],
        "result": [
            {
                "stream": {"job": "x", "level": "info"},
                "values": [
                    ["1700000000000000003", "third", {"structuredMetadata": {"trace_id": "7"}, "parsed": {"a": "b"}}],
                    ["1700000000000000001", "first", {}],
                ],
            },
            {"stream": {"job": "x", "level": "warn"}, "values": [["1700000000000000002", "second"]]},
        ],
    },
}


DECODERS: list[Callable[[Outcome], object]] = [
    lambda outcome: log_entries(outcome, Direction.FORWARD),
    lambda outcome: answers.measured_entries(outcome, Direction.FORWARD),
    samples,
    series,
    answers.measured_series,
    label_values,
    label_sets,
    answers.readiness,
    ring_members,
    build_info,
    answers.yaml_mapping,
    answers.metrics,
    answers.delete_requests,
    answers.rule_groups,
    answers.evaluated_groups,
]

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("success"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["status", "data", "result", "resultType", "stats", "summary", "shards", "groups"]), inner
        )
    ),
    max_leaves=12,
)


def answer(body: bytes, status: int = 200) -> Response:
    return Response(Request("reading", "/x"), "http://loki:3100", status, (), body, 0.0)


def json_answer(value: object) -> Response:
    return answer(json.dumps(value).encode())


def decode_with_each(response: Response) -> None:
    """Decode with every decoder. Raises any error that is not a LokiError."""
    for decode in DECODERS:
        with suppress(LokiError):
            decode(response)


@given(st.binary(max_size=40), st.sampled_from([200, 204, 302, 404, 500, 503]))
def test_any_bytes_are_decoded_or_raise_a_loki_error(body: bytes, status: int) -> None:
    decode_with_each(answer(body, status))


@given(JSON)
def test_any_json_is_decoded_or_raises_a_loki_error(value: object) -> None:
    decode_with_each(json_answer(value))


@given(
    st.sampled_from(["vector", "matrix", "streams"]),
    JSON
    | st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "metric": JSON,
                "stream": JSON,
                "value": st.lists(JSON),
                "values": st.lists(st.lists(JSON) | JSON),
            },
        ),
        max_size=2,
    ),
)
@example("vector", [{"metric": {}, "value": [float("inf"), "1"]}])
def test_any_query_result_is_decoded_or_raises_a_loki_error(kind: str, value: object) -> None:
    decode_with_each(json_answer({"status": "success", "data": {"resultType": kind, "result": value, "stats": value}}))


def test_streams_are_merged_oldest_first_if_direction_is_forward() -> None:
    assert [e.text for e in log_entries(json_answer(STREAMS), Direction.FORWARD)] == ["first", "second", "third"]


def test_streams_are_merged_newest_first_if_direction_is_backward() -> None:
    assert [e.text for e in log_entries(json_answer(STREAMS), Direction.BACKWARD)] == ["third", "second", "first"]


def test_entry_keeps_labels_metadata_and_parsed_fields_separate() -> None:
    assert log_entries(json_answer(STREAMS), Direction.BACKWARD)[0] == Entry(
        1700000000000000003, {"job": "x", "level": "info"}, "third", {"trace_id": "7"}, {"a": "b"}
    )


def test_metric_result_in_place_of_log_lines_raises() -> None:
    with pytest.raises(LokiAnswerError, match="expected a result of type streams, got vector: this call takes a log"):
        log_entries(
            json_answer({"status": "success", "data": {"resultType": "vector", "result": []}}), Direction.FORWARD
        )


def test_sample_time_is_converted_from_seconds_to_nanoseconds() -> None:
    data = {"resultType": "vector", "result": [{"metric": {"level": "info"}, "value": [1700000000.123, "4.5"]}]}

    assert samples(json_answer({"status": "success", "data": data})) == [
        Point({"level": "info"}, 1700000000123000000, 4.5)
    ]


def test_a_series_has_its_points_in_order() -> None:
    data = {"resultType": "matrix", "result": [{"metric": {}, "values": [[1700000000, "1"], [1700000030, "NaN"]]}]}

    (found,) = series(json_answer({"status": "success", "data": data}))

    assert isinstance(found, Series)
    assert [at for at, _ in found.points] == [1700000000000000000, 1700000030000000000]


def test_tenant_without_lines_has_no_labels() -> None:
    assert label_values(json_answer({"status": "success"})) == []
    assert label_sets(json_answer({"status": "success", "data": []})) == []


def test_answer_with_error_status_raises() -> None:
    with pytest.raises(LokiAnswerError, match="expected an object with status success"):
        label_values(json_answer({"status": "error"}))


def test_ring_member_has_the_age_of_its_heartbeat() -> None:
    page = {
        "shards": [
            {
                "id": "ingester-1",
                "state": "ACTIVE",
                "address": "127.0.0.1:9095",
                "timestamp": "2026-08-22T10:00:00Z",
                "zone": "zone-a",
                "tokens": [1, 2],
            }
        ],
        "now": "2026-08-22T10:00:04.5Z",
    }

    (member,) = ring_members(json_answer(page))

    assert isinstance(member, RingMember)
    assert (member.id, member.state, member.zone) == ("ingester-1", "ACTIVE", "zone-a")
    assert member.heartbeat_age.total_seconds() == 4.5


def test_an_empty_ring_has_no_members() -> None:
    assert ring_members(json_answer({"shards": None, "now": "2026-08-22T10:00:04.5Z"})) == []


def test_page_without_ring_raises() -> None:
    with pytest.raises(LokiAnswerError, match="expected a ring's page, got an object with"):
        ring_members(json_answer({"Memberlist": {}}))


def test_build_info_has_the_version() -> None:
    assert build_info(json_answer({"version": "3.7.8", "revision": "abc", "goVersion": "go1.26"})).version == "3.7.8"


def test_build_info_without_version_raises() -> None:
    with pytest.raises(LokiAnswerError, match="expected an object with a version"):
        build_info(json_answer([]))


def test_undecodable_answer_is_reported_with_operation_address_content_and_advice() -> None:
    with pytest.raises(LokiAnswerError) as raised:
        label_values(answer(b"<html>Sign in</html>"))
    assert str(raised.value) == (
        "reading at http://loki:3100/x: expected JSON, got no content type: <html>Sign in</html>. "
        "Is this the address of a Loki 3.7, and does its -target serve that path?"
    )
