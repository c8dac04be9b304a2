"""A plan says what changes for the owners of logs: promises, deleted chunks, cost."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from logops.audit.judge.table_stats import TableStats
from logops.audit.policy.retention import FOR_EVER, StreamRule, TenantRules
from logops.audit.survey.objects import DAY_MS
from logops.rollout.cost import long_run_cost
from logops.rollout.impact import Deletion, Impact, RetentionChange, assess, deletion
from logops.rollout.promises import clusters_in
from logops.usage.prices import Prices
from logops.usage.usage import Held
from tests.support.environments import environment, rendered, rendered_on_kubernetes

NOW = datetime(2026, 11, 28, 13, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 29, tzinfo=UTC)
TODAY = int(NOW.timestamp() * 1000) // DAY_MS
KEEP = "clusters.main.tenants.application.retention.keep"
PRICES = Prices.model_validate(
    {
        "currency": "EUR",
        "region": "here",
        "source": "a list",
        "date": "2026-01-01",
        "gb_bytes": 1000,
        "redundancy": {"LRS": {"storage": {"Hot": 4, "Cool": 2}, "write": {"Hot": 1, "Cool": 10}}},
    }
)


def files(*changes: tuple[str, Any]) -> dict[str, str]:
    """Return the files of the stages of `local` with changes."""
    return {name: text for stage in rendered(environment("local", *changes)).values() for name, text in stage.items()}


LIVE = files()


def stats(days_ago: int, tenant: str = "application", *, keep: int = 90, chunks: int = 2) -> TableStats:
    day = TODAY - days_ago
    return TableStats(
        table=f"loki_index_{day}",
        day=day,
        tenant=tenant,
        period_ms=keep * DAY_MS,
        chunks=chunks,
        bytes=chunks * 1000,
        indexed=chunks,
        lines=10,
        waiting=0,
        deleting=0,
        young=0,
        tier_chunks=(0, chunks, 0, 0, 0),
        tier_bytes=(0, chunks * 1000, 0, 0, 0),
        first_ms=day * DAY_MS,
        last_ms=(day + 1) * DAY_MS - 1,
        written_ms=(day + 1) * DAY_MS,
    )


def held(*holdings: TableStats) -> Held:
    return Held(NOW, tuple(("main", entry) for entry in holdings))


def impact(desired: dict[str, str], *holdings: TableStats, live: dict[str, str] = LIVE) -> Impact:
    return assess(live, desired, held(*holdings) if holdings else None, "No audit has counted them.", NOW)


def lines(result: Impact) -> list[str]:
    return [str(change) for change in result.promises]


def test_unchanged_files_change_no_promise() -> None:
    assert impact(LIVE) == Impact()


def test_shorter_retention_is_a_changed_promise_of_its_tenant_only() -> None:
    assert lines(impact(files((KEEP, "60d")))) == ["main/application: kept 90 d -> 60 d"]


def test_stream_rule_is_a_promise_of_its_own() -> None:
    rule = {"selector": '{level="error"}', "keep": "100d", "priority": 2}
    changed = files(("clusters.main.tenants.application.retention.streams", [rule]))
    assert lines(impact(changed)) == ['main/application: {level="error"} kept 120 d -> 100 d']


def test_disabled_retention_keeps_everything_forever() -> None:
    changed = files(("clusters.security.compactor.retention_enabled", False))
    assert lines(impact(changed)) == [
        "security/every other tenant: kept 90 d -> forever",
        "security/security-team: kept 90 d -> forever",
    ]
    assert not impact(changed).shortens


def test_default_of_the_cluster_changes_the_promise_of_tenants_without_own_retention() -> None:
    changed = files(("clusters.main.keep_at_least", "60d"))
    result = impact(changed, stats(70, "stranger"), stats(70, "platform"))
    assert lines(result) == ["main/every other tenant: kept 90 d -> 60 d"]
    assert result.promises[0].deletes is not None
    assert result.promises[0].deletes.chunks == 2


def test_removed_tenant_is_kept_as_long_as_the_default_of_the_cluster() -> None:
    live = files(("clusters.main.tenants.canary.retention.keep", "200d"))
    desired = {**live, "tenants/main.yaml": "overrides: {application: {retention_period: 2160h}}\n"}
    assert "main/canary: kept 200 d -> 90 d" in lines(impact(desired, live=live))


def test_first_rollout_has_only_new_promises() -> None:
    result = impact(LIVE, live={})
    assert "main/application: kept 90 d (new)" in lines(result)
    assert all(change.before == "" and not change.shortens for change in result.promises)


def test_damaged_live_file_makes_the_live_promise_unknown() -> None:
    result = impact(LIVE, live={**LIVE, "tenants/main.yaml": "overrides: ["})
    assert "main/application: kept unknown -> 90 d" in lines(result)
    assert result.shortens


def test_missing_live_files_of_a_cluster_with_chunks_make_the_live_promise_unknown() -> None:
    live = {name: text for name, text in LIVE.items() if name not in ("loki/main.yaml", "tenants/main.yaml")}
    result = impact(LIVE, stats(95), live=live)
    assert "main/application: kept unknown -> 90 d" in lines(result)
    assert [change.deletes for change in result.promises if change.deletes] == [
        Deletion(0, 2, 2000, date(2026, 8, 25), date(2026, 8, 25))
    ]


def test_lost_live_files_make_the_live_promises_unknown() -> None:
    result = assess({}, LIVE, None, "No audit has counted them.", NOW, live_is_lost=True)
    assert "main/application: kept unknown -> 90 d" in lines(result)
    assert result.uncounted == "No audit has counted them."


def test_damaged_live_file_of_a_stage_that_is_not_rolled_out_leaves_promises_unknown() -> None:
    damaged = {**LIVE, "tenants/main.yaml": "overrides: ["}
    desired = {**files(("clusters.main.log_level", "info")), "tenants/main.yaml": "overrides: ["}
    assert lines(impact(desired, live=damaged)) == ["main/every tenant: kept unknown -> unknown"]


def test_changed_tier_names_the_tenant() -> None:
    changed = files(("clusters.main.tenants.platform.retention.hot", "45d"))
    assert lines(impact(changed)) == ["main/platform: moved to Cool after 30 d -> 45 d"]


def test_earlier_deletion_by_azure_shortens_a_promise() -> None:
    rule = {"name": "system-logs", "container": "system-logs", "prefix": "logs/", "delete_after": 100}
    result = impact(files(("storage_accounts.main.lifecycle", [rule])))
    assert "storage account main, system-logs/logs/: deleted after 400 d -> 100 d" in lines(result)
    assert result.shortens


def test_removed_source_is_not_collected_any_more() -> None:
    changed = files(("sources.access", None), ("agents.promtail.sources", ["application", "audit", "syslog"]))
    assert lines(impact(changed)) == ["tenant application: source access collected -> not collected any more"]


def test_longer_retention_with_a_shorter_stream_rule_counts_the_rules_chunks() -> None:
    rule = {"selector": '{level="error"}', "keep": "100d", "priority": 2}
    changed = files((KEEP, "95d"), ("clusters.main.tenants.application.retention.streams", [rule]))
    result = impact(changed, stats(110, keep=120), stats(80))
    assert [(change.promise, change.deletes and change.deletes.chunks) for change in result.promises] == [
        ("kept", None),
        ('{level="error"} kept', 2),
    ]


def test_changed_limit_shows_the_inherited_value() -> None:
    changed = files(("clusters.main.tenants.application.limits", {"ingestion_rate_mb": 5}))
    assert lines(impact(changed)) == ["main/application: limit ingestion_rate_mb 100.0 -> 5.0"]


def test_replication_factor_is_a_promise_to_every_tenant() -> None:
    changed = files(("clusters.main.replication_factor", 2))
    assert lines(impact(changed)) == ["main/every tenant: copies of each line until it is stored 3 -> 2"]


def test_removed_cluster_is_not_served_any_more() -> None:
    desired = {name: text for name, text in LIVE.items() if not name.endswith("/security.yaml")}
    assert "security/every tenant: logs served -> not served any more; no log is deleted" in lines(impact(desired))


def test_shorter_retention_deletes_the_tables_past_it_until_the_next_midnight() -> None:
    # At midnight, the logs of 61 days ago are older than 60 days; those of 60 days ago are not.
    result = impact(files((KEEP, "60d")), stats(58), stats(59), stats(60), stats(70), stats(80, "platform"))
    assert result.promises[0].deletes == Deletion(4, 4, 4000, date(2026, 9, 19), date(2026, 9, 29))
    assert (result.counted_at, result.counted_until, result.uncounted) == (NOW, MIDNIGHT, "")


def test_chunks_that_expire_without_the_change_are_not_counted() -> None:
    result = impact(files((KEEP, "60d")), stats(95), stats(70))
    assert result.promises[0].deletes == Deletion(2, 2, 2000, date(2026, 9, 19), date(2026, 9, 19))


def test_chunks_of_a_stream_rule_that_does_not_change_are_not_counted() -> None:
    assert impact(files((KEEP, "60d")), stats(70, keep=120)).promises[0].deletes is None


def test_chunks_of_changed_stream_rules_are_counted_as_a_range() -> None:
    before = TenantRules(90 * DAY_MS)
    after = TenantRules(90 * DAY_MS, (StreamRule('{level="debug"}', 30 * DAY_MS),))
    change = RetentionChange("main", "application", before, after)
    assert deletion(change, [stats(40)], MIDNIGHT) == Deletion(0, 2, 2000, date(2026, 10, 19), date(2026, 10, 19))


def test_enabled_retention_deletes_what_was_kept_forever() -> None:
    change = RetentionChange("main", "application", TenantRules(FOR_EVER), TenantRules(90 * DAY_MS))
    kept = replace(stats(400), period_ms=FOR_EVER)
    deleted = deletion(change, [kept], MIDNIGHT)
    assert deleted is not None
    assert deleted.at_least == 2


def test_longer_retention_deletes_nothing() -> None:
    result = impact(files((KEEP, "200d")), stats(70))
    assert result.promises[0].deletes is None
    assert result.counted_at is None


def test_deleted_chunks_without_an_audit_are_unknown() -> None:
    result = impact(files((KEEP, "60d")))
    assert (result.counted_at, result.uncounted) == (None, "No audit has counted them.")


def test_cost_in_the_long_run_follows_retention_and_tier() -> None:
    history = held(*(stats(days_ago, chunks=1) for days_ago in range(1, 61)))
    cost = long_run_cost(LIVE, files((KEEP, "60d")), history, {"main": "LRS"}, PRICES)
    assert cost is not None
    # 1 GB a day: 30 days in Hot for 4, the others in Cool for 2.
    assert (cost.bytes_per_day, cost.before, cost.after) == (1000, 30 * 4 + 60 * 2, 30 * 4 + 30 * 2)


HOT = "clusters.main.tenants.application.retention.hot"


def moved(desired: dict[str, str], *holdings: TableStats) -> tuple[int, float]:
    cost = long_run_cost(LIVE, desired, held(*holdings), {"main": "LRS"}, PRICES)
    assert cost is not None
    return cost.moved_chunks, cost.moves


def test_moves_to_a_cooler_tier_by_an_earlier_rule_are_counted_and_priced_once() -> None:
    between, younger, older = stats(20, chunks=3), stats(5, chunks=70), stats(40, chunks=900)
    assert moved(files((HOT, "10d")), between, younger, older) == (3, 3 / 10_000 * 10)


def test_chunks_that_are_in_the_cooler_tier_already_are_not_moved() -> None:
    cool = replace(stats(20, chunks=3), tier_chunks=(0, 0, 3, 0, 0))
    assert moved(files((HOT, "10d")), cool) == (0, 0)


def test_chunks_that_expire_under_the_new_retention_are_not_moved() -> None:
    assert moved(files((HOT, "10d"), (KEEP, "15d")), stats(20, chunks=3), stats(12, chunks=4)) == (4, 4 / 10_000 * 10)


def test_a_later_rule_moves_nothing() -> None:
    assert moved(files((HOT, "60d")), stats(40, chunks=3), stats(5)) == (0, 0)


def test_cost_of_logs_kept_forever_grows_every_month() -> None:
    history = held(*(stats(days_ago, chunks=1) for days_ago in range(1, 61)))
    changed = files(("clusters.main.compactor.retention_enabled", False))
    cost = long_run_cost(LIVE, changed, history, {"main": "LRS"}, PRICES)
    assert cost is not None
    assert cost.growth_before == 0
    assert round(cost.growth_after) == round(2 * 365 / 12)


def test_cost_of_unchanged_retention_is_not_computed() -> None:
    assert (
        long_run_cost(LIVE, files(("clusters.main.log_level", "info")), held(stats(5)), {"main": "LRS"}, PRICES) is None
    )


def test_helm_values_and_manifests_of_a_stage_are_no_clusters() -> None:
    assert clusters_in(rendered_on_kubernetes(environment("production"))["loki"]) == ["main", "security"]
