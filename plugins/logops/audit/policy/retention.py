"""When a chunk may be deleted: Loki's own arithmetic (docs/decisions/0007-when-a-chunk-may-go.md)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from logops.audit.policy.kept_longer import allowed_ms
from logops.audit.policy.selector import matches
from logops.clients.blob_storage.blobs import Tier
from logops.environment.audit import Audit
from logops.environment.cluster import Cluster
from logops.environment.units import Duration
from logops.logql.parse import parse_selector
from logops.logql.tree import Matcher

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

FOR_EVER = 0
"""A period without end: Loki's own 0 (pkg/compactor/retention/expiration.go, Expired)."""

_NEVER = 2**62
"""Milliseconds, longer than any time."""
_SWEEPER_MS = 60_000
"""How often the sweeper looks for marker files (pkg/compactor/retention/marker.go, minListMarkDelay)."""


class Labelled(Protocol):
    """An index, as rules need it: `tsdb.Index`."""

    @property
    def series(self) -> int:
        """Number of series."""

    def label_values(self, name: str) -> "pa.DictionaryArray[Any]":
        """Return a label's value for each series; null if it has none."""


@dataclass(frozen=True)
class StreamRule:
    """Another period for the streams that a selector matches."""

    selector: str
    period_ms: int
    priority: int = 1

    @cached_property
    def matchers(self) -> tuple[Matcher, ...]:
        """The selector's matchers. Raises LogQLError."""
        return parse_selector(self.selector).matchers


@dataclass(frozen=True)
class TenantRules:
    """How long a tenant's chunks are kept, in milliseconds."""

    period_ms: int
    """For streams that no rule matches."""
    streams: tuple[StreamRule, ...] = ()

    def periods(self, index: Labelled) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
        """Return the period of every series of an index, by its number: of the matching rules, the one with the highest
        priority, then the shortest (RetentionPeriodFor in pkg/compactor/retention/expiration.go)."""
        import numpy as np

        periods = np.full(index.series, self.period_ms, np.int64)
        # The winning rule is last and overwrites the others.
        for rule in reversed(self._in_order):
            taken = np.ones(index.series, bool)
            for matcher in rule.matchers:
                taken &= _matching(matcher, index)
            periods[taken] = rule.period_ms
        return periods

    @property
    def shortest(self) -> int:
        """The shortest period that a chunk of this tenant may have; FOR_EVER if all are."""
        return min((period for period in self._all if period > FOR_EVER), default=FOR_EVER)

    @property
    def longest(self) -> int:
        return FOR_EVER if min(self._all) <= FOR_EVER else max(self._all)

    @cached_property
    def _in_order(self) -> tuple[StreamRule, ...]:
        """Loki compares the numbers: with equal priority, 0 (for ever) is the shortest."""
        return tuple(sorted(self.streams, key=lambda rule: (-rule.priority, rule.period_ms)))

    @cached_property
    def _all(self) -> tuple[int, ...]:
        return (self.period_ms, *(rule.period_ms for rule in self.streams))


@dataclass(frozen=True)
class Windows:
    """How long things may take before they are findings, in milliseconds."""

    grace_ms: int
    """A newer blob may be in no index yet."""
    cycle_ms: int
    """Maximum from the end of a chunk's retention until Loki has removed it from the index."""
    delay_ms: int
    """Maximum from then until the blob is deleted."""
    slack_ms: int
    """A smaller delay is not judged."""
    tier_slack_ms: int
    """The same for lifecycle rules."""
    max_chunk_age_ms: int
    """Maximum from a chunk's first line until its blob is written."""
    kept_longer_ms: int = _NEVER
    """A line may be kept as much longer than its retention."""

    def index_due(self, through_ms: int, period_ms: int, written_ms: int) -> int:
        """Return when an indexed chunk must be out of the index. A chunk that was past its retention when it was
        written could not be removed before."""
        return max(through_ms + period_ms, written_ms) + self.cycle_ms + self.slack_ms


@dataclass(frozen=True)
class Tiering:
    """The tiers of a tenant's chunks by the age of the blob. Azure counts from the last modification."""

    hot_ms: int
    then: Tier | None
    """None: Hot for ever."""


