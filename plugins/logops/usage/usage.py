"""Usage, growth and cost per tenant, table and tier, from the table statistics of the last audit."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from logops.audit.judge.table_stats import TableStats
from logops.audit.policy.retention import FOR_EVER, Tiering
from logops.audit.report.recorded import newest_of_clusters
from logops.audit.survey.objects import DAY_MS
from logops.clients.blob_storage.blobs import Tier
from logops.findings.kinds import HOLDINGS
from logops.usage.forecast import Rate, forecast, rate_of
from logops.usage.prices import Prices

if TYPE_CHECKING:
    import pyarrow as pa

    from logops.findings.store import ResultsStore

AHEAD = (30, 90, 365)
"""Days of the forecast."""
_NEWER = ("kept_longer_ms", "kept_longer_bytes")
"""Columns that audits of earlier versions did not record."""
_ANY_TIME = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Held:
    """The latest table statistics of an environment: for each cluster, those of the last audit that could read it."""

    as_of: datetime
    holdings: tuple[tuple[str, TableStats], ...]
    """Cluster and statistics."""
    older: Mapping[str, datetime] = field(default_factory=dict)
    """Clusters that the last audit could not read -> time of the last audit that could."""

    @property
    def moments(self) -> dict[str, Any]:
        """Return `{as_of, older}` for JSON."""
        return {"as_of": self.as_of, "older": self.older}

    @property
    def note(self) -> str:
        """The time of the figures, as a sentence."""
        sentence = f"As of {self.as_of:%Y-%m-%d %H:%M} UTC."
        older_clusters = (
            f" Cluster {cluster} could not be read then: as of {as_of:%Y-%m-%d %H:%M}."
            for cluster, as_of in sorted(self.older.items())
        )
        return sentence + "".join(older_clusters)


@dataclass(frozen=True)
class Usage:
    """The storage of a tenant, a table or a tier."""

    chunks: int
    bytes: int
    tier_bytes: tuple[int, ...]
    """By `Tier`. Blobs with an unknown tier count as Hot."""
    first: datetime | None
    """Time of the first line."""
    rate: Rate | None = None
    """None for a single table, which does not grow."""
    ahead: Mapping[int, tuple[float, float]] = field(default_factory=dict)
    """Bytes by days ahead: at the current rate, and if the trend continues."""
    kept_longer_ms: int = 0
    """How much longer than its retention a line is kept, because its chunk has newer lines: the longest."""
    kept_longer_bytes: int = 0
    """Chunks that keep lines for longer than allowed."""


@dataclass(frozen=True)
class Cost:
    """The monthly cost of a tenant's storage."""

    now: float
    declared: float
    """The cost if every chunk were in its declared tier, and nothing were past its retention."""
    moves: float
    """The one-time cost of moving chunks to their declared tiers."""


def last_held(
    store: "ResultsStore", environment: str, clusters: Sequence[str], until: datetime = _ANY_TIME
) -> Held | None:
    """Return each cluster's statistics from the last audit not after `until` that could read it; None without an audit.

    Raises StoreUnreachableError.
    """
    names = [*TableStats.__dataclass_fields__]
    moments: dict[str, datetime] = {}
    holdings: list[tuple[str, TableStats]] = []
    for part in newest_of_clusters(store, HOLDINGS, environment, clusters, until, "*"):
        # Whole columns: 18,000 rows take a third of the time that dictionaries take.
        row_clusters = part["cluster"].to_pylist()
        moments |= zip(row_clusters, part["as_of"].to_pylist(), strict=True)
        rows = zip(*(_column(part, name) for name in names), strict=True)
        holdings += ((cluster, TableStats(*values)) for cluster, values in zip(row_clusters, rows, strict=True))
    if not moments:
        return None
    utc = {cluster: moment.astimezone(UTC) for cluster, moment in moments.items()}
    as_of = max(utc.values())
    return Held(as_of, tuple(holdings), {cluster: moment for cluster, moment in utc.items() if moment < as_of})


def _column(part: "pa.Table", name: str) -> list[Any]:
    column = "day_number" if name == "day" else name
    if name in _NEWER:
        recorded = column in part.column_names
        return part[column].fill_null(0).to_pylist() if recorded else [0] * part.num_rows
    values: list[Any] = part[column].to_pylist()
    return [*map(tuple, values)] if name in ("tier_chunks", "tier_bytes") else values


def by_tenant(held: Held) -> dict[tuple[str, str], Usage]:
    """Return usage by cluster and tenant, with growth and forecast."""
    today = int(held.as_of.timestamp() * 1000) // DAY_MS
    groups: dict[tuple[str, str], list[TableStats]] = defaultdict(list)
    for cluster, stats in held.holdings:
        groups[cluster, stats.tenant].append(stats)
    return {key: _growing(entries, today) for key, entries in sorted(groups.items())}


def by_table(held: Held) -> dict[tuple[str, str], Usage]:
    """Return usage by cluster and table."""
    groups: dict[tuple[str, str], list[TableStats]] = defaultdict(list)
    for cluster, stats in held.holdings:
        groups[cluster, stats.table].append(stats)
    return {key: _sum(entries) for key, entries in sorted(groups.items())}


