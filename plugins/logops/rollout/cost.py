"""Compute the cost of a change of retention or tier in the long run. Pure."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from logops.audit.policy.retention import FOR_EVER, TenantRules
from logops.audit.survey.objects import DAY_MS
from logops.clients.blob_storage.blobs import Tier
from logops.rollout.impact import lifecycle_or_none, new_periods, promises_or_none
from logops.rollout.promises import chunk_owners, clusters_in
from logops.usage.forecast import rate_of

if TYPE_CHECKING:
    from logops.audit.judge.table_stats import TableStats
    from logops.usage.prices import Prices
    from logops.usage.usage import Held

_TIERS = {"tierToCool": Tier.COOL, "tierToCold": Tier.COLD}
_MONTH_DAYS = 365 / 12


@dataclass(frozen=True)
class CostChange:
    """Monthly storage cost of the logs whose retention or tier changes, once a whole retention of them is stored."""

    currency: str
    before: float
    after: float
    growth_before: float
    """Additional cost of each further month, of logs that are kept forever."""
    growth_after: float
    bytes_per_day: float
    """Current rate of these logs."""
    prices: str
    """Source and date of the prices."""
    moved_chunks: int = 0
    """Stored chunks that Azure moves to a cooler tier at once because of the change, and would not move without it."""
    moves: float = 0.0
    """Fee for these moves, paid once."""


def long_run_cost(
    live: Mapping[str, str],
    desired: Mapping[str, str],
    held: "Held",
    redundancy: Mapping[str, str],
    prices: "Prices",
) -> CostChange | None:
    """Return the cost before and after; None if no stored logs change their retention or tier, or it is unknown.

    redundancy   redundancy of each cluster's account

    Raises PricesError.
    """
    groups: dict[tuple[str, str, int], list[TableStats]] = defaultdict(list)
    for cluster, stats in held.holdings:
        groups[cluster, stats.tenant, stats.period_ms].append(stats)
    today = int(held.as_of.timestamp() * 1000) // DAY_MS
    before = after = growth_before = growth_after = bytes_per_day = moves = 0.0
    moved_chunks = 0
    tiers_before, tiers_after = _tiers(live), _tiers(desired)
    for (cluster, tenant, period_ms), holdings in groups.items():
        rules = _rules(live, cluster, tenant), _rules(desired, cluster, tenant)
        if cluster not in redundancy or rules[0] is None or rules[1] is None:
            continue
        tiers = tiers_before.get((cluster, tenant), _HOT), tiers_after.get((cluster, tenant), _HOT)
        if rules[0] == rules[1] and tiers[0] == tiers[1]:
            continue
        # If the stream rules themselves change, the longest period: rather too much than too little.
        periods = new_periods(period_ms, rules[0], rules[1])
        new_period_ms = FOR_EVER if FOR_EVER in periods else max(periods)
        kept_days = None if period_ms == FOR_EVER else period_ms // DAY_MS
        bytes_by_day: dict[int, int] = defaultdict(int)
        for stats in holdings:
            bytes_by_day[stats.day] += stats.bytes
        rate = rate_of(bytes_by_day, today, kept_days).per_day
        bytes_per_day += rate
        cost = _steady(rate, period_ms, tiers[0], redundancy[cluster], prices)
        before, growth_before = before + cost[0], growth_before + cost[1]
        cost = _steady(rate, new_period_ms, tiers[1], redundancy[cluster], prices)
        after, growth_after = after + cost[0], growth_after + cost[1]
        moved = sum(_moved_at_once(stats, *tiers, new_period_ms, today) for stats in holdings)
        moved_chunks += moved
        moves += prices.moves(tiers[1][1], moved, redundancy[cluster])
    if not bytes_per_day and not moved_chunks:
        return None
    note = prices.age_note(held.as_of.date())
    return CostChange(
        prices.currency, before, after, growth_before, growth_after, bytes_per_day, note, moved_chunks, moves
    )


_HOT = (None, Tier.HOT)


def _moved_at_once(
    stats: "TableStats",
    before: tuple[int | None, Tier],
    after: tuple[int | None, Tier],
    new_period_ms: int,
    today: int,
) -> int:
    """Return how many of these chunks are old enough for the new rule of tiers, and not for the live one.

    A lifecycle rule never moves a chunk to a warmer tier. Chunks that expire under the new retention are not counted.
    """
    age = today - stats.day

    def is_due(tiering: tuple[int | None, Tier]) -> bool:
        return tiering[0] is not None and age >= tiering[0]

    expires = new_period_ms != FOR_EVER and age * DAY_MS >= new_period_ms
    if expires or not is_due(after) or (is_due(before) and before[1] >= after[1]):
        return 0
    return sum(count for tier, count in enumerate(stats.tier_chunks) if tier < after[1])


def _steady(
    rate: float, period_ms: int, tiering: tuple[int | None, Tier], redundancy: str, prices: "Prices"
) -> tuple[float, float]:
    """Return the cost of a month, and by how much each further month costs more."""
    hot_days, then = tiering
    if period_ms == FOR_EVER:
        hot = prices.month(Tier.HOT, round(rate * hot_days), redundancy) if hot_days is not None else 0.0
        return hot, prices.month(then, round(rate * _MONTH_DAYS), redundancy)
    days = period_ms / DAY_MS
    days_hot = days if hot_days is None else min(days, hot_days)
    in_hot = prices.month(Tier.HOT, round(rate * days_hot), redundancy)
    return in_hot + prices.month(then, round(rate * (days - days_hot)), redundancy), 0.0


def _rules(files: Mapping[str, str], cluster: str, tenant: str) -> TenantRules | None:
    promises = promises_or_none(files, cluster)
    return promises.retention_of(tenant) if promises else None


def _tiers(files: Mapping[str, str]) -> dict[tuple[str, str], tuple[int, Tier]]:
    """Return after how many days a tenant's chunks move to which tier, by cluster and tenant."""
    owners = chunk_owners(files)
    tiers: dict[tuple[str, str], tuple[int, Tier]] = {}
    for (account, prefix), actions in (lifecycle_or_none(files) or {}).items():
        container, _, tenant = prefix.partition("/")
        cluster = owners.get((account, container))
        for action, tier in _TIERS.items():
            if cluster in clusters_in(files) and action in actions:
                tiers[str(cluster), tenant.rstrip("/")] = actions[action], tier
    return tiers