def expired(through_ms: int, period_ms: int, now_ms: int) -> bool:
    """Whether Loki may remove a chunk now: `now.Sub(chunk.Through) > period`."""
    return period_ms > FOR_EVER and now_ms - through_ms > period_ms


def windows(cluster: Cluster, audit: Audit) -> Windows:
    """Return the allowed times of an environment.

    Retention runs every `apply_retention_interval`. If unset, that is the compaction interval plus half of it, at
    most ten minutes more (pkg/compactor/config.go, Validate). A run may start just before a chunk expires, and the
    next one may wait for a compaction, or for a compactor that has just started and waits for one interval: two runs
    and one compaction. Marked chunks are deleted when the marker file is `retention_delete_delay` old, by a sweeper
    that runs once a minute.
    """
    compactor = cluster.compactor
    compaction = compactor.compaction_interval.value
    apply = (compactor.apply_retention_interval or Duration("0s")).value or compaction
    if apply == compaction:
        apply += min(600_000, compaction // 2)
    return Windows(
        grace_ms=audit.grace.value,
        cycle_ms=2 * apply + compaction,
        delay_ms=compactor.retention_delete_delay.value + 2 * _SWEEPER_MS,
        slack_ms=audit.slack.value,
        tier_slack_ms=audit.tier_slack.value,
        max_chunk_age_ms=cluster.ingester.max_chunk_age.value + cluster.ingester.chunk_idle_period.value,
        kept_longer_ms=allowed_ms(cluster, audit),
    )


def tiering(cluster: Cluster) -> dict[str, Tiering]:
    """Return the tiers by tenant."""
    tiers = {"Cool": Tier.COOL, "Cold": Tier.COLD, None: None}
    return {
        name: Tiering(tenant.retention.hot.value, tiers[tenant.retention.then])
        for name, tenant in cluster.tenants.items()
    }


def declared_rules(cluster: Cluster) -> dict[str, TenantRules]:
    """Return the declared retention by tenant."""
    return {
        name: TenantRules(
            tenant.retention.keep.value,
            tuple(StreamRule(rule.selector, rule.keep.value, rule.priority) for rule in tenant.retention.streams),
        )
        for name, tenant in cluster.tenants.items()
    }


def default_rules(cluster: Cluster) -> TenantRules:
    """Return the retention of a tenant that the environment does not declare."""
    return TenantRules(cluster.keep_at_least.value)


def rules_of_limits(limits: Mapping[str, object]) -> TenantRules:
    """Return the retention that Loki applies, from `/config/tenant/v1/limits` (`LokiClient.tenant_limits`).

    Raises ValueError if the limits contain no retention.
    """
    streams = limits.get("retention_stream") or ()
    if not isinstance(streams, Sequence):
        raise ValueError(f"retention_stream: expected a list, found {streams!r}")
    return TenantRules(
        _milliseconds(limits.get("retention_period")),
        tuple(
            StreamRule(str(rule["selector"]), _milliseconds(rule["period"]), int(rule.get("priority", 0)))
            for rule in streams
        ),
    )


def _milliseconds(written: object) -> int:
    """Read a Prometheus duration such as `30d`, `1w` or `2h30m`; `0s` means no period. A year is a separate unit."""
    text = str(written)
    years, _, shorter_units = text.rpartition("y")
    return (int(years) * 365 * 86_400_000 if years else 0) + (Duration(shorter_units).value if shorter_units else 0)


def _matching(matcher: Matcher, index: Labelled) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """Return which series match, testing each distinct value once."""
    import numpy as np

    encoded = index.label_values(matcher.name)
    # The last one is for series without the label.
    fulfils = np.array([matches(matcher, value) for value in (*encoded.dictionary.to_pylist(), "")], bool)
    rows: np.ndarray[Any, np.dtype[np.int64]] = encoded.indices.fill_null(len(fulfils) - 1).to_numpy(
        zero_copy_only=False
    )
    matching_series: np.ndarray[tuple[int], np.dtype[np.bool_]] = fulfils[rows]
    return matching_series
