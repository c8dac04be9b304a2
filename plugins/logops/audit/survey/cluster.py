"""The first step of an audit for one cluster: read its container, ask Loki, and decide what to judge by."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import TYPE_CHECKING

from logops.audit.errors import AuditError
from logops.audit.policy.audit_policy import AuditPolicy, audit_policy
from logops.audit.policy.lifecycle import PolicyComparison, compare_policy
from logops.audit.request import AuditRequest, Check
from logops.audit.survey.blob_names import INDEX
from logops.audit.survey.containers import PartialSurvey, Survey, take_survey
from logops.audit.survey.loki_state import LokiState, read_loki_state
from logops.audit.survey.objects import table_of
from logops.clients.blob_storage import ObjectStore
from logops.clients.blob_storage.blobs import Listing
from logops.environment.cluster import Cluster
from logops.environment.storage import StorageAccount
from logops.number_text import count_text
from logops.platforms.platform import Progress, ReadablePlatform

if TYPE_CHECKING:
    import pyarrow as pa

    from logops.clients.blob_storage.listing.walks import Unlisted

_MAX_SKEW_S = 300.0
"""Azure itself refuses requests whose signed time is 15 minutes off."""


@dataclass(frozen=True)
class SurveyedCluster:
    """A cluster after its survey."""

    survey: Survey
    live: LokiState
    policy: AuditPolicy
    """The policy that its chunks are judged by."""
    lifecycle: PolicyComparison | None
    """The policy of its storage account; None if tiers are not audited."""
    tables: Mapping[int, str]
    """All tables with an index or chunks: day to name."""
    chunks_by_day: Mapping[int, int]
    """The requested tables: day to number of chunks."""


def survey_cluster(
    platform: ReadablePlatform,
    request: AuditRequest,
    cluster: str,
    folder: str,
    partial: PartialSurvey | None,
    progress: Progress,
) -> SurveyedCluster:
    """Read a cluster's container into a folder, ask its processes, and decide what to judge by.

    partial   the part of the container that an earlier try stored in the folder

    Raises ObjectStoreError (SurveyInterruptedError if the listing can be resumed), PlatformError, ClockSkewError.
    """
    environment = platform.environment
    declared = environment.clusters[cluster]
    account = environment.storage_accounts[declared.storage_account]
    # An inventory is read from its start.
    resumed = partial if account.inventory is None else None
    listed_before = f", of which {count_text(resumed.listed, 'blob')} were listed before" if resumed else ""
    progress(f"{cluster}: listing container {declared.containers.chunks}{listed_before}")
    with platform.object_store(declared.storage_account) as store:
        survey = take_survey(
            _listing(store, declared, account, request, resumed.unlisted if resumed else None),
            folder,
            environment=environment.name,
            cluster=cluster,
            account=declared.storage_account,
            container=declared.containers.chunks,
            as_of=request.as_of,
            partial=resumed,
            progress=progress,
        )
    progress(f"{cluster}: {count_text(survey.chunk_count, 'chunk')}; asking its processes")
    live = read_loki_state(platform, cluster, survey.tenants)
    days = {*survey.days, *(file.day for file in survey.index_files())}
    tables = {day: table_of(day, declared) for day in sorted(days)}
    chunks_by_day = {
        day: survey.days.get(day, 0) for day, table in tables.items() if not request.tables or table in request.tables
    }
    progress(f"{cluster}: {count_text(len(chunks_by_day), 'table')}")
    return SurveyedCluster(
        survey=survey,
        live=live,
        policy=audit_policy(environment, cluster, live, request, min(survey.taken, request.as_of).timestamp()),
        lifecycle=compare_policy(platform, declared.storage_account) if Check.TIERING in request.checks else None,
        tables=tables,
        chunks_by_day=chunks_by_day,
    )


class ClockSkewError(AuditError):
    """The clocks of this machine and the storage account differ, so nothing can be judged by age."""


def check_clocks(service: datetime, here: datetime) -> None:
    """Raise ClockSkewError if the clocks differ too much."""
    skew_s = abs((here - service).total_seconds())
    if skew_s > _MAX_SKEW_S:
        raise ClockSkewError(
            f"the clocks are {timedelta(seconds=round(skew_s))} apart: {_time(here)} here and {_time(service)} at the "
            "storage account. Set this machine's clock (NTP), then run it again."
        )


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


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
