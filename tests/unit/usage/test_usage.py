from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from logops.audit.judge.table_stats import TableStats
from logops.audit.policy.retention import Tiering
from logops.audit.reduce import holdings_table
from logops.audit.request import AuditRequest, Check
from logops.audit.survey.objects import DAY_MS
from logops.clients.blob_storage.blobs import Tier
from logops.findings.kinds import HOLDINGS
from logops.findings.store import ResultsStore
from logops.toolchain import project_root
from logops.usage.prices import Prices, PricesError, load_prices
from logops.usage.usage import Held, by_table, by_tenant, by_tier, costs, last_held

AS_OF = datetime(2026, 11, 24, 3, tzinfo=UTC)
NOW = int(AS_OF.timestamp() * 1000)
TODAY = NOW // DAY_MS
GB = 1 << 30
PRICES = Prices.model_validate(
    {
        "currency": "EUR",
        "region": "here",
        "source": "a list",
        "date": "2026-01-01",
        "redundancy": {
            "LRS": {"storage": {"Hot": 4, "Cool": 2, "Cold": 1, "Archive": 0.5}, "write": {"Hot": 1, "Cool": 10}}
        },
    }
)


def holding(days_ago: int, tenant: str = "team", *, hot: int = 0, cool: int = 0, keep: int = 90) -> TableStats:
    """Return the statistics of a table with `hot` and `cool` GB, in chunks of 1 GB."""
    day = TODAY - days_ago
    return TableStats(
        table=f"loki_index_{day}",
        day=day,
        tenant=tenant,
        period_ms=keep * DAY_MS,
        chunks=hot + cool,
        bytes=(hot + cool) * GB,
        indexed=hot + cool,
        lines=1,
        waiting=0,
        deleting=0,
        young=0,
        tier_chunks=(0, hot, cool, 0, 0),
        tier_bytes=(0, hot * GB, cool * GB, 0, 0),
        first_ms=day * DAY_MS,
        last_ms=(day + 1) * DAY_MS - 1,
        written_ms=(day + 1) * DAY_MS,
    )


def held(*holdings: TableStats) -> Held:
    return Held(AS_OF, tuple(("main", one) for one in holdings))


def cost(*holdings: TableStats) -> tuple[float, float, float]:
    rules = {"main": {"team": Tiering(30 * DAY_MS, Tier.COOL)}}
    result = costs(held(*holdings), rules, {"main": "LRS"}, PRICES)["main", "team"]
    return result.now, result.declared, result.moves


def test_usage_has_the_longest_time_that_lines_are_kept_longer_and_the_bytes_of_all() -> None:
    late = replace(holding(1, hot=1), kept_longer_ms=17 * DAY_MS, kept_longer_bytes=3)
    later = replace(holding(2, hot=1), kept_longer_ms=2 * DAY_MS, kept_longer_bytes=4)

    usage = by_tenant(held(late, later, holding(3, hot=1)))["main", "team"]

    assert (usage.kept_longer_ms, usage.kept_longer_bytes) == (17 * DAY_MS, 7)


def test_usage_reads_results_of_an_audit_that_did_not_measure_lines_kept_longer(tmp_path: Path) -> None:
    store = ResultsStore(str(tmp_path))
    request = AuditRequest((Check.RETENTION,), "old", AS_OF)
    table = holdings_table("test", request, [("main", holding(1, hot=1))])
    store.write(HOLDINGS, "test.old", table.drop_columns(["kept_longer_ms", "kept_longer_bytes"]), AS_OF)

    read = last_held(store, "test", ["main"])

    assert read is not None
    assert read.holdings == held(holding(1, hot=1)).holdings


