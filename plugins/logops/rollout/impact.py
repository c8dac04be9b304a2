"""Compare what live and desired files promise to the owners of logs, and count the chunks that are deleted. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from logops.audit.policy.retention import FOR_EVER, TenantRules, expired
from logops.audit.survey.objects import DAY_MS
from logops.rollout.promises import (
    DEFAULT,
    ClusterPromises,
    UnreadablePromisesError,
    chunk_owners,
    cluster_promises,
    clusters_in,
    collected_sources,
    lifecycle_actions,
)

if TYPE_CHECKING:
    from logops.audit.judge.table_stats import TableStats
    from logops.usage.usage import Held

UNKNOWN = "unknown"
_ACTIONS = {
    "tierToCool": "moved to Cool after",
    "tierToCold": "moved to Cold after",
    "tierToArchive": "moved to Archive after",
    "delete": "deleted after",
}


@dataclass(frozen=True)
class Deletion:
    """The chunks that Loki deletes because of a plan, and would keep without it."""

    at_least: int
    """Chunks that are deleted for certain."""
    chunks: int
    """Chunks that may be deleted. Equal to `at_least` if the last audit separates them."""
    bytes: int
    """Size of `chunks`."""
    first: date
    last: date
    """First and last day with logs in these chunks."""


@dataclass(frozen=True)
class PromiseChange:
    """A promise that a plan changes."""

    owner: str
    """Whose logs: `main/application`, or an account with a prefix: `main: system-logs/logs/`."""
    promise: str
    """`kept`, `moved to Cool after`, `deleted after`, or the name of a limit; with a selector if it is for some
    streams."""
    before: str
    """The live value: `unknown` if it cannot be read, empty if it was not set."""
    after: str
    """The new value; empty if it is not set any more."""
    deletes: Deletion | None = None
    """None: nothing, or it is unknown (`Impact.uncounted`)."""
    shortens: bool = False
    """Whether logs may be deleted earlier than before."""

    def __str__(self) -> str:
        if not self.before:
            return f"{self.owner}: {self.promise} {self.after} (new)"
        return f"{self.owner}: {self.promise} {self.before} -> {self.after or 'nothing'}"


@dataclass(frozen=True)
class Impact:
    """The changes of a plan for the owners of logs."""

    promises: tuple[PromiseChange, ...] = ()
    counted_at: datetime | None = None
    """Time of the audit that counted the deleted chunks; None if they were not counted."""
    counted_until: datetime | None = None
    """Chunks that expire until then are counted: the end of the day of the plan."""
    uncounted: str = ""
    """Why deleted chunks are not counted, and what to do; empty if they are, or if nothing is deleted."""

    @property
    def shortens(self) -> bool:
        return any(change.shortens for change in self.promises)


NO_IMPACT = Impact()


@dataclass(frozen=True)
class RetentionChange:
    """The retention of a tenant before and after a rollout."""

    cluster: str
    tenant: str
    """`DEFAULT`: every tenant that has no own limits, before and after."""
    before: TenantRules | None
    """None: the cluster is new (`is_new`), or its live retention is unknown."""
    after: TenantRules
    is_new: bool = False
    named_tenants: frozenset[str] = frozenset()
    """The cluster's tenants with own limits, before or after: `DEFAULT` is not for these."""


