"""A Loki cluster: components, ring, schema, timings, caches, limits and tenants."""

from datetime import date
from typing import Annotated, Literal, get_args

from pydantic import Field, model_validator

from logops.environment.base import Model, Name
from logops.environment.gateway import NginxGateway
from logops.environment.limits import Limits
from logops.environment.retention import Retention
from logops.environment.storage import ContainerName
from logops.environment.tenant import TenantId, TenantName
from logops.environment.units import Duration, Size

Data = Literal["standard", "security"]
"""Which logs a cluster stores. Everything about a `security` cluster is for those who may see security logs."""
AUDIENCES: tuple[Data, ...] = get_args(Data)
"""Those who may see the logs of each kind of cluster."""

Component = Literal[
    "all",
    "distributor",
    "ingester",
    "querier",
    "query-frontend",
    "query-scheduler",
    "index-gateway",
    "compactor",
    "ruler",
    "gateway",
]
DISTRIBUTED: tuple[Component, ...] = (
    "distributor",
    "ingester",
    "querier",
    "query-frontend",
    "query-scheduler",
    "index-gateway",
    "compactor",
    "ruler",
)
"""Components that a distributed cluster requires. The gateway is optional."""


class ResourceAmounts(Model):
    """CPU cores and memory."""

    cpu: Annotated[float, Field(gt=0)] | None = None
    memory: Size | None = None


class Resources(Model):
    """Requests and limits, as in Kubernetes. The local platform uses the memory limit as GOMEMLIMIT."""

    requests: ResourceAmounts = ResourceAmounts()
    limits: ResourceAmounts = ResourceAmounts()


class Volume(Model):
    """A disk that outlives the process, for write-ahead log, index cache and compactor's marker files."""

    size: Size
    storage_class: str | None = None


class Workload(Model):
    """The replicas, resources and volume of one component."""

    replicas: Annotated[int, Field(ge=1, le=1000)] = 1
    resources: Resources = Resources()
    volume: Volume | None = None


class RingConfig(Model):
    """The store of the hash rings."""

    store: Literal["memberlist", "consul", "etcd"] = "memberlist"
    endpoints: tuple[str, ...] = ()
    """`host:port`: exactly one for Consul, one or more for etcd, none for memberlist."""

    @model_validator(mode="after")
    def _endpoints(self) -> "RingConfig":
        if self.store == "memberlist" and self.endpoints:
            raise ValueError("memberlist takes no endpoints: members find each other")
        if self.store == "consul" and len(self.endpoints) != 1:
            raise ValueError("consul takes exactly one endpoint, host:port")
        if self.store == "etcd" and not self.endpoints:
            raise ValueError("etcd needs at least one endpoint, host:port")
        return self


class SchemaPeriod(Model):
    """A schema period: the format of the index from a day on. Never change a period that has begun: add another."""

    from_: Annotated[date, Field(alias="from")]
    store: Literal["tsdb"] = "tsdb"
    schema_: Annotated[Literal["v13"], Field(alias="schema")] = "v13"
    index_prefix: str


class Wal(Model):
    """The write-ahead log, which keeps acknowledged lines if an ingester is killed."""

    enabled: bool = True
    replay_memory_ceiling: Size = Size("1GiB")
    flush_on_shutdown: bool = True


class Ingester(Model):
    """Settings of the ingesters: when they cut and store chunks."""

    chunk_idle_period: Duration = Duration("30m")
    chunk_retain_period: Duration = Duration("5m")
    max_chunk_age: Duration = Duration("2h")
    chunk_target_size: Size = Size("1536KiB")
    chunk_encoding: Literal["snappy", "gzip", "lz4", "zstd", "none"] = "snappy"
    sync_period: Duration = Duration("24h")
    """Interval at which the chunks of a stream are cut, on all replicas at the same line. The moment depends on the
    stream: with 24h, a chunk has lines of two days. It has lines of more days if the stream is silent for a day."""
    wal: Wal = Wal()


class Compactor(Model):
    """Settings of the compactor: when it compacts tables and deletes expired chunks."""

    compaction_interval: Duration = Duration("10m")
    apply_retention_interval: Duration | None = None
    """Null: retention follows every compaction after half an interval, at most 10m (Validate in
    pkg/compactor/config.go)."""
    retention_enabled: bool = True
    retention_delete_delay: Duration = Duration("2h")
    retention_delete_worker_count: Annotated[int, Field(ge=1)] = 150
    delete_request_cancel_period: Duration = Duration("24h")


