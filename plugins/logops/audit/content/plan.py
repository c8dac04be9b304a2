"""The first step of a content audit after the survey: choose chunks, and store them in batches."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from logops.audit.content.choose import Chooser, Stratum, StratumStats, batches_of, stats_of, target_bytes
from logops.audit.content.coverage import is_covered
from logops.audit.content.request import ContentBatch, ContentRequest
from logops.audit.index.table_index import keys_of
from logops.audit.survey.cluster import SurveyedCluster
from logops.audit.survey.objects import DAY_MS, chunk_name, chunks_schema
from logops.clients.blob_storage.blobs import Tier
from logops.number_text import count_text, size_text

_SETTLED_DAYS = 2
"""The rolling audit leaves the newest tables for later: chunks are still written into them."""
_MOST_BYTES = 2 << 30
_MOST_CHUNKS = 20_000
"""Per batch: some minutes of reading, so that a retry repeats little."""
Ranges = Mapping[tuple[str, str], Sequence[tuple[datetime, int, int]]]
"""Table and tenant -> ranges of keys that earlier runs read, each with the run's moment."""


@dataclass(frozen=True)
class Earlier:
    """The results of earlier runs for a cluster."""

    ranges: Ranges = field(default_factory=dict)
    damaged: frozenset[str] = frozenset()
    """Names of damaged chunks. They are read again, until they are repaired or gone."""


@dataclass(frozen=True)
class PlannedBatch:
    """Chunks that one task reads, stored in the cluster's work folder."""

    number: int
    chunks: int
    bytes: int


@dataclass(frozen=True)
class ClusterPlan:
    """The chunks of a cluster that a run reads."""

    work_dir: str
    """URL of the cluster's work folder."""
    strata: tuple[StratumStats, ...]
    batches: tuple[PlannedBatch, ...]
    tier_chunks: tuple[int, ...]
    """Chunks to read, by `Tier`."""
    tier_bytes: tuple[int, ...]


@dataclass(frozen=True)
class ContentPlan:
    """The chunks that a run reads, known before it starts."""

    clusters: Mapping[str, ClusterPlan]
    budget: int | None
    unread: Mapping[str, str]
    """Clusters that could not be listed, with the reason."""

    @property
    def batches(self) -> list[ContentBatch]:
        return [
            ContentBatch(
                cluster=name,
                work_dir=cluster.work_dir,
                number=batch.number,
                chunks=batch.chunks,
                bytes=batch.bytes,
            )
            for name, cluster in self.clusters.items()
            for batch in cluster.batches
        ]

    @property
    def chunks(self) -> int:
        return sum(batch["chunks"] for batch in self.batches)

    @property
    def bytes(self) -> int:
        return sum(batch["bytes"] for batch in self.batches)

    @property
    def reads(self) -> dict[str, dict[Tier, tuple[int, int]]]:
        """By cluster and tier: how many chunks and bytes are read."""
        return {
            name: {tier: (cluster.tier_chunks[tier], cluster.tier_bytes[tier]) for tier in Tier}
            for name, cluster in self.clusters.items()
        }

    def text(self, price: str) -> str:
        """Return what the run reads, as a sentence. `price`: the price of it, as text."""
        strata = [stratum for cluster in self.clusters.values() for stratum in cluster.strata]
        archived, archived_bytes = (
            sum(getattr(stratum, name) for stratum in strata) for name in ("archived_chunks", "archived_bytes")
        )
        by_tier = {tier: sum(of_cluster[tier][1] for of_cluster in self.reads.values()) for tier in Tier}
        # Azurite reports no tier for a blob whose tier was never set, and Azure reports Hot.
        by_tier[Tier.HOT] += by_tier.pop(Tier.UNKNOWN)
        tiers = ", ".join(f"{size_text(size)} {tier.azure}" for tier, size in by_tier.items() if size)
        return (
            f"Reads {count_text(self.chunks, 'chunk')}, {size_text(self.bytes)}"
            f"{f' ({tiers})' if tiers else ''}; "
            f"{'no budget' if self.budget is None else f'the budget is {size_text(self.budget)}'}; {price}"
            + (
                f"; not read: {count_text(archived, 'chunk')}, {size_text(archived_bytes)} in Archive"
                if archived
                else ""
            )
        )