def assess(
    live: Mapping[str, str],
    desired: Mapping[str, str],
    held: "Held | None",
    uncounted: str,
    as_of: datetime,
    *,
    live_is_lost: bool = False,
) -> Impact:
    """Return the changes from `live` to `desired` for the owners of logs.

    live, desired   files of all stages by name
    live_is_lost    live files are missing although they were rolled out: promises before are unknown
    held            statistics of the last audit; None if they are missing, then `uncounted` says why
    """
    day = as_of.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    until = day + timedelta(days=1)
    clusters = [cluster for cluster in clusters_in(desired) if _changed(live, desired, cluster)]
    kept = [
        part
        for cluster in clusters
        for change in retention_changes(
            {} if live_is_lost else live, desired, cluster, is_known=live_is_lost or _has_chunks(held, cluster)
        )
        for part in _retention_parts(change, held, until)
    ]
    counts = any(part.shortens for part in kept)
    promises = sorted(
        (
            *kept,
            *_unreadable_clusters(desired, clusters),
            *_removed_clusters(live, desired),
            *_lifecycle_changes(live, desired),
            *_source_changes(live, desired),
            *(part for cluster in clusters for part in _limit_changes(live, desired, cluster)),
            *(part for cluster in clusters for part in _changed_copies(live, desired, cluster)),
        ),
        key=lambda change: change.owner,
    )
    return Impact(
        tuple(promises),
        counted_at=held.as_of if held and counts else None,
        counted_until=until if held and counts else None,
        uncounted=uncounted if counts and held is None else "",
    )


def retention_changes(
    live: Mapping[str, str], desired: Mapping[str, str], cluster: str, *, is_known: bool = False
) -> Iterator[RetentionChange]:
    """Yield the tenants of a cluster whose retention changes.

    is_known   the cluster exists already. Without live files its live retention is unknown; otherwise it is new
    """
    after = promises_or_none(desired, cluster)
    if after is None:
        return
    before = promises_or_none(live, cluster)
    cluster_is_new = cluster not in clusters_in(live) and not is_known
    live_tenants = before.retention if before else {}
    tenants = frozenset({*live_tenants, *after.retention})
    for tenant in sorted(tenants):
        old, new = before.retention_of(tenant) if before else None, after.retention_of(tenant)
        is_new = cluster_is_new or (before is not None and tenant not in live_tenants)
        if old != new or is_new:
            yield RetentionChange(cluster, tenant, old, new, is_new, tenants)


def promises_or_none(files: Mapping[str, str], cluster: str) -> ClusterPromises | None:
    """Return the promises of a cluster; None if there are none, or if they cannot be read."""
    try:
        return cluster_promises(files, cluster) if cluster in clusters_in(files) else None
    except UnreadablePromisesError:
        return None


def deletion(change: RetentionChange, holdings: Sequence["TableStats"], until: datetime) -> Deletion | None:
    """Return the chunks that expire until a moment because of a change of retention; None if there are none.

    Each statistic is of chunks with the same period. Which stream rule they belong to is not stored: if that matters,
    the chunks that may be deleted are more than those that certainly are.
    """
    until_ms = int(until.timestamp() * 1000)
    at_least = chunks = size = 0
    days: list[int] = []
    for stats in holdings:
        if not stats.chunks or (change.before and expired(stats.last_ms, stats.period_ms, until_ms)):
            continue
        periods = new_periods(stats.period_ms, change.before, change.after)
        # The last line of each of these chunks is of this day or later.
        if not any(expired(stats.day * DAY_MS, period, until_ms) for period in periods):
            continue
        chunks += stats.chunks
        size += stats.bytes
        days += [stats.first_ms, stats.last_ms]
        if change.before and all(expired(stats.last_ms, period, until_ms) for period in periods):
            at_least += stats.chunks
    if not chunks:
        return None
    return Deletion(at_least, chunks, size, _day(min(days)), _day(max(days)))


def duration_text(milliseconds: int) -> str:
    """Return a period for people.

    >>> duration_text(90 * DAY_MS), duration_text(DAY_MS + 3_600_000), duration_text(FOR_EVER)
    ('90 d', '25 h', 'forever')
    """
    if milliseconds == FOR_EVER:
        return "forever"
    for unit, size in (("d", DAY_MS), ("h", 3_600_000), ("min", 60_000), ("s", 1000)):
        if milliseconds % size == 0:
            return f"{milliseconds // size} {unit}"
    return f"{milliseconds} ms"


