"""Usage and cost as tables and as JSON."""

from collections.abc import Mapping, Sequence
from typing import Any

from logops.audit.report.result import kept_longer_text
from logops.cli.output.columns import Column
from logops.clients.blob_storage.blobs import Tier
from logops.number_text import money_text, size_text
from logops.usage.usage import Cost, Usage

Of = tuple[str, str]
_TIERS = (Tier.HOT, Tier.COOL, Tier.COLD, Tier.ARCHIVE)


def usage_columns(usages: Mapping[Of, Usage], by: str) -> list[Column]:
    """Return one row per tenant, table or tier: chunks, bytes, bytes per used tier, growth and forecast."""
    values = [*usages.values()]
    tiers = [tier for tier in _TIERS if by != "tier" and any(usage.tier_bytes[tier] for usage in values)]
    has_totals = by == "tenant"
    columns = [
        Column("cluster", [cluster for cluster, _ in usages], total="all" if has_totals else ""),
        Column(by, [key for _, key in usages]),
        Column(
            "chunks",
            [f"{usage.chunks:,}" for usage in values],
            3,
            right=True,
            total=f"{sum(usage.chunks for usage in values):,}" if has_totals else "",
        ),
        _sizes("size", [usage.bytes for usage in values], 9, has_totals),
        *(_sizes(tier.azure, [usage.tier_bytes[tier] for usage in values], 4, has_totals) for tier in tiers),
    ]
    if by != "tier":
        longer = [kept_longer_text(usage.kept_longer_ms, usage.kept_longer_bytes) for usage in values]
        columns.append(Column("kept longer", longer, 1, right=True))
    if any(usage.rate for usage in values):
        # Without one complete day there is no rate.
        rates = [usage.rate.per_day if usage.rate and usage.rate.days else None for usage in values]
        columns.append(_sizes("a day", rates, 8, has_totals))
        for priority, days in zip((7, 6, 5), values[0].ahead, strict=False):
            steady = [
                usage.ahead[days][0] if rate is not None else None for usage, rate in zip(values, rates, strict=True)
            ]
            columns.append(_sizes(f"in {days} d", steady, priority, has_totals))
        columns.append(Column("if its trend goes on", [*map(_trend_text, values)], 2, right=True))
    return columns


def _sizes(name: str, sizes: Sequence[float | None], priority: int, has_total: bool) -> Column:
    """Return a column of sizes in bytes. None: not known."""
    total = size_text(round(sum(size for size in sizes if size is not None))) if has_total else ""
    cells = ["-" if size is None else size_text(round(size)) for size in sizes]
    return Column(name, cells, priority, right=True, total=total)


def _trend_text(usage: Usage) -> str:
    if not (usage.rate and usage.rate.days and usage.rate.trend):
        return "-"
    furthest = max(usage.ahead)
    return f"{size_text(round(usage.ahead[furthest][1]))} in {furthest} d"


def usage_json(usages: Mapping[Of, Usage]) -> list[dict[str, Any]]:
    """Return one dictionary per row, sizes in bytes."""
    return [
        {
            "cluster": cluster,
            "name": key,
            "chunks": usage.chunks,
            "bytes": usage.bytes,
            "tier_bytes": {tier.azure: usage.tier_bytes[tier] for tier in _TIERS},
            "first_line": usage.first,
            "kept_longer": {"seconds": usage.kept_longer_ms // 1000, "bytes": usage.kept_longer_bytes},
            **(
                {
                    "bytes_a_day": round(usage.rate.per_day),
                    "trend_bytes_a_day_a_day": round(usage.rate.trend),
                    "days_measured": usage.rate.days,
                    "forecast": {
                        str(days): {"steady": round(steady), "trend": round(trend)}
                        for days, (steady, trend) in usage.ahead.items()
                    },
                }
                if usage.rate
                else {}
            ),
        }
        for (cluster, key), usage in usages.items()
    ]


def cost_columns(costs: Mapping[Of, Cost], currency: str) -> list[Column]:
    """Return one row per tenant."""
    values = [*costs.values()]
    amounts = {
        f"{currency} a month now": (9, [value.now for value in values]),
        "as declared": (8, [value.declared for value in values]),
        "saves": (7, [value.now - value.declared for value in values]),
        "moves, once": (6, [value.moves for value in values]),
    }
    return [
        Column("cluster", [cluster for cluster, _ in costs], total="all"),
        Column("tenant", [tenant for _, tenant in costs]),
        *(
            Column(name, [*map(money_text, column)], priority, right=True, total=money_text(sum(column)))
            for name, (priority, column) in amounts.items()
        ),
    ]


def cost_json(costs: Mapping[Of, Cost]) -> list[dict[str, Any]]:
    """Return one dictionary per tenant, amounts in the prices' currency."""
    return [
        {
            "cluster": cluster,
            "tenant": tenant,
            "month_now": cost.now,
            "month_declared": cost.declared,
            "moves_once": cost.moves,
        }
        for (cluster, tenant), cost in costs.items()
    ]
