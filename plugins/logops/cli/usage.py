"""Usage and cost as tables and as JSON."""

from collections.abc import Mapping
from typing import Any

from rich.filesize import decimal
from rich.table import Table

from logops.clients.blob_storage.blobs import Tier
from logops.usage.usage import Cost, Usage

Of = tuple[str, str]
_TIERS = (Tier.HOT, Tier.COOL, Tier.COLD, Tier.ARCHIVE)


def usage_table(usages: Mapping[Of, Usage], by: str) -> Table:
    """Return one row per tenant, table or tier: chunks, bytes, bytes per used tier, growth and forecast."""
    table = Table(box=None, pad_edge=False, header_style="bold", show_footer=by == "tenant")
    tiers = [tier for tier in _TIERS if by != "tier" and any(usage.tier_bytes[tier] for usage in usages.values())]
    grows = any(usage.rate for usage in usages.values())
    table.add_column("cluster", "all")
    table.add_column(by)
    values = [*usages.values()]
    table.add_column("chunks", f"{sum(value.chunks for value in values):,}", justify="right")
    table.add_column("size", decimal(sum(value.bytes for value in values)), justify="right")
    for tier in tiers:
        table.add_column(tier.azure, decimal(sum(value.tier_bytes[tier] for value in values)), justify="right")
    if grows:
        table.add_column(
            "a day", decimal(round(sum(value.rate.per_day for value in values if value.rate))), justify="right"
        )
        for days in values[0].ahead:
            total = sum(value.ahead[days][0] for value in values)
            table.add_column(f"in {days} d", decimal(round(total)), justify="right")
        table.add_column("if its trend goes on", justify="right")
    for (cluster, key), usage in usages.items():
        row = [
            cluster,
            key,
            f"{usage.chunks:,}",
            decimal(usage.bytes),
            *(decimal(usage.tier_bytes[tier]) for tier in tiers),
        ]
        if usage.rate and not usage.rate.days:
            # Not one complete day yet, so there is no rate.
            row += ["-"] * (len(usage.ahead) + 2)
        elif usage.rate:
            row += [decimal(round(usage.rate.per_day)), *(decimal(round(steady)) for steady, _ in usage.ahead.values())]
            furthest = max(usage.ahead)
            row.append(f"{decimal(round(usage.ahead[furthest][1]))} in {furthest} d" if usage.rate.trend else "-")
        table.add_row(*row)
    return table


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


def cost_table(costs: Mapping[Of, Cost], currency: str) -> Table:
    """Return one row per tenant."""
    table = Table(box=None, pad_edge=False, header_style="bold", show_footer=True)
    values = [*costs.values()]
    table.add_column("cluster", "all")
    table.add_column("tenant")
    columns = {
        f"{currency} a month now": [value.now for value in values],
        "as declared": [value.declared for value in values],
        "saves": [value.now - value.declared for value in values],
        "moves, once": [value.moves for value in values],
    }
    for name, amounts in columns.items():
        table.add_column(name, _money(sum(amounts)), justify="right")
    for nth, (cluster, tenant) in enumerate(costs):
        table.add_row(cluster, tenant, *(_money(amounts[nth]) for amounts in columns.values()))
    return table


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


def _money(amount: float) -> str:
    """Format an amount: with cents if it is large, with four digits if it is small."""
    return f"{amount:,.2f}" if abs(amount) >= 1 or amount == 0 else f"{amount:.2g}"