def new_periods(period_ms: int, before: TenantRules | None, after: TenantRules) -> set[int]:
    """Return the periods that chunks with a live period may get."""
    periods = {rule.selector: rule.period_ms for rule in after.streams}
    every_period = {after.period_ms, *periods.values()}
    if before is None or _matching(before) != _matching(after):
        return every_period
    possible = {periods[rule.selector] for rule in before.streams if rule.period_ms == period_ms}
    if before.period_ms == period_ms:
        possible.add(after.period_ms)
    # The audit may have seen another period than the live one.
    return possible or every_period


def _matching(rules: TenantRules) -> set[tuple[str, int]]:
    """Return what decides which rule a stream gets, apart from equal priorities."""
    return {(rule.selector, rule.priority) for rule in rules.streams}


def _retention_parts(change: RetentionChange, held: "Held | None", until: datetime) -> Iterator[PromiseChange]:
    """Yield a tenant's own period if it changes, then its stream rules.

    The first part that becomes shorter has the deleted chunks of all.
    """
    parts = [*_changed_periods(change)]
    deleted = None
    if held and any(shortens for *_, shortens in parts):
        deleted = deletion(change, [stats for cluster, stats in held.holdings if _is_of(change, cluster, stats)], until)
    owner = f"{change.cluster}/{change.tenant or 'every other tenant'}"
    for promise, before, after, shortens in parts:
        yield PromiseChange(owner, promise, before, after, deleted if shortens else None, shortens)
        if shortens:
            deleted = None


def _is_of(change: RetentionChange, cluster: str, stats: "TableStats") -> bool:
    """Whether these chunks get the new retention."""
    if cluster != change.cluster:
        return False
    return stats.tenant == change.tenant if change.tenant else stats.tenant not in change.named_tenants


def _changed_periods(change: RetentionChange) -> Iterator[tuple[str, str, str, bool]]:
    """Yield what is promised, the value before and after, and whether logs may be deleted earlier."""
    before, after = change.before, change.after
    missing = "" if change.is_new else UNKNOWN
    if before is None or before.period_ms != after.period_ms or change.is_new:
        yield (
            "kept",
            missing if before is None or change.is_new else duration_text(before.period_ms),
            duration_text(after.period_ms),
            _is_shorter(before.period_ms if before else None, after.period_ms, change),
        )
    old = {rule.selector: rule.period_ms for rule in before.streams} if before else {}
    new = {rule.selector: rule.period_ms for rule in after.streams}
    for selector in sorted({*old, *new}):
        if old.get(selector) == new.get(selector) and not change.is_new:
            continue
        # Without its rule, a stream is kept as long as the tenant's other streams.
        period_before = old.get(selector, before.period_ms if before else None)
        period_after = new.get(selector, after.period_ms)
        yield (
            f"{selector} kept",
            missing if period_before is None or change.is_new else duration_text(period_before),
            duration_text(period_after),
            _is_shorter(period_before, period_after, change),
        )


def _is_shorter(before_ms: int | None, after_ms: int, change: RetentionChange) -> bool:
    if before_ms is None:
        return not change.is_new and after_ms != FOR_EVER
    return after_ms != FOR_EVER and (before_ms == FOR_EVER or after_ms < before_ms)


def _changed(live: Mapping[str, str], desired: Mapping[str, str], cluster: str) -> bool:
    return any(live.get(name) != desired.get(name) for name in (f"loki/{cluster}.yaml", f"tenants/{cluster}.yaml"))


def _unreadable_clusters(desired: Mapping[str, str], clusters: Iterable[str]) -> Iterator[PromiseChange]:
    """Yield clusters whose next state has a damaged live file, of a stage that is not rolled out."""
    for cluster in clusters:
        if promises_or_none(desired, cluster) is None:
            yield PromiseChange(f"{cluster}/every tenant", "kept", UNKNOWN, UNKNOWN, shortens=True)