def test_usage_is_summed_by_tenant_table_and_tier() -> None:
    some = held(holding(1, hot=2), holding(1, "other", hot=1), holding(40, cool=3))

    assert {key[1]: one.chunks for key, one in by_tenant(some).items()} == {"other": 1, "team": 5}
    assert [one.bytes // GB for one in by_table(some).values()] == [3, 3]
    assert {key[1]: one.bytes // GB for key, one in by_tier(some).items()} == {"Hot": 3, "Cool": 3}


def test_unknown_tier_counts_as_hot() -> None:
    one = replace(holding(1, hot=2), tier_bytes=(2 * GB, 0, 0, 0, 0), tier_chunks=(2, 0, 0, 0, 0))

    assert by_tier(held(one))["main", "Hot"].bytes == 2 * GB
    assert cost(one) == (8, 8, 0)


def test_tenant_forecast_uses_each_retention_period() -> None:
    kept = [holding(ago, hot=1, keep=30) for ago in range(1, 31)]
    short = [holding(ago, hot=1, keep=7) for ago in range(1, 8)]
    usage = by_tenant(held(*kept, *short))["main", "team"]

    assert usage.rate
    assert usage.rate.per_day == 2 * GB
    assert [usage.ahead[days][0] / GB for days in (30, 365)] == [37, 37]


def test_data_in_declared_tier_costs_as_declared() -> None:
    assert cost(holding(10, hot=1), holding(50, cool=1)) == (6, 6, 0)


def test_data_left_in_hot_tier_costs_more_than_declared_and_a_move() -> None:
    now, declared, moves = cost(holding(50, hot=3))

    assert (now, declared) == (12, 6)
    assert moves == pytest.approx(3 / 10_000 * 10)


def test_expired_data_has_zero_declared_cost() -> None:
    assert cost(holding(100, cool=5)) == (10, 0, 0)


def test_redundancy_without_prices_is_refused_with_known_redundancies() -> None:
    with pytest.raises(
        PricesError, match=r"here \(2026-01-01\) has no prices for ZRS, only for LRS. Add them from a list"
    ):
        costs(held(holding(1, hot=1)), {}, {"main": "ZRS"}, PRICES)


def test_price_note_has_source_and_warns_after_one_year() -> None:
    assert PRICES.age_note(date(2026, 11, 24)) == "Prices: here, EUR, 2026-01-01 (a list)."
    assert PRICES.age_note(date(2027, 11, 24)).endswith("They are older than a year.")


def test_committed_price_files_are_valid() -> None:
    for file in (project_root() / "include/prices").glob("*.yaml"):
        assert load_prices(project_root(), file.stem).of("LRS").storage.keys() == {"Hot", "Cool", "Cold", "Archive"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("currency: USD", "region: Field required"),
        ("a: [", "is not YAML"),
        ("- 1", "Input should be a valid dictionary"),
        (None, "No such file or directory"),
    ],
)
def test_invalid_price_file_is_refused_with_reason(tmp_path: Path, content: str | None, message: str) -> None:
    folder = tmp_path / "include/prices"
    folder.mkdir(parents=True)
    if content is not None:
        (folder / "mine.yaml").write_text(content)

    with pytest.raises(PricesError, match=message):
        load_prices(tmp_path, "mine")


def test_cluster_missing_from_last_audit_uses_previous_audit(tmp_path: Path) -> None:
    store = ResultsStore(str(tmp_path))
    nights = [("first", ["main", "security"]), ("second", ["main"])]
    for nth, (run, clusters) in enumerate(nights):
        as_of = AS_OF + timedelta(days=nth)
        request = AuditRequest((Check.RETENTION,), run, as_of)
        table = holdings_table("test", request, [(cluster, holding(1, hot=1)) for cluster in clusters])
        store.write(HOLDINGS, f"test.{run}", table, as_of)

    result = last_held(store, "test", ["main", "security"])
    assert result
    assert result.as_of == AS_OF + timedelta(days=1)
    assert result.older == {"security": AS_OF}
    assert [cluster for cluster, _ in by_tenant(result)] == ["main", "security"]

    gone = last_held(store, "test", ["main"])
    assert gone
    assert [cluster for cluster, _ in by_tenant(gone)] == ["main"]