def plan_clusters(
    surveyed: Mapping[str, SurveyedCluster],
    earlier: Mapping[str, Earlier],
    unread: Mapping[str, str],
    request: ContentRequest,
    work_dirs: Mapping[str, str],
) -> ContentPlan:
    """Choose the chunks that a run reads, and store them below the clusters' work folders."""
    strata = {
        cluster: tuple(
            stats_of(stratum, verified) for stratum, verified, _ in _strata(survey, earlier[cluster], request)
        )
        for cluster, survey in surveyed.items()
    }
    every = [stats for of_cluster in strata.values() for stats in of_cluster]
    readable = sum(stats.bytes - stats.archived_bytes for stats in every)
    suspect = sum(stats.suspect_bytes for stats in every)
    due = sum(stats.due_bytes for stats in every)
    target = target_bytes(readable, suspect, request.cover_within_ms, request.budget, full=request.full)
    chooser = Chooser(
        share=1.0 if request.full or target >= due else target / due,
        left=request.budget,
        night=int(request.as_of.timestamp()) // 86_400,
    )
    clusters = {
        cluster: _store(work_dirs[cluster], strata[cluster], _chosen(survey, earlier[cluster], request, chooser))
        for cluster, survey in surveyed.items()
    }
    return ContentPlan(clusters, request.budget, unread)


def _strata(
    surveyed: SurveyedCluster, earlier: Earlier, request: ContentRequest
) -> Iterator[tuple[Stratum, Any, dict[str, Any]]]:
    """Yield the chunks of each table and tenant, with the mask of those verified in time, and all columns."""
    survey = surveyed.survey
    settled = int(request.as_of.timestamp()) // 86_400 - _SETTLED_DAYS
    for day in sorted(surveyed.chunks_by_day):
        batches = [*survey.chunks(day)]
        if not batches:
            continue
        columns = {
            name: np.concatenate([batch[name].to_numpy() for batch in batches]) for name in chunks_schema().names
        }
        # A chunk of several days is read with the table of its last line.
        rows = columns["through_ms"] // DAY_MS == day
        if request.tenant:
            rows &= columns["tenant"] == (
                survey.tenants.index(request.tenant) if request.tenant in survey.tenants else -1
            )
        columns = {name: column[rows] for name, column in columns.items()}
        columns["key"] = stable_keys(columns)
        order = np.lexsort((columns["key"], columns["tenant"]))
        columns = {name: column[order] for name, column in columns.items()}
        if not len(order):
            continue
        starts = np.flatnonzero(np.r_[True, np.diff(columns["tenant"]) != 0]).tolist()
        for start, end in zip(starts, [*starts[1:], len(order)], strict=True):
            of_tenant = {name: column[start:end] for name, column in columns.items()}
            number = int(of_tenant["tenant"][0])
            tenant = survey.tenants[number]
            verified = _verified(of_tenant, earlier.ranges.get((surveyed.tables[day], tenant), ()))
            readable = of_tenant["tier"] != Tier.ARCHIVE
            due = readable if request.full else readable & ~verified & (day <= settled)
            stratum = Stratum(
                day=day,
                tenant=number,
                keys=of_tenant["key"],
                sizes=of_tenant["size"],
                tiers=of_tenant["tier"],
                due=due,
                suspect=_suspects(of_tenant, tenant, earlier.damaged) & readable,
            )
            yield stratum, verified, of_tenant


