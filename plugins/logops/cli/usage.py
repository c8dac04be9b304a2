"""Usage and cost as tables and as JSON."""

from collections.abc import Mapping
from typing import Any

from rich.filesize import decimal
from rich.table import Table

from logops.clients.blob_storage.blobs import Tier
from logops.usage.usage import Cost, Usage

Of = tuple[str, str]
_TIERS = (Tier.HOT, Tier.COOL, Tier.COLD, Tier.ARCHIVE)


def usage_table(found: Mapping[Of, Usage], by: str) -> Table:
    """Return one row per tenant, table or tier: chunks, bytes, bytes per used tier, growth and forecast."""
    table = Table(box=None, pad_edge=False, header_style="bold", show_footer=by == "tenant")
    tiers = [tier for tier in _TIERS if by != "tier" and any(one.tier_bytes[tier] for one in found.values())]
    grows = any(one.rate for one in found.values())
    table.add_column("cluster", "all")
    table.add_column(by)
    values = [*found.values()]
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
    for (cluster, key), one in found.items():
        row = [cluster, key, f"{one.chunks:,}", decimal(one.bytes), *(decimal(one.tier_bytes[tier]) for tier in tiers)]
        if one.rate and not one.rate.days:
            # Not one complete day yet, so there is no rate.
            row += ["-"] * (len(one.ahead) + 2)
        elif one.rate:
            row += [decimal(round(one.rate.per_day)), *(decimal(round(steady)) for steady, _ in one.ahead.values())]
            furthest = max(one.ahead)
            row.append(f"{decimal(round(one.ahead[furthest][1]))} in {furthest} d" if one.rate.trend else "-")
        table.add_row(*row)
    return table


def usage_json(found: Mapping[Of, Usage]) -> list[dict[str, Any]]:
    """Return one dictionary per row, sizes in bytes."""
    return [
        {
            "cluster": cluster,
            "name": key,
            "chunks": one.chunks,
            "bytes": one.bytes,
            "tier_bytes": {tier.azure: one.tier_bytes[tier] for tier in _TIERS},
            "first_line": one.first,
            **(
                {
                    "bytes_a_day": round(one.rate.per_day),
                    "trend_bytes_a_day_a_day": round(one.rate.trend),
                    "days_measured": one.rate.days,
                    "forecast": {
                        str(days): {"steady": round(steady), "trend": round(trend)}
                        for days, (steady, trend) in one.ahead.items()
                    },
                }
                if one.rate
                else {}
            ),
        }
        for (cluster, key), one in found.items()
    ]


def cost_table(found: Mapping[Of, Cost], currency: str) -> Table:
    """Return one row per tenant."""
    table = Table(box=None, pad_edge=False, header_style="bold", show_footer=True)
    values = [*found.values()]
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
    for nth, (cluster, tenant) in enumerate(found):
        table.add_row(cluster, tenant, *(_money(amounts[nth]) for amounts in columns.values()))
    return table


def cost_json(found: Mapping[Of, Cost]) -> list[dict[str, Any]]:
    """Return one dictionary per tenant, amounts in the prices' currency."""
    return [
        {
            "cluster": cluster,
            "tenant": tenant,
            "month_now": one.now,
            "month_declared": one.declared,
            "moves_once": one.moves,
        }
        for (cluster, tenant), one in found.items()
    ]


def _money(amount: float) -> str:
    """Format an amount: with cents if it is large, with four digits if it is small."""
    return f"{amount:,.2f}" if abs(amount) >= 1 or amount == 0 else f"{amount:.2g}"
