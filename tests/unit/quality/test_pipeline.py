"""Counters of Loki, beside those of agents."""

import pytest

from logops.quality.counters import Counter
from tests.support.quality import AS_OF, findings, healthy, only

LONG_AGO = AS_OF.timestamp() - 86_400
JUST_NOW = AS_OF.timestamp() - 60


def counter(
    name: str, value: float, process: str = "main-distributor-0", started: float = LONG_AGO, **labels: str
) -> Counter:
    return Counter("main", process, started, name, tuple(sorted(labels.items())), value)


def alive(started: float = LONG_AGO, process: str = "main-distributor-0") -> Counter:
    return counter("process_start_time_seconds", started, process, started)


def discarded(value: float, process: str = "main-distributor-0", started: float = LONG_AGO) -> Counter:
    return counter("loki_discarded_samples_total", value, process, started, reason="rate_limited", tenant="application")


def test_lines_that_loki_refused_since_the_last_run_are_reported_with_reason() -> None:
    finding = only(findings(healthy(), counters=[alive(), discarded(70)], earlier=[alive(), discarded(20)]))

    assert finding.cls.name == "samples-discarded"
    assert finding.message == (
        "Loki refused 50 lines of tenant application since the last run: rate_limited 50 (ingestion_rate_mb is 100, "
        "ingestion_burst_size_mb is 200). Agents send lines above a limit again, and each try counts. Its source: "
        "application."
    )


def test_lines_that_were_refused_before_the_last_run_are_no_finding() -> None:
    assert findings(healthy(), counters=[alive(), discarded(20)], earlier=[alive(), discarded(20)]) == []


def test_counter_that_is_new_since_the_last_run_counts_from_zero() -> None:
    assert only(findings(healthy(), counters=[alive(), discarded(5)], earlier=[alive()])).evidence["lines"] == 5


def test_counter_of_a_process_that_restarted_counts_from_zero() -> None:
    now = [alive(JUST_NOW), discarded(7, started=JUST_NOW)]

    assert only(findings(healthy(), counters=now, earlier=[alive(), discarded(20)])).evidence["lines"] == 7


def test_counter_of_an_old_process_without_earlier_run_is_not_judged() -> None:
    assert findings(healthy(), counters=[alive(), discarded(20)]) == []


def test_refusal_that_three_ingesters_counted_is_one_line() -> None:
    ingesters = [f"main-ingester-{number}" for number in range(3)]
    now = [each for name in ingesters for each in (alive(process=name), discarded(10, name))]
    finding = only(findings(healthy(), counters=now, earlier=[alive(process=name) for name in ingesters]))

    assert finding.evidence["lines"] == 10


def test_loki_process_whose_counters_cannot_be_read_is_incomplete() -> None:
    finding = only(findings(healthy(), silent_processes={"main-ingester-1": "connection refused."}))

    assert finding.cls.name == "check-incomplete"
    assert finding.message == "Reading the counters of main-ingester-1: connection refused."


def agent(name: str, value: float, **labels: str) -> Counter:
    return counter(name, value, "promtail-main", **labels)


AGENT = alive(process="promtail-main")


def test_refused_lines_explain_lines_that_the_agent_gave_up() -> None:
    dropped = agent("promtail_dropped_entries_total", 50, reason="ingester_error", tenant="application")
    now = [AGENT, alive(), dropped, discarded(50)]
    finding = only(findings(healthy(), counters=now, earlier=[AGENT, alive()]))

    assert finding.cls.name == "samples-discarded"
    assert finding.message.endswith("It explains lines-lost of application.")


def test_lines_that_the_canary_misses_are_reported() -> None:
    canary = alive(process="canary-main")
    now = [canary, counter("loki_canary_missing_entries_total", 3, "canary-main")]
    finding = only(findings(healthy(), counters=now, earlier=[canary]))

    assert finding.cls.name == "canary-missing"
    assert finding.message == "3 lines of the canary of cluster main did not arrive, since the last run."


def test_full_disk_of_an_ingester_is_reported() -> None:
    used = counter("loki_ingester_wal_disk_usage_percent", 0.93, "main-ingester-0")

    assert only(findings(healthy(), counters=[used])).message == (
        "The disk of the write-ahead log of main-ingester-0 is 93% full."
    )


@pytest.mark.parametrize(
    ("reason", "tenant", "classes"),
    [
        ("rate_limited", "application", ["samples-discarded"]),
        ("greater_than_max_sample_age", "canary", ["samples-discarded"]),
        ("greater_than_max_sample_age", "application", ["samples-discarded", "canary-missing"]),
    ],
)
def test_refused_lines_explain_a_missing_canary_only_if_its_lines_wait(
    reason: str, tenant: str, classes: list[str]
) -> None:
    canary = alive(process="canary-main")
    refused = counter("loki_discarded_samples_total", 20, reason=reason, tenant=tenant)
    now = [alive(), refused, canary, counter("loki_canary_missing_entries_total", 3, "canary-main")]

    assert [each.cls.name for each in findings(healthy(), counters=now, earlier=[alive(), canary])] == classes
