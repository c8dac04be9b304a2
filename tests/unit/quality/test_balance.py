"""Sent, received and stored lines between two runs."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from logops.clients.loki import Metric
from logops.findings import Finding
from logops.quality.balance import EarlierStored, StoredCount, counts_every_stream
from logops.quality.counters import Counter, counters_of
from tests.support.quality import AS_OF, BEFORE, findings, healthy, one_source, only

OWNER = ("main", "application")
DISTRIBUTOR, INGESTER, AGENT = "main-distributor-0", "main-ingester-0", "promtail-main"
LONG_AGO = AS_OF.timestamp() - 86_400
SINCE_THE_RUN_BEFORE = AS_OF.timestamp() - 60
MINUTES = [BEFORE + timedelta(minutes=number) for number in range(-15, 30)]
WHOLE_SECONDS = ("sources.application.parse.timestamp.layout", "02/Jan/2006:15:04:05 -0700")
RECEIVED = "loki_distributor_lines_received_total"


def counter(name: str, value: float, process: str = DISTRIBUTOR, **labels: str) -> Counter:
    return Counter("main", process, LONG_AGO, name, tuple(sorted(labels.items())), value)


def alive(process: str, started: float = LONG_AGO) -> Counter:
    return Counter("main", process, started, "process_start_time_seconds", (), started)


def received(lines: float, **labels: str) -> Counter:
    return counter(RECEIVED, lines, tenant="application", is_internal_stream="false", **labels)


ALL_ALIVE = [alive(DISTRIBUTOR), alive(INGESTER), alive(AGENT)]


def stored(before: int, since: int) -> dict[datetime, int]:
    """Return the lines of each minute: `before` in the minutes before the earlier run, `since` in the minutes after."""
    return {end: before if end <= BEFORE else since if end <= AS_OF else 0 for end in MINUTES}


def run(
    now: Sequence[Counter],
    lines: Mapping[datetime, int],
    *changes: tuple[str, object],
    processes: Sequence[Counter] = ALL_ALIVE,
    later: Sequence[Counter] = (),
    lines_before: Mapping[datetime, int] | None = None,
    counters_before: Sequence[Counter] = (),
    later_before: Sequence[Counter] = (),
    shares: Sequence[float] = (),
    has_deletes: bool = False,
) -> list[Finding]:
    """Return the findings of a run whose earlier run counted 100 lines a minute, before any line of the interval."""
    return findings(
        healthy(),
        *changes,
        counters=[*processes, *now],
        later_counters=[*processes[:1], *(later or now)],
        stored={OWNER: StoredCount(lines, has_deletes)},
        earlier_stored=EarlierStored(
            BEFORE,
            [*ALL_ALIVE, *counters_before],
            [ALL_ALIVE[0], *(later_before or counters_before)],
            {OWNER: stored(100, 0) if lines_before is None else lines_before},
            {OWNER: shares},
        ),
    )


def test_as_many_stored_lines_as_received_lines_are_no_finding() -> None:
    assert run([received(1500)], stored(100, 100)) == []


def test_loss_of_one_percent_between_distributor_and_store_is_reported_with_both_numbers() -> None:
    finding = only(run([received(150_000)], stored(100, 9_900)))

    assert finding.cls.name == "lines-lost"
    assert finding.message == (
        "Lines of tenant application were lost between the distributors and the store of cluster main, from 2026-11-28 "
        "11:45 UTC to 2026-11-28 12:00 UTC: the distributors received 150,000 lines (0 of them refused), and the store "
        "grew by 148,500. 1,500 lines (1.0%) are missing."
    )


def test_lost_lines_come_with_the_query_that_shows_them() -> None:
    finding = only(run([received(150_000)], stored(100, 9_900)))

    assert 'query=sum(count_over_time({service_name=~".+"' in finding.remedy


def test_difference_of_some_lines_in_flight_is_no_finding() -> None:
    assert run([received(15_070)], stored(100, 1_000)) == []


def test_refused_lines_are_not_missing() -> None:
    refused = counter("loki_discarded_samples_total", 500, tenant="application", reason="rate_limited")
    found = run([received(2_000), refused], stored(100, 100))

    assert [finding.cls.name for finding in found] == []


def test_copies_that_an_ingester_had_already_are_not_missing() -> None:
    lines = [
        received(3_000),
        counter("loki_distributor_bytes_received_total", 300_000, tenant="application", is_internal_stream="false"),
        counter("loki_ingester_duplicate_log_bytes_total", 3 * 150_000, INGESTER, tenant="application"),
    ]

    assert run(lines, stored(100, 100)) == []


def test_lines_that_loki_writes_itself_are_not_missing() -> None:
    own = counter(RECEIVED, 9_000, tenant="application", is_internal_stream="true")

    assert run([received(1_500), own], stored(100, 100)) == []


def test_lines_received_while_the_store_was_counted_are_not_missing() -> None:
    assert (
        run(
            [received(2_500)],
            stored(100, 100),
            later=[received(2_600)],
            counters_before=[received(500)],
            later_before=[received(1_000)],
        )
        == []
    )


def test_late_lines_are_stored_lines() -> None:
    assert run([received(3_000)], stored(200, 100)) == []


def test_lines_older_than_the_count_are_stored_lines_once_they_are_counted() -> None:
    yesterday = {BEFORE - timedelta(hours=number): 100 for number in range(1, 20)}
    counted = {**{end: 600 for end in yesterday}, **stored(100, 100)}

    assert run([received(11_000)], counted, lines_before={**yesterday, **stored(100, 0)}) == []


def test_lines_that_the_run_before_found_and_that_are_gone_are_reported_with_their_time() -> None:
    restarted = [alive(DISTRIBUTOR), alive(INGESTER, SINCE_THE_RUN_BEFORE), alive(AGENT)]
    finding = only(run([received(1_500)], stored(60, 100), processes=restarted))

    assert finding.message == (
        "Lines of tenant application were lost between the distributors and the store of cluster main, from 2026-11-28 "
        "11:45 UTC to 2026-11-28 12:00 UTC: 640 of 1,600 lines that the run before found are gone; their timestamps "
        "are from 2026-11-28 11:29 UTC to 2026-11-28 11:45 UTC. Newer lines could not be compared: an ingester "
        "restarted."
    )


def test_lines_that_a_delete_request_hides_are_no_finding() -> None:
    assert run([received(1_500)], stored(60, 100), has_deletes=True) == []


def test_received_lines_after_a_restart_of_an_ingester_are_not_compared() -> None:
    restarted = [alive(DISTRIBUTOR), alive(INGESTER, SINCE_THE_RUN_BEFORE), alive(AGENT)]

    assert run([received(9_000)], stored(100, 100), processes=restarted) == []


def test_received_lines_of_pushes_that_failed_are_not_compared() -> None:
    failed = counter("loki_request_duration_seconds_count", 3, route="loki_api_v1_push", status_code="500")

    assert run([received(9_000), failed], stored(100, 100)) == []


def test_restart_of_a_distributor_is_no_loss() -> None:
    restarted = [alive(DISTRIBUTOR, SINCE_THE_RUN_BEFORE), alive(INGESTER), alive(AGENT)]
    new = [received(200)]

    assert run(new, stored(100, 100), processes=restarted, counters_before=[received(90_000)]) == []


def test_equal_lines_of_whole_seconds_are_no_loss_while_their_usual_share_is_unknown() -> None:
    assert run([received(1_700)], stored(100, 100), WHOLE_SECONDS) == []


def test_total_loss_is_reported_while_the_usual_share_of_equal_lines_is_unknown() -> None:
    finding = only(run([received(1_700)], stored(100, 0), WHOLE_SECONDS))

    assert finding.message.endswith(
        "1,700 lines (100.0%) are missing. Some sources have timestamps in whole seconds: Loki stores equal lines of "
        "one second once."
    )


def test_usual_share_of_equal_lines_is_no_loss() -> None:
    assert run([received(1_700)], stored(100, 100), WHOLE_SECONDS, shares=[0.12, 0.11, 0.1, 0.12]) == []


def test_more_missing_lines_than_usual_are_reported() -> None:
    finding = only(run([received(2_500)], stored(100, 100), WHOLE_SECONDS, shares=[0.12, 0.11, 0.1, 0.12]))

    assert finding.evidence["lines"] == 1_000


def test_streams_without_service_name_are_not_counted() -> None:
    assert counts_every_stream(one_source(), OWNER)
    assert not counts_every_stream(one_source(("clusters.main.limits.discover_service_name", [])), OWNER)


def test_fewer_received_lines_than_sent_lines_are_reported_with_both_numbers() -> None:
    sent = counter("promtail_sent_entries_total", 1_000, AGENT, host="loki")
    finding = only(run([received(700), sent], stored(100, 100)))

    assert finding.message == (
        "Lines were lost between the agents and the distributors of cluster main, from 2026-11-28 11:45 UTC to "
        "2026-11-28 12:00 UTC: Loki acknowledged 1,000 lines to the agents, and the distributors received 700. "
        "300 lines (30.0%) are missing."
    )


def test_lines_of_other_senders_do_not_hide_lines_that_agents_lost() -> None:
    sent = counter("promtail_sent_entries_total", 1_000, AGENT, host="loki")
    other = counter(RECEIVED, 900, tenant="platform", is_internal_stream="false")

    assert only(run([received(700), other, sent], stored(100, 100))).evidence["received"] == 700


def test_lines_of_the_canary_are_lines_that_an_agent_sent() -> None:
    sent = counter("promtail_sent_entries_total", 1_000, AGENT, host="loki")
    canary = counter(RECEIVED, 900, tenant="canary", is_internal_stream="false")

    assert run([received(100), canary, sent], stored(100, 100)) == []


def test_sent_lines_are_not_compared_if_a_distributor_restarted() -> None:
    restarted = [alive(DISTRIBUTOR, SINCE_THE_RUN_BEFORE), alive(INGESTER), alive(AGENT)]
    now = [received(70), counter("promtail_sent_entries_total", 1_000, AGENT, host="loki")]

    assert run(now, stored(100, 100), processes=restarted, counters_before=[received(900)]) == []


def test_refused_lines_do_not_explain_lines_that_the_store_lost() -> None:
    refused = counter("loki_discarded_samples_total", 500, tenant="application", reason="rate_limited")
    found = findings(
        healthy(),
        counters=[*ALL_ALIVE, received(9_000), refused],
        earlier=ALL_ALIVE,
        later_counters=[ALL_ALIVE[0], received(9_000), refused],
        stored={OWNER: StoredCount(stored(100, 100))},
        earlier_stored=EarlierStored(BEFORE, ALL_ALIVE, ALL_ALIVE[:1], {OWNER: stored(100, 0)}),
    )

    assert [finding.cls.name for finding in found] == ["samples-discarded", "lines-lost"]


def test_only_failed_requests_to_push_are_kept_of_all_requests() -> None:
    def requests(route: str, status: str) -> Metric:
        return Metric("loki_request_duration_seconds_count", {"route": route, "status_code": status}, 7)

    page = [
        requests("loki_api_v1_push", "204"),
        requests("loki_api_v1_push", "429"),
        requests("loki_api_v1_push", "500"),
        requests("otlp_v1_logs", "503"),
        requests("ready", "503"),
    ]

    kept = [counter.label("status_code") for counter in counters_of("main", DISTRIBUTOR, page)]
    assert kept == ["500", "503", ""]
