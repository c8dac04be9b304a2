"""The first step of an audit for one cluster: read its container, ask Loki, and decide what to judge by."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import TYPE_CHECKING

from logops.audit.errors import AuditError
from logops.audit.findings.compaction import period_of
from logops.audit.policy.audit_policy import AuditPolicy, audit_policy
from logops.audit.policy.lifecycle import PolicyComparison, compare_policy
from logops.audit.request import AuditRequest, Check
from logops.audit.survey.blob_names import INDEX
from logops.audit.survey.containers import BEGUN, Begun, Survey, take_survey
from logops.audit.survey.loki_state import LokiState, read_loki_state
from logops.audit.work_dir import WorkDir
from logops.clients.blob_storage import ListingInterruptedError, ObjectStore, ObjectStoreError
from logops.clients.blob_storage.blobs import Listing
from logops.environment.cluster import Cluster
from logops.environment.storage import StorageAccount
from logops.platforms.platform import PlatformError, Progress, ReadablePlatform

if TYPE_CHECKING:
    import pyarrow as pa

    from logops.clients.blob_storage.walks import Unlisted

TERMS = "terms.json"
LIVE = "live.json"
POLICY = "policy.json"
UNREAD = "unread.json"
DAYS = "days.json"
"""Written last."""

_APART_S = 300.0
"""Seconds. Azure itself refuses requests whose signed time is a quarter of an hour off."""


def is_begun(place: WorkDir) -> bool:
    """Whether an earlier try was interrupted in its listing and can be resumed."""
    return place.has(BEGUN)


def survey_cluster(
    platform: ReadablePlatform, request: AuditRequest, cluster: str, place: WorkDir, progress: Progress, *, last: bool
) -> dict[int, int]:
    """Survey a cluster into the work folder `place`. Return its tables: day to number of chunks. A repeated call
    resumes.

    If the container cannot be read, the reason is stored, and there are no tables. If the listing fails,
    ListingInterruptedError is raised, unless this is the `last` try.
    """
    if place.has(DAYS):
        return place.read(DAYS, dict[int, int])
    try:
        days = _surveyed(platform, request, cluster, place, progress)
    except (ObjectStoreError, PlatformError, ClockSkewError) as error:
        if isinstance(error, ListingInterruptedError) and not last:
            raise
        place.remove(BEGUN)
        place.write(UNREAD, str, str(error))
        return {}
    place.remove(UNREAD)
    place.remove(BEGUN)
    place.write(DAYS, dict[int, int], days)
    return days


def _surveyed(
    platform: ReadablePlatform, request: AuditRequest, cluster: str, place: WorkDir, progress: Progress
) -> dict[int, int]:
    """Survey a cluster. Raises ObjectStoreError, PlatformError, ClockSkewError."""
    environment = platform.environment
    declared = environment.clusters[cluster]
    account = environment.storage_accounts[declared.storage_account]
    begun = place.read(BEGUN, Begun) if place.has(BEGUN) and account.inventory is None else None
    again = f", of which {begun.seen:,} blobs were listed before" if begun else ""
    progress(f"{cluster}: listing container {declared.containers.chunks}{again}")
    with platform.object_store(declared.storage_account) as store:
        listing = _listing(store, declared, account, request, begun.rest if begun else None)
        survey = take_survey(
            listing,
            place.url,
            environment=environment.name,
            cluster=cluster,
            account=declared.storage_account,
            container=declared.containers.chunks,
            as_of=request.as_of,
            begun=begun,
            progress=progress,
        )
    progress(f"{cluster}: {survey.chunk_count:,} chunks; asking its processes")
    live = read_loki_state(platform, cluster, survey.tenants)
    place.write(LIVE, LokiState, live)
    now = min(survey.taken, request.as_of).timestamp()
    place.write(TERMS, AuditPolicy, audit_policy(environment, cluster, live, request, now))
    if Check.TIERING in request.checks:
        place.write(POLICY, PolicyComparison, compare_policy(platform, declared.storage_account))
    days = days_of(survey)
    selected = {
        day: count for day, count in days.items() if not request.tables or table_of(day, declared) in request.tables
    }
    progress(f"{cluster}: {len(selected):,} tables")
    return selected


class ClockSkewError(AuditError):
    """The clocks of this machine and the storage account differ, so nothing can be judged by age."""


def check_clocks(service: datetime, here: datetime) -> None:
    """Raise ClockSkewError if the clocks differ too much."""
    apart = abs((here - service).total_seconds())
    if apart > _APART_S:
        raise ClockSkewError(
            f"the clocks are {timedelta(seconds=round(apart))} apart: {_time(here)} here and {_time(service)} at the "
            "storage account. Set this machine's clock (NTP), then run it again."
        )


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def days_of(survey: Survey) -> dict[int, int]:
    """Return every day with an index or chunks, and its number of chunks."""
    return {**dict.fromkeys((file.day for file in survey.index_files()), 0), **survey.days}


def table_of(day: int, cluster: Cluster) -> str:
    """Return the name of a day's table. If no schema period covers the day, use the first period's prefix."""
    period = period_of(day, cluster.schema_periods) or cluster.schema_periods[0]
    return f"{period.index_prefix}{day}"


def _listing(
    store: ObjectStore, cluster: Cluster, account: StorageAccount, request: AuditRequest, remaining: "Unlisted | None"
) -> Listing:
    """Return what the audits need of a container, or the remaining part of it."""
    container = store.container(cluster.containers.chunks)
    index = container.list((INDEX,))
    check_clocks(index.taken, datetime.now(UTC))
    if not request.reads_chunks:
        return container.list((INDEX,), resume=remaining) if remaining else index
    if account.inventory is None:
        return container.list(resume=remaining)
    from logops.clients.blob_storage.inventory import read_inventory

    # The inventory has the chunks. The index is always listed: it is small and changes all the time.
    inventory = read_inventory(
        store.container(account.inventory.container), account.inventory.rule, cluster.containers.chunks, request.as_of
    )
    return Listing(inventory.source, inventory.taken, chain(_without_index(inventory.batches), index.batches))


def _without_index(batches: "Iterator[pa.RecordBatch]") -> "Iterator[pa.RecordBatch]":
    import pyarrow.compute as pc

    for batch in batches:
        yield batch.filter(pc.invert(pc.starts_with(batch["name"], INDEX)))
