"""A tenant's logs against what the environment declares: retention, tiers, and the limits of ingestion. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from logops.audit.judge.table_stats import TableStats
from logops.audit.policy.retention import FOR_EVER, Tiering, tiering
from logops.clients.blob_storage.blobs import Tier
from logops.environment import Environment
from logops.number_text import count_text, decimal_text

NEAR = 0.8
"""Share of a limit from which the page warns."""
DEFAULT_RATE_MB, DEFAULT_STREAMS = 4.0, 5_000
"""Loki's defaults (pkg/validation/limits.go): ingestion_rate_mb, max_global_streams_per_user."""
_DAY_MS = 86_400_000
_MB = 1 << 20


@dataclass(frozen=True, slots=True)
class Declared:
    """What the environment declares for a tenant."""

    keep_ms: int
    """The longest retention of its streams; 0: for ever."""
    tiering: Tiering
    tier_slack_ms: int
    """Permitted delay of a lifecycle rule."""
    rate_mb: float | None
    """Ingestion rate in MB a second; None: Loki's default."""
    streams: int | None


@dataclass(frozen=True, slots=True)
class Ingested:
    """What the newest quality run counted for a tenant."""

    bytes_per_s: float
    streams: int


@dataclass(frozen=True, slots=True)
class Bar:
    """A value against what is declared, in words and as a bar."""

    text: str
    share: float | None = None
    """Length of the bar. 1 is all that is declared, and may be exceeded. None: not known."""
    is_near: bool = False
    """Whether a limit is nearly or fully used."""


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """A tenant against its policy."""

    name: str
    kept: Bar
    tiers: Bar
    rate: Bar
    streams: Bar

    @property
    def near(self) -> str:
        """The limits that are nearly used, in words; empty: none."""
        limits = {"ingestion rate": self.rate, "streams": self.streams}
        return ", ".join(f"{name} {bar.share or 0:.0%}" for name, bar in limits.items() if bar.is_near)


def declared(environment: Environment) -> dict[tuple[str, str], Declared]:
    """Return what is declared for each tenant, by cluster and tenant."""
    policies = {}
    for name, cluster in environment.clusters.items():
        tiers = tiering(cluster)
        for tenant_name, tenant in cluster.tenants.items():
            keeps = [tenant.retention.keep.value, *(rule.keep.value for rule in tenant.retention.streams)]
            limits = {**cluster.limits.model_dump(exclude_none=True), **tenant.limits.model_dump(exclude_none=True)}
            policies[name, tenant_name] = Declared(
                FOR_EVER if FOR_EVER in keeps else max(keeps),
                tiers[tenant_name],
                environment.audit.tier_slack.value,
                limits.get("ingestion_rate_mb"),
                limits.get("max_global_streams_per_user"),
            )
    return policies


def ingested(rows: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], Ingested]:
    """Return the rate and the streams by cluster and tenant.

    rows   of the kind `ingested-sources`, of one run
    """
    totals: dict[tuple[str, str], Ingested] = {}
    for row in rows:
        key = row["cluster"], row["tenant"]
        before = totals.get(key, Ingested(0.0, 0))
        rate = (row["bytes"] or 0) / row["window_s"] if row["window_s"] else 0.0
        totals[key] = Ingested(before.bytes_per_s + rate, before.streams + (row["streams"] or 0))
    return totals


def policy_row(
    name: str, policy: Declared, holdings: Iterable[TableStats], arriving: Ingested | None, as_of: datetime
) -> PolicyRow:
    """Return a tenant against its policy.

    holdings   the tenant's statistics of all tables
    arriving   None: no quality run has looked at the tenant
    """
    now_ms = int(as_of.timestamp() * 1000)
    stored = [stats for stats in holdings if stats.chunks]
    return PolicyRow(name, _kept(policy, stored, now_ms), _tiers(policy, stored, now_ms), *_limits(policy, arriving))


def _kept(policy: Declared, stored: list[TableStats], now_ms: int) -> Bar:
    promise = f"kept for {_days(policy.keep_ms)}" if policy.keep_ms > FOR_EVER else "kept for ever"
    if not stored:
        return Bar(f"nothing stored; {promise}")
    age_ms = now_ms - min(stats.first_ms for stats in stored)
    share = age_ms / policy.keep_ms if policy.keep_ms > FOR_EVER else None
    return Bar(f"oldest line {_days(age_ms)} old; {promise}", share)


def _tiers(policy: Declared, stored: list[TableStats], now_ms: int) -> Bar:
    """Return the share of the bytes in the declared tier. Close to the move, both tiers are right."""
    then, hot_ms = policy.tiering.then, policy.tiering.hot_ms
    promise = f"Hot for {_days(hot_ms)}, then {then.azure}" if then else "Hot for ever"
    total = sum(stats.bytes for stats in stored)
    if not total:
        return Bar(promise)
    right = 0
    for stats in stored:
        hot = stats.tier_bytes[Tier.UNKNOWN] + stats.tier_bytes[Tier.HOT]
        may_be_hot = then is None or now_ms - stats.written_ms <= hot_ms + policy.tier_slack_ms
        # Azure counts from the last write of a blob, which is never before its first line.
        may_be_cool = then is not None and now_ms - stats.first_ms > hot_ms
        right += (hot if may_be_hot else 0) + (stats.tier_bytes[then] if then and may_be_cool else 0)
    return Bar(f"{right / total:.1%} in the declared tier; {promise}", right / total)


def _limits(policy: Declared, arriving: Ingested | None) -> tuple[Bar, Bar]:
    rate_mb, streams = policy.rate_mb or DEFAULT_RATE_MB, policy.streams or DEFAULT_STREAMS
    of_rate = f"{rate_mb:g} MB/s{'' if policy.rate_mb else ' (default)'}"
    of_streams = f"{streams:,}{'' if policy.streams else ' (default)'}"
    if arriving is None:
        return Bar(f"not known, of {of_rate}"), Bar(f"not known, of {of_streams}")
    now_mb = arriving.bytes_per_s / _MB
    return (
        _limit(f"{decimal_text(now_mb)} of {of_rate}", now_mb / rate_mb),
        _limit(f"{arriving.streams:,} of {of_streams}", arriving.streams / streams),
    )


def _limit(text: str, share: float) -> Bar:
    return Bar(f"{text}, {share:.0%}", share, share >= NEAR)


def _days(duration_ms: int) -> str:
    return count_text(duration_ms // _DAY_MS, "day")
