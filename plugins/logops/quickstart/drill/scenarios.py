"""The scenarios of a drill: what is broken, which DAGs find it, and which findings they must report."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from logops.audit.policy.retention import windows
from logops.audit.survey.blob_names import ChunkNames
from logops.environment import Environment
from logops.environment.cluster import Cluster
from logops.environment.sources import FileSource
from logops.findings import FindingClass
from logops.findings.classes.audit import CHUNK_MISSING, COMPACTOR_COUNT
from logops.findings.classes.drift import CONFIG_DRIFT
from logops.findings.classes.quality import SOURCE_SILENT
from logops.platforms.local import LocalPlatform
from logops.platforms.platform import component_of
from logops.quickstart.audits import DAGS as AUDITS
from logops.quickstart.drift import DAG as DRIFT
from logops.quickstart.drill.faults import DeletedChunk, EditedLimit, Fault, StoppedProcess, WrongPath, limit_in
from logops.quickstart.errors import DrillRefusedError
from logops.quickstart.quality import DAG as QUALITY

LIMIT = "ingestion_rate_mb"
LONGEST_SILENCE = timedelta(minutes=2)
"""A drill waits as long as a source may be silent."""


@dataclass(frozen=True)
class Scenario:
    """A drill that can be chosen by its name."""

    name: str
    title: str
    dags: Mapping[str, str]
    """The DAGs whose checks find the fault, each with the task that has its result."""
    classes: tuple[FindingClass, ...]
    """The findings that they must report."""
    usual_s: float
    """Usual time of the whole drill, in seconds."""
    plan: Callable[[LocalPlatform, str, datetime], tuple[Fault, ...]]
    """Return what will be broken, in this order. Takes the platform, the name of the drill, and the time. Raises
    DrillRefusedError if the environment has nothing that can be broken this way."""


@dataclass(frozen=True)
class StoredChunk:
    """A chunk in the container of a cluster."""

    name: str
    tenant: str
    through: datetime
    """The time of its last line."""
    size_bytes: int


def lost_chunk(platform: LocalPlatform, drill: str, now: datetime) -> tuple[Fault, ...]:
    """Return a stopped compactor and a deleted chunk."""
    environment = platform.environment
    name, cluster, process = _compactor(platform)
    container = cluster.containers.chunks
    with platform.object_store(cluster.storage_account) as store:
        chunk = chunk_to_delete(_chunks(store.container(container).list().batches), cluster, environment, now)
    if chunk is None:
        raise DrillRefusedError(
            f"Choosing a chunk of cluster {name} to delete: none is old enough to be missed, and young enough to be "
            "kept. Run `make up`, which stores sample logs of past days."
        )
    kept = str(platform.state / "drill" / "chunk")
    return StoppedProcess(process), DeletedChunk(cluster.storage_account, container, chunk.name, kept)


def silent_source(platform: LocalPlatform, drill: str, now: datetime) -> tuple[Fault, ...]:
    """Return an agent that no longer reads the file of a source."""
    environment = platform.environment
    candidates = [
        (source.longest_silence.timedelta, name, source)
        for name, source in environment.sources.items()
        if isinstance(source, FileSource) and environment.clusters[source.cluster].data != "security"
    ]
    silence, name, source = min(candidates, key=lambda each: each[:2], default=(timedelta.max, "", None))
    if source is None or silence > LONGEST_SILENCE:
        raise DrillRefusedError(
            f"Choosing a source of {environment.name}: no source that reads files declares `expect_every` of at most "
            "2m, so its silence would be noticed too late for a drill. Declare it for one source, and run `make up`."
        )
    files = platform.desired()["agents"]
    if platform.live("agents") != files:
        raise DrillRefusedError(
            f"Reading the agents of {environment.name}: they do not run as the environment file says, and the repair "
            "would change that. Run `make up` first. Nothing was broken."
        )
    path = source.paths[0]
    file = next((file for file, text in files.items() if file.startswith("agents/") and path in text), None)
    if file is None:
        raise DrillRefusedError(f"Choosing a source of {environment.name}: no agent reads {path} of the source {name}.")
    return (WrongPath(name, path, file, drill),)


def changed_limit(platform: LocalPlatform, drill: str, now: datetime) -> tuple[Fault, ...]:
    """Return a limit of a tenant that is twice as high as declared."""
    environment = platform.environment
    desired = platform.desired()
    # The check compares every stage, so it would report more than the drill breaks.
    if differing := [stage for stage, files in desired.items() if platform.live(stage) != files]:
        raise DrillRefusedError(
            f"Comparing {environment.name} with its environment file: what runs differs already ("
            f"{', '.join(differing)}), so the drill would prove nothing. Run `make up` first. Nothing was broken."
        )
    files = desired["tenants"]
    for name, cluster in environment.clusters.items():
        for tenant in cluster.tenants:
            declared = limit_in(files.get(f"tenants/{name}.yaml", ""), tenant, LIMIT)
            if cluster.data != "security" and declared:
                return (EditedLimit(name, tenant, LIMIT, declared, str(2 * float(declared))),)
    raise DrillRefusedError(
        f"Choosing a limit of {environment.name}: no tenant with standard data declares {LIMIT}. Declare it for one "
        "tenant, and run `make up`."
    )


SCENARIOS = (
    Scenario(
        "lost-chunk",
        "The compactor is stopped, and a chunk is deleted from the storage account.",
        dict.fromkeys(AUDITS, "reduce"),
        (COMPACTOR_COUNT, CHUNK_MISSING),
        45,
        lost_chunk,
    ),
    Scenario(
        "changed-limit",
        "A limit of a tenant is raised by hand, past the environment file and its approval.",
        {DRIFT: "compare"},
        (CONFIG_DRIFT,),
        25,
        changed_limit,
    ),
    Scenario(
        "silent-source",
        "An agent no longer reads the file of a source, after a typing error in its configuration.",
        {QUALITY: "check"},
        (SOURCE_SILENT,),
        130,
        silent_source,
    ),
)


def chunk_to_delete(
    chunks: Iterable[StoredChunk], cluster: Cluster, environment: Environment, now: datetime
) -> StoredChunk | None:
    """Return the smallest chunk that an audit must miss and that nothing else deletes soon; None: there is none.

    It must be in an index already, and be in the first half of its retention.
    """
    allowed = windows(cluster, environment.audit)
    newest = now - 2 * timedelta(milliseconds=allowed.max_chunk_age_ms + allowed.grace_ms)

    def is_suitable(chunk: StoredChunk) -> bool:
        tenant = cluster.tenants.get(chunk.tenant)
        if tenant is None:
            return False
        periods = [tenant.retention.keep, *(rule.keep for rule in tenant.retention.streams)]
        oldest = now - min(period.timedelta for period in (*periods, tenant.retention.hot)) / 2
        return oldest < chunk.through < newest

    return min(filter(is_suitable, chunks), key=lambda chunk: (chunk.size_bytes, chunk.name), default=None)


def _compactor(platform: LocalPlatform) -> tuple[str, Cluster, str]:
    """Return the first cluster that is not for security and has a compactor of its own, and the compactor's process."""
    for name, cluster in platform.environment.clusters.items():
        for process in platform.urls(name):
            if cluster.data != "security" and component_of(process, name) == "compactor":
                return name, cluster, process
    raise DrillRefusedError(
        f"Choosing a compactor of {platform.environment.name}: no cluster with standard data runs one as its own "
        "process. Use an environment with a distributed cluster, such as `local`."
    )


def _chunks(batches: Iterable[Any]) -> Iterator[StoredChunk]:
    names = ChunkNames()
    for batch in batches:
        is_chunk, parsed = names.read(batch["name"])
        blobs = batch.filter(pa.array(is_chunk))
        for name, size, tenant, through_ms in zip(
            blobs["name"].to_pylist(), blobs["size"].to_pylist(), parsed["tenant"], parsed["through_ms"], strict=True
        ):
            yield StoredChunk(name, names.tenants[tenant], datetime.fromtimestamp(through_ms / 1000, UTC), size)
