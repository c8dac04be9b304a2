"""Storage: bytes by tier and tenant, growth, forecast and cost, now and against the declared policy."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from logops.audit.judge.table_stats import TableStats
from logops.audit.policy.retention import Tiering, tiering
from logops.clients.blob_storage.blobs import Tier
from logops.environment import Environment
from logops.environment.cluster import Data as Audience
from logops.environment.retention import Retention
from logops.findings.kinds import HOLDINGS
from logops.findings.store import ResultsStore
from logops.number_text import count_text, money_text, size_text
from logops.report import storage_charts
from logops.report.against_policy import NEAR, Declared, PolicyRow, declared, ingested, policy_row
from logops.report.charts import chart
from logops.report.section import Mark, Section, Shown, render
from logops.report.sections import ingestion
from logops.report.sections.ingestion import Ingestion
from logops.toolchain import project_root
from logops.usage.outlook import Outlook, PriceList, kept_for, outlook
from logops.usage.prices import PricesError, load_prices
from logops.usage.usage import AHEAD, Cost, Held, Usage, by_tenant, by_tier, costs, last_held

ID = "storage"
TITLE = "Storage and cost"
MOST_POINTS = 26
"""Days of the history that are read. A year is more, and nobody sees the difference."""
MIN_DAYS = 7
"""Days of logs from which a rate is known."""
MOST_TENANTS = 12
"""Tenants that are listed at once, and others after a click."""
CHARTED_TENANTS = 5
"""The largest tenants have a colour of their own."""
RETENTIONS = (30, 60, 90, 180, 365)
"""Days of retention that are compared."""
WORTH_SAVING = 0.1
"""Share of the cost from which another tier is a warning."""
LEAST_SAVING = 0.01
"""A smaller difference is nothing to pay for."""
STEPS = 6
"""Points of the forecast."""
_DAY_MS = 86_400_000
_TIERS = (Tier.HOT, Tier.COOL, Tier.COLD, Tier.ARCHIVE)


@dataclass(frozen=True, slots=True)
class Point:
    """Bytes of a tenant on a day of the past."""

    day: date
    cluster: str
    tenant: str
    tier_bytes: tuple[int, ...]
    """By `Tier`. Blobs with an unknown tier count as Hot."""


@dataclass(frozen=True, slots=True)
class Data:
    """The content of the section."""

    environment: str
    now: datetime
    held: Held | None
    """None: no audit has counted the chunks."""
    history: tuple[Point, ...]
    audiences: Mapping[str, Audience]
    """By cluster."""
    tiering: Mapping[str, Mapping[str, Tiering]]
    retention: Mapping[tuple[str, str], str]
    """Text by cluster and tenant."""
    promised_days: Mapping[str, int]
    """The declared minimum of the retention, by cluster."""
    prices: PriceList | None
    prices_text: str
    """Source of the prices; without prices, the reason and the remedy."""
    declared: Mapping[tuple[str, str], Declared] = field(default_factory=dict)
    """By cluster and tenant."""


@dataclass(frozen=True, slots=True)
class TenantRow:
    """A tenant in the table."""

    name: str
    usage: Usage
    share: float
    retention: str
    cost: Cost | None


def read(store: ResultsStore, environment: Environment, now: datetime) -> Data:
    """Read the newest statistics of each cluster, and the sizes of some earlier days. Raises StoreUnreachableError."""
    held = last_held(store, environment.name, [*environment.clusters], now)
    prices, prices_text = _prices(environment, now)
    return Data(
        environment=environment.name,
        now=now,
        held=held,
        history=tuple(_history(store, environment.name, [*environment.clusters], now)) if held else (),
        audiences={name: cluster.data for name, cluster in environment.clusters.items()},
        tiering={name: tiering(cluster) for name, cluster in environment.clusters.items()},
        retention={
            (name, tenant): _retention_text(declared.retention)
            for name, cluster in environment.clusters.items()
            for tenant, declared in cluster.tenants.items()
        },
        promised_days={name: cluster.keep_at_least.value // _DAY_MS for name, cluster in environment.clusters.items()},
        prices=prices,
        prices_text=prices_text,
        declared=declared(environment),
    )


READS = (read, ingestion.read)


def _retention_text(retention: Retention) -> str:
    """
    >>> _retention_text(Retention())
    '90d'
    """
    # Loki's own 0: for ever.
    keep = str(retention.keep) if retention.keep.value else "for ever"
    streams = len(retention.streams)
    return f"{keep}, {count_text(streams, 'stream rule')}" if streams else keep


def _prices(environment: Environment, now: datetime) -> tuple[PriceList | None, str]:
    if environment.prices is None:
        return None, (
            f"Costs are not known: the environment {environment.name} names no prices. Add `prices: NAME`, of a file "
            "in include/prices."
        )
    redundancy = {
        name: environment.storage_accounts[cluster.storage_account].redundancy
        for name, cluster in environment.clusters.items()
    }
    try:
        prices = load_prices(project_root(), environment.prices)
        for name in redundancy.values():
            prices.of(name)
    except PricesError as error:
        return None, f"Costs are not known. {error}"
    return PriceList(prices, redundancy), prices.age_note(now.date())


def _history(store: ResultsStore, environment: str, clusters: Sequence[str], now: datetime) -> Iterable[Point]:
    days = chosen_days(store.days(HOLDINGS, now.astimezone(UTC).date()))
    if not days:
        return
    # The literal list of days: DuckDB then opens the files of these days only.
    literal = ", ".join(f"date '{day}'" for day in days)
    sums = ", ".join(f"sum(tier_bytes[{tier + 1}])::bigint" for tier in Tier)
    sql = (
        f"select day, cluster, tenant, [{sums}] as tier_bytes from {HOLDINGS}"
        f" where environment = $environment and as_of <= $until and day in ({literal})"
        " and list_contains($clusters, cluster) group by day, cluster, tenant, as_of, run"
        " qualify (as_of, run) = first_value((as_of, run))"
        " over (partition by day, cluster order by as_of desc, run desc)"
    )
    parameters = {"environment": environment, "until": now.astimezone(UTC), "clusters": [*clusters]}
    for row in store.query(HOLDINGS, sql, days[0], days[-1], parameters).to_pylist():
        unknown, hot, *cooler = row["tier_bytes"]
        yield Point(row["day"], row["cluster"], row["tenant"], (0, unknown + hot, *cooler))


def chosen_days(days: Sequence[date]) -> list[date]:
    """Return at most MOST_POINTS days at equal distances, with the first and the last one.

    >>> chosen_days([date(2026, 1, 1), date(2026, 1, 2)])
    [datetime.date(2026, 1, 1), datetime.date(2026, 1, 2)]
    """
    if len(days) <= MOST_POINTS:
        return [*days]
    return [days[round(number * (len(days) - 1) / (MOST_POINTS - 1))] for number in range(MOST_POINTS)]


def section(data: Data, arriving: Ingestion, shown: Shown) -> Section:
    """Return the section, with the clusters that the reader may see."""
    clusters = {name for name, audience in data.audiences.items() if audience in shown}
    held = _visible(data.held, clusters) if data.held else None
    if held is None or not held.holdings:
        what = (
            "No audit has counted the chunks that you may see. The nightly retention audit does, and so does "
            f"`logops audit retention {data.environment}`."
        )
        return Section(
            ID, TITLE, "Not known: no audit has counted chunks yet.", render("missing.html", what=what, detail=""),
            "unknown",
        )  # fmt: skip
    history = [point for point in data.history if point.cluster in clusters]
    tenants = by_tenant(held)
    tenant_costs = (
        costs(held, data.tiering, data.prices.redundancy, data.prices.prices) if data.prices is not None else {}
    )
    rows = _rows(tenants, tenant_costs, data.retention)
    future = outlook(held, data.tiering, data.prices, sorted({*_ahead(history), *AHEAD}))
    points = [each for each in future if each.days in _ahead(history)]
    rate_days = max(usage.rate.days for usage in tenants.values() if usage.rate)
    promised = max(data.promised_days[cluster] for cluster in clusters)
    retentions = sorted({*RETENTIONS, promised})
    now_cost = sum(cost.now for cost in tenant_costs.values()) if tenant_costs else None
    declared_cost = sum(cost.declared for cost in tenant_costs.values()) if tenant_costs else None
    policies = _policies(data, held, rows, arriving, clusters)
    near = [row for row in policies if row.near]
    body = render(
        "storage.html",
        policies=policies[:MOST_TENANTS],
        more_policies=policies[MOST_TENANTS:],
        near=near,
        near_share=NEAR,
        ingested_at=arriving.last_run,
        now=data.now,
        held_text=held.note,
        currency=data.prices.prices.currency if data.prices else "",
        prices_text=data.prices_text,
        tiers=_tier_rows(held, data.prices),
        charts=_charts(history, points, held.as_of.date()),
        growth=_growth(history),
        rows=rows[:MOST_TENANTS],
        more=rows[MOST_TENANTS:],
        ahead=AHEAD,
        rate_days=rate_days,
        min_days=MIN_DAYS,
        totals=_totals(rows),
        now_cost=now_cost,
        declared_cost=declared_cost,
        moves=sum(cost.moves for cost in tenant_costs.values()),
        kept=kept_for(held, data.tiering, data.prices, [None, *retentions]),
        promised=promised,
        outlook=[each for each in future if each.days in AHEAD],
    )
    saving = now_cost - declared_cost if now_cost is not None and declared_cost is not None else None
    summary = _summary(rows, rate_days, data.prices, now_cost, saving)
    if near:
        others = f" and {count_text(len(near) - 1, 'other')}" if len(near) > 1 else ""
        summary += f" Near a limit: {near[0].name} ({near[0].near}){others}."
    is_dear = now_cost and saving and saving >= max(WORTH_SAVING * now_cost, LEAST_SAVING)
    mark: Mark = "warning" if is_dear or near else "ok"
    return Section(ID, TITLE, summary, body, mark)


def _policies(
    data: Data, held: Held, rows: Sequence[TenantRow], arriving: Ingestion, clusters: set[str]
) -> list[PolicyRow]:
    """Return the declared tenants against their policies: near a limit first, then the largest."""
    holdings: dict[tuple[str, str], list[TableStats]] = defaultdict(list)
    for cluster, stats in held.holdings:
        holdings[cluster, stats.tenant].append(stats)
    counted = ingested(source.newest for source in arriving.sources if source.newest)
    order = {row.name: number for number, row in enumerate(rows)}
    policies = [
        policy_row(" / ".join(key), policy, holdings[key], counted.get(key), held.older.get(key[0], held.as_of))
        for key, policy in data.declared.items()
        if key[0] in clusters
    ]
    return sorted(policies, key=lambda row: (not row.near, order.get(row.name, len(order)), row.name))


def _visible(held: Held, clusters: set[str]) -> Held:
    """Return the part of some clusters, with its own time."""
    holdings = tuple((cluster, stats) for cluster, stats in held.holdings if cluster in clusters)
    moments = {cluster: held.older.get(cluster, held.as_of) for cluster, _ in holdings}
    as_of = max(moments.values(), default=held.as_of)
    return replace(
        held,
        as_of=as_of,
        holdings=holdings,
        older={cluster: moment for cluster, moment in moments.items() if moment < as_of},
    )


def _rows(
    tenants: Mapping[tuple[str, str], Usage],
    tenant_costs: Mapping[tuple[str, str], Cost],
    retention: Mapping[tuple[str, str], str],
) -> list[TenantRow]:
    """Return the tenants, the largest first."""
    total = sum(usage.bytes for usage in tenants.values()) or 1
    rows = [
        TenantRow(
            " / ".join(key), usage, usage.bytes / total, retention.get(key, "not declared"), tenant_costs.get(key)
        )
        for key, usage in tenants.items()
    ]
    return sorted(rows, key=lambda row: (-row.usage.bytes, row.name))


@dataclass(frozen=True, slots=True)
class TierRow:
    """A tier in the table."""

    name: str
    chunks: int
    bytes: int
    share: float
    cost: float | None


def _tier_rows(held: Held, prices: PriceList | None) -> list[TierRow]:
    usages = by_tier(held)
    total = sum(usage.bytes for usage in usages.values()) or 1
    rows = []
    for tier in _TIERS:
        in_tier = {cluster: usage for (cluster, name), usage in usages.items() if name == tier.azure}
        if in_tier:
            size = sum(usage.bytes for usage in in_tier.values())
            cost = (
                sum(prices.prices.month(tier, usage.bytes, prices.redundancy[name]) for name, usage in in_tier.items())
                if prices
                else None
            )
            rows.append(TierRow(tier.azure, sum(usage.chunks for usage in in_tier.values()), size, size / total, cost))
    return rows


@dataclass(frozen=True, slots=True)
class Totals:
    """The last row of the table of tenants."""

    chunks: int
    bytes: int
    per_day: float
    ahead: Mapping[int, float]


def _totals(rows: Sequence[TenantRow]) -> Totals:
    return Totals(
        sum(row.usage.chunks for row in rows),
        sum(row.usage.bytes for row in rows),
        sum(row.usage.rate.per_day for row in rows if row.usage.rate),
        {days: sum(row.usage.ahead[days][0] for row in rows) for days in AHEAD},
    )


def _ahead(history: Sequence[Point]) -> list[int]:
    """Return the days of the forecast: as far ahead as the history reaches back, at least a month, at most a year."""
    days = {point.day for point in history}
    span = (max(days) - min(days)).days if days else 0
    horizon = min(max(span, AHEAD[0]), AHEAD[-1])
    return [round(horizon * step / STEPS) for step in range(STEPS + 1)]


def _growth(history: Sequence[Point]) -> str:
    """Return how much more is stored than about 30 days ago, as a sentence."""
    sizes: dict[date, int] = defaultdict(int)
    for point in history:
        sizes[point.day] += sum(point.tier_bytes)
    if len(sizes) < 2:
        return "How fast it grows is not known yet: that needs audits on two days."
    last = max(sizes)
    before = min((day for day in sizes if day < last), key=lambda day: abs((last - day).days - AHEAD[0]))
    change = sizes[last] - sizes[before]
    return f"{size_text(abs(change))} {'more' if change >= 0 else 'less'} than on {before}."


def _charts(history: Sequence[Point], points: Sequence[Outlook], today: date) -> list[Any]:
    """Return the charts over time. One day alone is in the tables already."""
    if len({point.day for point in history}) < 2:
        return []
    tiers: dict[str, dict[date, int]] = {tier.azure: defaultdict(int) for tier in _TIERS}
    tenants: dict[str, dict[date, int]] = defaultdict(lambda: defaultdict(int))
    for point in history:
        for tier in _TIERS:
            tiers[tier.azure][point.day] += point.tier_bytes[tier]
        tenants[f"{point.cluster} / {point.tenant}"][point.day] += sum(point.tier_bytes)
    forecast = [
        storage_charts.Forecast(today + timedelta(days=each.days), each.bytes, each.trend_bytes) for each in points
    ]
    last = points[-1]
    steady, trend = size_text(last.bytes), size_text(last.trend_bytes)
    future = f"in {count_text(last.days, 'day')} {steady}, or {trend} if the trend goes on"
    charts = [
        chart(
            storage_charts.by_tier(tiers, forecast), "Bytes by tier", f"Bytes by tier over time; {future}.", "by-tier"
        )
    ]
    if len(tenants) > 1:
        largest = _largest(tenants)
        names = ", ".join(largest)
        charts.append(
            chart(storage_charts.by_tenant(largest), "Bytes by tenant", f"Bytes over time of {names}.", "by-tenant")
        )
    return charts


def _largest(tenants: Mapping[str, Mapping[date, int]]) -> dict[str, Mapping[date, int]]:
    """Return the tenants with most bytes on the last day, and the sum of the others."""
    last = max(day for sizes in tenants.values() for day in sizes)
    ordered = sorted(tenants, key=lambda name: (-tenants[name].get(last, 0), name))
    largest: dict[str, Mapping[date, int]] = {name: tenants[name] for name in ordered[:CHARTED_TENANTS]}
    others: dict[date, int] = defaultdict(int)
    for name in ordered[CHARTED_TENANTS:]:
        for day, size in tenants[name].items():
            others[day] += size
    return {**largest, f"{len(ordered) - CHARTED_TENANTS} others": others} if others else largest


def _summary(
    rows: Sequence[TenantRow],
    rate_days: int,
    prices: PriceList | None,
    now_cost: float | None,
    saving: float | None,
) -> str:
    totals = _totals(rows)
    parts = [f"{size_text(totals.bytes)} stored"]
    if rate_days:
        parts.append(f"{size_text(totals.per_day)} arrive a day, {size_text(totals.ahead[90])} in 90 days")
    else:
        parts.append("how much arrives a day is not known yet")
    if prices and now_cost is not None and saving is not None:
        currency = prices.prices.currency
        cost = f"{currency} {money_text(now_cost)} a month"
        if saving >= LEAST_SAVING:
            cost += f", {money_text(saving)} more than in the declared tiers"
        parts.append(cost)
    else:
        parts.append("cost not known")
    return f"{'; '.join(parts)}."