class Query(Model):
    """Settings for queries: how they are split, queued and run."""

    max_concurrent: Annotated[int, Field(ge=1)] = 4
    """Queries that each querier runs at the same time."""
    max_outstanding_requests_per_tenant: Annotated[int, Field(ge=1)] = 32000
    align_queries_with_step: bool = True
    parallelise_shardable_queries: bool = True
    max_retries: Annotated[int, Field(ge=0)] = 5
    compress_responses: bool = True
    log_queries_longer_than: Duration = Duration("5s")
    tail_max_duration: Duration = Duration("1h")


class EmbeddedCache(Model):
    """A cache in the memory of each process."""

    kind: Literal["embedded"]
    max_size: Size
    ttl: Duration = Duration("24h")


class MemcachedCache(Model):
    """Memcached servers that all processes share."""

    kind: Literal["memcached"]
    addresses: tuple[str, ...] = ()
    """`host:port` of servers that exist. Empty: on Kubernetes the cluster has `replicas` servers of its own."""
    ttl: Duration = Duration("24h")
    memory: Size = Size("1GiB")
    """Memory of each server's pod. A node must have that much free, or the pod waits for ever."""
    replicas: Annotated[int, Field(ge=1)] = 1


Cache = Annotated[EmbeddedCache | MemcachedCache, Field(discriminator="kind")]


class Caches(Model):
    """The caches of a cluster. Null: no cache."""

    results: Cache | None = None
    chunks: Cache | None = None
    index: bool = False
    """Also store statistics, volumes, streams and labels from the index in the results cache (docs/queries.md)."""


class Ruler(Model):
    """Settings of the ruler, which evaluates recording and alerting rules."""

    alertmanager_url: str | None = None
    """Alertmanager for the alerts of the rules. Null: those of `alerts`."""
    prometheus_url: Annotated[str, Field(pattern=r"^https?://[^/@?]+(/[^@?]*[^@?/])?$")] | None = None
    """Prometheus that stores recorded series. Its remote-write receiver must be enabled (`URL/api/v1/write`). Null: the
    local platform runs a Prometheus; on other platforms nothing is recorded."""
    evaluation_interval: Duration = Duration("1m")
    poll_interval: Duration = Duration("1m")


class Containers(Model):
    """Containers in the cluster's storage account."""

    chunks: ContainerName
    ruler: ContainerName


class Tenant(Model):
    """A tenant: its description, retention and limits."""

    description: str = ""
    retention: Retention = Retention()
    limits: Limits = Limits()


class Canary(Model):
    """Settings of loki-canary, which writes, tails and queries lines continuously, and counts missing lines."""

    tenant: TenantId
    interval: Duration = Duration("1s")


class Cluster(Model):
    """A Loki cluster. `distributed` runs each component in separate processes, `single` runs all in one process."""

    mode: Literal["distributed", "single"] = "distributed"
    data: Data = "standard"
    """`security`: the cluster stores security logs, in a storage account that no other cluster uses."""
    namespace: Name | None = None
    """Kubernetes namespace. Null: that of the platform; for a security cluster, PLATFORM-security."""
    storage_account: Name
    containers: Containers
    auth_enabled: bool = True
    replication_factor: Annotated[int, Field(ge=1, le=9)] = 3
    ring: RingConfig = RingConfig()
    components: dict[Component, Workload]
    schema_periods: Annotated[tuple[SchemaPeriod, ...], Field(min_length=1)]
    log_level: Literal["debug", "info", "warn", "error"] = "info"
    ingester: Ingester = Ingester()
    compactor: Compactor = Compactor()
    query: Query = Query()
    caches: Caches = Caches()
    ruler: Ruler = Ruler()
    gateway: NginxGateway | None = None
    canary: Canary | None = None
    keep_at_least: Duration = Duration("90d")
    """Promised minimum retention: no tenant and no stream may have a shorter one."""
    limits: Limits = Limits()
    tenants: Annotated[dict[TenantName, Tenant], Field(min_length=1)]

    @model_validator(mode="after")
    def _components_match_the_mode(self) -> "Cluster":
        components = set(self.components)
        if self.mode == "single":
            if components != {"all"}:
                raise ValueError("components: a single cluster has exactly one component, `all`")
        elif missing := [name for name in DISTRIBUTED if name not in components]:
            raise ValueError(f"components: a distributed cluster lacks {', '.join(missing)}")
        elif "all" in components:
            raise ValueError("components: only a single cluster may have the component `all`. Remove it")
        return self

    @model_validator(mode="after")
    def _periods_are_in_order(self) -> "Cluster":
        days = [period.from_ for period in self.schema_periods]
        if days != sorted(set(days)):
            raise ValueError("schema_periods: each `from` must be later than the one before")
        return self

    @property
    def ingesters(self) -> int:
        return self.components["all" if self.mode == "single" else "ingester"].replicas

    @property
    def rulers(self) -> int:
        return self.components["all" if self.mode == "single" else "ruler"].replicas
