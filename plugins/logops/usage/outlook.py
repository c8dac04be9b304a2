"""Bytes and cost in the future, and with another retention. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from logops.audit.policy.retention import FOR_EVER, Tiering
from logops.audit.survey.objects import DAY_MS
from logops.clients.blob_storage.blobs import Tier
from logops.usage.forecast import rate_of, stored
from logops.usage.prices import Prices
from logops.usage.usage import Held


@dataclass(frozen=True, slots=True)
class Outlook:
    """Bytes and cost at one moment in the future."""

    days: int
    """From now."""
    bytes: float
    """At the current rate."""
    trend_bytes: float
    """If the trend of the rate continues."""
    cost: float | None
    """A month, at the current rate and with the declared tiers; None: without prices."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Bytes and cost of a retention, once that time has passed, at the current rate."""

    days: int | None
    """None: each log for as long as its retention is now."""
    bytes: float | None
    """None: some logs are kept for ever, so this grows without end."""
    cost: float | None
    """A month; None: without prices, or without end."""


@dataclass(frozen=True, slots=True)
class PriceList:
    """Prices, and the redundancy of each cluster's account."""

    prices: Prices
    redundancy: Mapping[str, str]

    def month(self, cluster: str, tiering: Tiering | None, hot_bytes: float, later_bytes: float) -> float:
        """Return the cost of a month: `hot_bytes` in Hot, `later_bytes` in the tier that follows."""
        redundancy = self.redundancy[cluster]
        then = (tiering.then if tiering else None) or Tier.HOT
        return self.prices.month(Tier.HOT, round(hot_bytes), redundancy) + self.prices.month(
            then, round(later_bytes), redundancy
        )


@dataclass(frozen=True, slots=True)
class _Group:
    """Chunks of a tenant with one retention period: they arrive and expire in the same way."""

    cluster: str
    tiering: Tiering | None
    kept_days: int | None
    bytes_by_day: Mapping[int, int]

    def hot_days(self, kept_days: int | None) -> int | None:
        """Return for how many days a chunk is in Hot; None: for ever."""
        hot = self.tiering.hot_ms // DAY_MS if self.tiering and self.tiering.then else None
        return min((days for days in (hot, kept_days) if days is not None), default=None)


def outlook(
    held: Held, tiering: Mapping[str, Mapping[str, Tiering]], prices: PriceList | None, ahead: Sequence[int]
) -> list[Outlook]:
    """Return what is stored after each of the days in `ahead`.

    tiering   by cluster and tenant
    """
    today = _today(held)
    bytes_ahead, trend_ahead, cost_ahead = ([0.0] * len(ahead) for _ in range(3))
    for group in _groups(held, tiering):
        rate = rate_of(group.bytes_by_day, today, group.kept_days)
        steady = [rate.per_day] * max(ahead)
        trending = [rate.at(days) for days in range(max(ahead))]
        for position, days in enumerate(ahead):
            in_all = stored(group.bytes_by_day, today, group.kept_days, days, steady)
            bytes_ahead[position] += in_all
            trend_ahead[position] += stored(group.bytes_by_day, today, group.kept_days, days, trending)
            if prices:
                hot = stored(group.bytes_by_day, today, group.hot_days(group.kept_days), days, steady)
                cost_ahead[position] += prices.month(group.cluster, group.tiering, hot, in_all - hot)
    return [
        Outlook(days, size, trend_size, cost if prices else None)
        for days, size, trend_size, cost in zip(ahead, bytes_ahead, trend_ahead, cost_ahead, strict=True)
    ]


def kept_for(
    held: Held, tiering: Mapping[str, Mapping[str, Tiering]], prices: PriceList | None, kept_days: Iterable[int | None]
) -> list[Kept]:
    """Return what would be stored if all logs were kept for `kept_days`; None: as long as now."""
    today = _today(held)
    groups = [*_groups(held, tiering)]
    rates = [rate_of(group.bytes_by_day, today, group.kept_days).per_day for group in groups]
    return [_kept(days, groups, rates, prices) for days in kept_days]


def _kept(days: int | None, groups: Sequence[_Group], rates: Sequence[float], prices: PriceList | None) -> Kept:
    cost = size = 0.0
    for group, per_day in zip(groups, rates, strict=True):
        kept = days if days is not None else group.kept_days
        if kept is None:
            return Kept(days, None, None)
        hot_days = group.hot_days(kept)
        hot = per_day * (kept if hot_days is None else hot_days)
        size += per_day * kept
        cost += prices.month(group.cluster, group.tiering, hot, per_day * kept - hot) if prices else 0.0
    return Kept(days, size, cost if prices else None)


def _groups(held: Held, tiering: Mapping[str, Mapping[str, Tiering]]) -> Iterable[_Group]:
    groups: dict[tuple[str, str, int], dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for cluster, stats in held.holdings:
        groups[cluster, stats.tenant, stats.period_ms][stats.day] += stats.bytes
    for (cluster, tenant, period_ms), bytes_by_day in sorted(groups.items()):
        kept_days = None if period_ms == FOR_EVER else period_ms // DAY_MS
        yield _Group(cluster, tiering.get(cluster, {}).get(tenant), kept_days, bytes_by_day)


def _today(held: Held) -> int:
    return int(held.as_of.timestamp() * 1000) // DAY_MS