def by_tier(held: Held) -> dict[tuple[str, str], Usage]:
    """Return usage by cluster and tier."""
    groups: dict[str, list[TableStats]] = defaultdict(list)
    for cluster, stats in held.holdings:
        groups[cluster].append(stats)
    usages: dict[tuple[str, str], Usage] = {}
    for cluster, holdings in sorted(groups.items()):
        chunks, sizes = (
            _tiers(stats.tier_chunks for stats in holdings),
            _tiers(stats.tier_bytes for stats in holdings),
        )
        for tier in (Tier.HOT, Tier.COOL, Tier.COLD, Tier.ARCHIVE):
            if chunks[tier]:
                tier_bytes = tuple(size if number == tier else 0 for number, size in enumerate(sizes))
                usages[cluster, tier.azure] = Usage(chunks[tier], sizes[tier], tier_bytes, None)
    return usages


def costs(
    held: Held, tiering: Mapping[str, Mapping[str, Tiering]], redundancy: Mapping[str, str], prices: Prices
) -> dict[tuple[str, str], Cost]:
    """Return the cost by cluster and tenant.

    tiering      by cluster and tenant
    redundancy   redundancy of each cluster's account

    Raises PricesError.
    """
    as_of_ms = int(held.as_of.timestamp() * 1000)
    amounts: dict[tuple[str, str], _Amounts] = defaultdict(_Amounts)
    for cluster, stats in held.holdings:
        amounts[cluster, stats.tenant].add(stats, tiering.get(cluster, {}).get(stats.tenant), as_of_ms)
    return {key: of_tenant.cost(prices, redundancy[key[0]]) for key, of_tenant in sorted(amounts.items())}


@dataclass
class _Amounts:
    """Bytes and blobs of a tenant by tier. They are summed before they are priced: there may be 18,000 tables."""

    now: list[int] = field(default_factory=lambda: [0] * len(Tier))
    declared: list[int] = field(default_factory=lambda: [0] * len(Tier))
    moved: list[int] = field(default_factory=lambda: [0] * len(Tier))

    def add(self, stats: TableStats, rule: Tiering | None, as_of_ms: int) -> None:
        for tier, size in enumerate(stats.tier_bytes):
            self.now[tier] += size
        if stats.period_ms != FOR_EVER and as_of_ms - stats.last_ms > stats.period_ms:
            return
        cold = rule is not None and rule.then is not None and as_of_ms - stats.written_ms > rule.hot_ms
        best_tier = rule.then if cold and rule and rule.then else Tier.HOT
        self.declared[best_tier] += stats.bytes
        for tier, count in enumerate(stats.tier_chunks):
            if count and max(tier, Tier.HOT) != best_tier:
                self.moved[best_tier] += count

    def cost(self, prices: Prices, redundancy: str) -> Cost:
        return Cost(
            sum(prices.month(tier, self.now[tier], redundancy) for tier in Tier if self.now[tier]),
            sum(prices.month(tier, self.declared[tier], redundancy) for tier in Tier if self.declared[tier]),
            sum(prices.moves(tier, self.moved[tier], redundancy) for tier in Tier if self.moved[tier]),
        )


def _growing(holdings: Sequence[TableStats], today: int) -> Usage:
    """Return a tenant's usage with rate and forecast, which are computed for each retention period and then added."""
    periods: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for stats in holdings:
        periods[stats.period_ms][stats.day] += stats.bytes
    rates: list[Rate] = []
    ahead = dict.fromkeys(AHEAD, (0.0, 0.0))
    for period_ms, bytes_by_day in periods.items():
        kept = None if period_ms == FOR_EVER else period_ms // DAY_MS
        rates.append(rate_of(bytes_by_day, today, kept))
        for days, (steady, trending) in ahead.items():
            period_forecast = forecast(bytes_by_day, today, kept, days)
            ahead[days] = (steady + period_forecast[0], trending + period_forecast[1])
    total = _sum(holdings)
    rate = Rate(
        sum(rate.per_day for rate in rates),
        sum(rate.now for rate in rates),
        sum(rate.trend for rate in rates),
        max(rate.days for rate in rates),
    )
    return replace(total, rate=rate, ahead=ahead)


def _sum(holdings: Sequence[TableStats]) -> Usage:
    first = min((stats.first_ms for stats in holdings if stats.chunks), default=None)
    return Usage(
        sum(stats.chunks for stats in holdings),
        sum(stats.bytes for stats in holdings),
        _tiers(stats.tier_bytes for stats in holdings),
        None if first is None else datetime.fromtimestamp(first / 1000, UTC),
        kept_longer_ms=max((stats.kept_longer_ms for stats in holdings), default=0),
        kept_longer_bytes=sum(stats.kept_longer_bytes for stats in holdings),
    )


def _tiers(values: Iterable[Sequence[int]]) -> tuple[int, ...]:
    unknown, hot, *colder = (sum(column) for column in zip(*values, strict=True))
    return 0, unknown + hot, *colder