def stable_keys(columns: Mapping[str, Any]) -> "np.ndarray[Any, np.dtype[np.uint64]]":
    """Return the keys of chunks, the same in every run: of the parts of their names without the tenant."""
    nothing = np.zeros(len(columns["fingerprint"]), np.int32)
    return keys_of(0, nothing, *(columns[name] for name in ("fingerprint", "from_ms", "through_ms", "checksum")))


def _verified(columns: Mapping[str, Any], ranges: Sequence[tuple[datetime, int, int]]) -> Any:
    """Return which chunks were read by earlier runs. A run did not read what was written after it."""
    by_run: dict[datetime, list[tuple[int, int]]] = defaultdict(list)
    for as_of, first, last in ranges:
        by_run[as_of].append((first, last))
    verified = is_covered(columns["key"], ((first, last) for _, first, last in ranges))
    if not by_run or columns["modified"].max() <= min(by_run).timestamp():
        return verified
    exact = np.zeros(len(verified), bool)
    for as_of, of_run in by_run.items():
        exact |= is_covered(columns["key"], of_run) & (columns["modified"] <= as_of.timestamp())
    return exact


def _suspects(columns: Mapping[str, Any], tenant: str, damaged: frozenset[str]) -> Any:
    if not any(name.startswith(f"{tenant}/") for name in damaged):
        return np.zeros(len(columns["key"]), bool)
    return np.array([name in damaged for name in names_of(columns, tenant)], bool)


def names_of(columns: Mapping[str, Any], tenant: str) -> list[str]:
    """Return the names of chunks of a tenant."""
    parts = zip(*(columns[part].tolist() for part in ("fingerprint", "from_ms", "through_ms", "checksum")), strict=True)
    return [chunk_name(tenant, *numbers) for numbers in parts]


def _chosen(
    surveyed: SurveyedCluster, earlier: Earlier, request: ContentRequest, chooser: Chooser
) -> Iterator[pa.Table]:
    for stratum, _, columns in _strata(surveyed, earlier, request):
        positions = chooser.choose(stratum)
        if len(positions):
            chosen = {name: column[positions] for name, column in columns.items()}
            yield pa.table(
                {
                    **chosen,
                    "day": np.full(len(positions), stratum.day, np.int32),
                    "position": positions.astype(np.int64),
                    "due": stratum.due[positions],
                }
            )


def _store(work_dir: str, strata: tuple[StratumStats, ...], chosen: Iterator[pa.Table]) -> ClusterPlan:
    tables = [*chosen]
    rows = pa.concat_tables(tables).combine_chunks() if tables else None
    batches: list[PlannedBatch] = []
    tier_chunks, tier_bytes = np.zeros(len(Tier), np.int64), np.zeros(len(Tier), np.int64)
    if rows is not None:
        sizes, tiers = rows["size"].to_numpy(), rows["tier"].to_numpy()
        tier_chunks = np.bincount(tiers, minlength=len(Tier))
        tier_bytes = np.bincount(tiers, sizes, minlength=len(Tier)).astype(np.int64)
        for start, end in batches_of(rows["day"].to_numpy(), sizes, _MOST_BYTES, _MOST_CHUNKS):
            number = len(batches)
            _write(f"{work_dir}/{selection_name(number)}", rows.slice(start, end - start))
            batches.append(PlannedBatch(number, end - start, int(sizes[start:end].sum())))
    return ClusterPlan(work_dir, strata, tuple(batches), tuple(tier_chunks.tolist()), tuple(tier_bytes.tolist()))


def selection_name(number: int) -> str:
    """Return the file with the chunks of a batch, below the cluster's work folder."""
    return f"content/{number}.parquet"


def _write(url: str, rows: pa.Table) -> None:
    import fsspec

    filesystem, path = fsspec.core.url_to_fs(url)
    filesystem.makedirs(path.rpartition("/")[0], exist_ok=True)
    with filesystem.open(path, "wb") as file:
        pq.write_table(rows, file)