def _removed_clusters(live: Mapping[str, str], desired: Mapping[str, str]) -> Iterator[PromiseChange]:
    for cluster in clusters_in(live):
        if cluster not in clusters_in(desired):
            yield PromiseChange(f"{cluster}/every tenant", "logs", "served", "not served any more; no log is deleted")


def _lifecycle_changes(live: Mapping[str, str], desired: Mapping[str, str]) -> Iterator[PromiseChange]:
    """Yield the changed actions of lifecycle rules, which Azure runs."""
    before, after = lifecycle_or_none(live), lifecycle_or_none(desired)
    if after is None:
        return
    owners = chunk_owners(desired)
    for key in sorted({*(before or ()), *after}):
        account, prefix = key
        container, _, folder = prefix.partition("/")
        cluster = owners.get((account, container))
        owner = f"{cluster}/{folder.rstrip('/')}" if cluster else f"storage account {account}, {prefix}"
        is_new_account = f"storage/{account}.yaml" not in live
        for action, text in _ACTIONS.items():
            old_days = before.get(key, {}).get(action) if before is not None else None
            new_days = after.get(key, {}).get(action)
            if old_days == new_days:
                continue
            shortens = new_days is not None and not is_new_account and (old_days is None or new_days < old_days)
            yield PromiseChange(
                owner,
                text,
                UNKNOWN if before is None else "" if old_days is None else f"{old_days} d",
                "" if new_days is None else f"{new_days} d",
                shortens=shortens and action == "delete",
            )


def lifecycle_or_none(files: Mapping[str, str]) -> dict[tuple[str, str], dict[str, int]] | None:
    """Return the lifecycle actions of the files (`lifecycle_actions`); None if they cannot be read."""
    try:
        return lifecycle_actions(files)
    except UnreadablePromisesError:
        return None


def _limit_changes(live: Mapping[str, str], desired: Mapping[str, str], cluster: str) -> Iterator[PromiseChange]:
    """Yield the changed limits of a cluster. Limits of a new cluster or tenant are no change for anybody."""
    before, after = promises_or_none(live, cluster), promises_or_none(desired, cluster)
    if before is None or after is None:
        return
    for tenant in sorted(before.limits.keys() & after.limits.keys()):
        old, new = before.limits[tenant], after.limits[tenant]
        inherited = (before.limits[DEFAULT], after.limits[DEFAULT]) if tenant else ({}, {})
        owner = f"{cluster}/{tenant or 'every tenant without its own'}"
        for name in sorted({*old, *new}):
            if old.get(name) != new.get(name):
                old_value, new_value = (
                    limits.get(name, cluster_wide.get(name, "Loki's default"))
                    for limits, cluster_wide in zip((old, new), inherited, strict=True)
                )
                yield PromiseChange(owner, f"limit {name}", old_value, new_value)


def _changed_copies(live: Mapping[str, str], desired: Mapping[str, str], cluster: str) -> Iterator[PromiseChange]:
    before, after = promises_or_none(live, cluster), promises_or_none(desired, cluster)
    if before and after and before.copies != after.copies:
        yield PromiseChange(
            f"{cluster}/every tenant",
            "copies of each line until it is stored",
            str(before.copies or "default"),
            str(after.copies or "default"),
        )


def _source_changes(live: Mapping[str, str], desired: Mapping[str, str]) -> Iterator[PromiseChange]:
    """Yield sources whose logs are not collected any more, and sources that are new in a running environment."""
    try:
        before, after = collected_sources(live), collected_sources(desired)
    except UnreadablePromisesError:
        return
    for source in sorted(before.keys() - after.keys()):
        yield PromiseChange(f"tenant {before[source]}", f"source {source}", "collected", "not collected any more")
    for source in sorted(after.keys() - before.keys()):
        yield PromiseChange(f"tenant {after[source]}", f"source {source}", "", "collected")


def _has_chunks(held: "Held | None", cluster: str) -> bool:
    return any(name == cluster and stats.chunks for name, stats in held.holdings) if held else False


def _day(milliseconds: int) -> date:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).date()
