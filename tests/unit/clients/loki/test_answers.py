"""Tests of reading Loki's JSON answers."""

import pytest

from logops.clients.loki import Direction, Entry, RingMember, Sample, Series
from logops.clients.loki.answers import UnexpectedAnswerError, entries, label_sets, label_values, samples, series
from logops.clients.loki.process import build_info
from logops.clients.loki.ring import members

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


def test_streams_are_merged_oldest_first_if_direction_is_forward() -> None:
    assert [e.text for e in entries(STREAMS, Direction.FORWARD)] == ["first", "second", "third"]


def test_streams_are_merged_newest_first_if_direction_is_backward() -> None:
    assert [e.text for e in entries(STREAMS, Direction.BACKWARD)] == ["third", "second", "first"]


def test_entry_keeps_labels_metadata_and_parsed_fields_separate() -> None:
    assert entries(STREAMS, Direction.BACKWARD)[0] == Entry(
        1700000000000000003, {"job": "x", "level": "info"}, "third", {"trace_id": "7"}, {"a": "b"}
    )


def test_metric_result_in_place_of_log_lines_raises() -> None:
    with pytest.raises(
        UnexpectedAnswerError, match="expected a result of type streams, got vector: this call takes a log"
    ):
        entries({"status": "success", "data": {"resultType": "vector", "result": []}}, Direction.FORWARD)


def test_sample_time_is_converted_from_seconds_to_nanoseconds() -> None:
    answer = {"resultType": "vector", "result": [{"metric": {"level": "info"}, "value": [1700000000.123, "4.5"]}]}

    assert samples({"status": "success", "data": answer}) == [Sample({"level": "info"}, 1700000000123000000, 4.5)]


def test_a_series_has_its_points_in_order() -> None:
    answer = {"resultType": "matrix", "result": [{"metric": {}, "values": [[1700000000, "1"], [1700000030, "NaN"]]}]}

    (found,) = series({"status": "success", "data": answer})

    assert isinstance(found, Series)
    assert [at for at, _ in found.points] == [1700000000000000000, 1700000030000000000]


def test_tenant_without_lines_has_no_labels() -> None:
    assert label_values({"status": "success"}) == []
    assert label_sets({"status": "success", "data": []}) == []


def test_answer_with_error_status_raises() -> None:
    with pytest.raises(UnexpectedAnswerError, match="expected an object with status success"):
        label_values({"status": "error"})


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

    (member,) = members(page)

    assert isinstance(member, RingMember)
    assert (member.id, member.state, member.zone) == ("ingester-1", "ACTIVE", "zone-a")
    assert member.heartbeat_age.total_seconds() == 4.5


def test_an_empty_ring_has_no_members() -> None:
    assert members({"shards": None, "now": "2026-08-22T10:00:04.5Z"}) == []


def test_page_without_ring_raises() -> None:
    with pytest.raises(UnexpectedAnswerError, match="expected a ring's page, got an object with"):
        members({"Memberlist": {}})


def test_build_info_has_the_version() -> None:
    assert build_info({"version": "3.7.8", "revision": "abc", "goVersion": "go1.26"}).version == "3.7.8"


def test_build_info_without_version_raises() -> None:
    with pytest.raises(UnexpectedAnswerError, match="expected an object with a version"):
        build_info([])
