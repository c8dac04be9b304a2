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
    groups: dict[tuple[str, str, int], dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for cluster, stats in held.holdings:
        groups[cluster, stats.tenant, stats.period_ms][stats.day] += stats.bytes
    today = int(held.as_of.timestamp() * 1000) // DAY_MS
    before = after = growth_before = growth_after = bytes_per_day = 0.0
    tiers_before, tiers_after = _tiers(live), _tiers(desired)
    for (cluster, tenant, period_ms), bytes_by_day in groups.items():
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
        rate = rate_of(bytes_by_day, today, kept_days).per_day
        bytes_per_day += rate
        cost = _steady(rate, period_ms, tiers[0], redundancy[cluster], prices)
        before, growth_before = before + cost[0], growth_before + cost[1]
        cost = _steady(rate, new_period_ms, tiers[1], redundancy[cluster], prices)
        after, growth_after = after + cost[0], growth_after + cost[1]
    if not bytes_per_day:
        return None
    note = prices.age_note(held.as_of.date())
    return CostChange(prices.currency, before, after, growth_before, growth_after, bytes_per_day, note)


_HOT = (None, Tier.HOT)


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
