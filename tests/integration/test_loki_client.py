"""Tests of the client with a real Loki in one process."""

import random
import string
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from logops.clients.loki import (
    Direction,
    Entry,
    LokiAnswerError,
    LokiClient,
    LokiRefusedError,
    LokiUnreachableError,
    Ring,
    total,
)
from logops.rules.own_loki import free_port
from logops.samples import FILE_NAMES, History, Kind, backfill, generate
from tests.support.lokis import running_loki
from tests.support.waiting import becomes_true

SECOND_NS = 1_000_000_000
HOUR_NS = 3600 * SECOND_NS
DAY_NS = 24 * HOUR_NS


@pytest.fixture(scope="module")
def loki(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LokiClient]:
    with running_loki(tmp_path_factory.mktemp("loki")) as client:
        yield client


@pytest.fixture
def job() -> str:
    """A random job label, so that no other test writes to the same stream."""
    return "job" + "".join(random.choices(string.ascii_lowercase, k=12))


def lines(job: str, count: int, first_ns: int, step_ns: int = SECOND_NS // 100) -> list[Entry]:
    return [
        Entry(first_ns + number * step_ns, {"job": job}, f"line {number}", {"trace_id": f"{number:032x}"})
        for number in range(count)
    ]


def test_pushed_line_is_read_back_unchanged(loki: LokiClient, job: str) -> None:
    now = time.time_ns()
    pushed = Entry(now, {"job": job, "level": "warn"}, 'two\nlines, "quotes", é and \t', {"trace_id": "7"})

    assert loki.push("a", [pushed]) == 1
    (found,) = loki.query_logs("a", f'{{job="{job}"}}', now, now + 1)

    assert (found.timestamp_ns, found.text) == (now, pushed.text)
    assert pushed.labels.items() <= found.labels.items()
    assert found.structured_metadata["trace_id"] == "7"


def test_parsed_labels_are_separate_from_stream_labels(loki: LokiClient, job: str) -> None:
    now = time.time_ns()
    loki.push("a", [Entry(now, {"job": job}, '{"status": 500}')])

    (found,) = loki.query_logs("a", f'{{job="{job}"}} | json', now, now + 1)

    assert found.parsed == {"status": "500"}
    assert "status" not in found.labels


def test_line_of_one_tenant_is_not_returned_to_another_tenant(loki: LokiClient, job: str) -> None:
    now = time.time_ns()
    loki.push("a", [Entry(now, {"job": job}, "secret")])

    assert loki.query_logs("b", f'{{job="{job}"}}', now - 1, now + 1) == []


def test_query_limit_counts_from_requested_direction(loki: LokiClient, job: str) -> None:
    first = time.time_ns() - 60 * SECOND_NS
    loki.push("a", lines(job, 10, first))
    window = (first, first + 60 * SECOND_NS)

    oldest = loki.query_logs("a", f'{{job="{job}"}}', *window, limit=2, direction=Direction.FORWARD)
    newest = loki.query_logs("a", f'{{job="{job}"}}', *window, limit=2, direction=Direction.BACKWARD)

    assert [entry.text for entry in oldest] == ["line 0", "line 1"]
    assert [entry.text for entry in newest] == ["line 9", "line 8"]


@pytest.mark.parametrize("page", [5000, 1000, 997])
def test_read_all_returns_every_line_once_across_pages(loki: LokiClient, job: str, page: int) -> None:
    first = time.time_ns() - 10 * 60 * SECOND_NS
    pushed = lines(job, 12_000, first, step_ns=SECOND_NS // 1000)
    loki.push("a", pushed)

    read = loki.read_all("a", f'{{job="{job}"}}', first, first + HOUR_NS, page)

    assert [entry.text for entry in read] == [entry.text for entry in pushed]


@pytest.mark.parametrize("page", [3, 40, 41, 500])
def test_read_all_returns_lines_with_equal_timestamps_once(loki: LokiClient, job: str, page: int) -> None:
    first = time.time_ns() - 60 * SECOND_NS
    pushed = [
        Entry(first + number // 40 * SECOND_NS, {"job": job, "stream": str(number % 3)}, f"line {number}")
        for number in range(400)
    ]
    loki.push("a", pushed)

    found = list(loki.read_all("a", f'{{job="{job}"}}', first, first + HOUR_NS, page))

    assert sorted(entry.text for entry in found) == sorted(entry.text for entry in pushed)


def test_read_all_fails_if_one_timestamp_exceeds_query_limit(loki: LokiClient, job: str) -> None:
    now = time.time_ns()
    loki.push("a", [Entry(now, {"job": job}, f"line {number}") for number in range(5001)])

    with pytest.raises(LokiRefusedError, match="max entries limit per query exceeded"):
        list(loki.read_all("a", f'{{job="{job}"}}', now, now + 1))


def test_line_pushed_twice_is_returned_once(loki: LokiClient, job: str) -> None:
    first = time.time_ns() - 60 * SECOND_NS
    loki.push("a", lines(job, 100, first))
    loki.push("a", lines(job, 100, first))

    assert len(list(loki.read_all("a", f'{{job="{job}"}}', first, first + HOUR_NS))) == 100


def test_line_too_far_behind_its_stream_is_refused_with_loki_message(loki: LokiClient, job: str) -> None:
    now = time.time_ns()
    loki.push("a", [Entry(now, {"job": job}, "new")])

    with pytest.raises(LokiRefusedError, match="entry too far behind") as refused:
        loki.push("a", [Entry(now - 2 * HOUR_NS, {"job": job}, "old")])
    assert (refused.value.status, refused.value.temporary) == (400, False)


def test_push_larger_than_grpc_message_is_accepted(loki: LokiClient, job: str) -> None:
    first = time.time_ns() - 60 * SECOND_NS
    pushed = [Entry(first + number, {"job": job, "n": str(number % 8)}, "x" * 50_000) for number in range(200)]

    assert loki.push("a", pushed) == 200


def test_metric_queries_count_lines(loki: LokiClient, job: str) -> None:
    first = time.time_ns() - 60 * SECOND_NS
    loki.push("a", lines(job, 50, first))
    query = f'sum by (job) (count_over_time({{job="{job}"}}[5m]))'

    (sample,) = loki.query("a", query, time.time_ns())
    (series,) = loki.query_range("a", query, first, first + 120 * SECOND_NS, step_seconds=60)

    assert (sample.labels, sample.value) == ({"job": job}, 50)
    assert max(value for _, value in series.points) == 50


def test_labels_values_and_series_are_listed(loki: LokiClient, job: str) -> None:
    now = time.time_ns()
    loki.push("a", [Entry(now, {"job": job, "level": "warn"}, "x")])
    window = (now - SECOND_NS, now + SECOND_NS)

    assert {"job", "level"} <= set(loki.labels("a", *window))
    assert job in loki.label_values("a", "job", *window)
    (stream,) = loki.series("a", [f'{{job="{job}"}}'], *window)
    assert stream.items() >= {"job": job, "level": "warn"}.items()


def test_invalid_query_is_refused_with_loki_message(loki: LokiClient) -> None:
    with pytest.raises(LokiRefusedError, match="parse error at line 1") as refused:
        loki.query_logs("a", "{job=", 1, 2)
    assert refused.value.status == 400


def test_request_without_tenant_is_refused(loki: LokiClient) -> None:
    with pytest.raises(LokiRefusedError, match="no org id") as refused:
        loki.labels("", 1, 2)
    assert refused.value.status == 401


@pytest.mark.parametrize("ring", [Ring.INGESTER, Ring.DISTRIBUTOR, Ring.COMPACTOR, Ring.SCHEDULER])
def test_ring_of_single_process_has_one_active_member(loki: LokiClient, ring: Ring) -> None:
    (member,) = loki.ring(ring)

    assert member.state == "ACTIVE"
    assert 0 <= member.heartbeat_age.total_seconds() < 60


def test_unused_ring_is_reported(loki: LokiClient) -> None:
    with pytest.raises(LokiAnswerError, match="shards disabled"):
        loki.ring(Ring.RULER)
    with pytest.raises(LokiRefusedError, match="depends on its -target"):
        loki.ring(Ring.INDEX_GATEWAY)


def test_version_and_configuration_are_returned(loki: LokiClient) -> None:
    assert loki.build_info().version == "3.7.8"
    assert loki.config()["auth_enabled"] is True


def test_override_is_live_only_for_its_tenant(loki: LokiClient) -> None:
    assert loki.tenant_limits("limited")["retention_period"] == "90d"
    assert loki.tenant_limits("other")["retention_period"] == "0s"


def test_metrics_contain_memory_and_received_lines(loki: LokiClient, job: str) -> None:
    before = total(loki.metrics(), "loki_distributor_lines_received_total", tenant="metered") or 0
    loki.push("metered", lines(job, 10, time.time_ns() - SECOND_NS))

    metrics = loki.metrics()

    assert total(metrics, "loki_distributor_lines_received_total", tenant="metered") == before + 10
    assert (total(metrics, "process_resident_memory_bytes") or 0) > 10_000_000


def test_backfilled_history_is_complete_after_flush(loki: LokiClient, tmp_path: Path) -> None:
    end = time.time_ns() // DAY_NS * DAY_NS - 100 * DAY_NS
    history = History(1, end - 3 * DAY_NS, end, 2.0, dict.fromkeys(Kind, "history"))

    pushed = backfill(loki, history, tmp_path / "state.json")
    loki.flush()

    expected = sorted(
        line.text for kind in FILE_NAMES for line in generate(kind, 1, history.start_ns, history.end_ns, 2.0)
    )

    def stored() -> list[str]:
        entries = loki.read_all("history", '{origin="backfill"}', history.start_ns, history.end_ns)
        return sorted(entry.text for entry in entries)

    becomes_true(lambda: len(stored()) >= pushed, 30, every=0.2)
    assert stored() == expected


def test_push_to_unreachable_loki_raises_unreachable_error(job: str) -> None:
    with pytest.raises(LokiUnreachableError, match="Connection refused"):
        LokiClient(f"http://127.0.0.1:{free_port()}", retry_for=0).push("a", lines(job, 1, time.time_ns()))
