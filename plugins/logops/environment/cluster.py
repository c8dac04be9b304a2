"""A Loki cluster: its parts, ring, schema, timings, caches, limits and tenants."""

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from logops.environment.base import Model, Name
from logops.environment.limits import Limits
from logops.environment.retention import Retention
from logops.environment.storage import ContainerName
from logops.environment.units import Duration, Size

TenantId = Annotated[str, Field(pattern=r"^[A-Za-z0-9!_*'()-][A-Za-z0-9!_.*'()-]{0,149}$")]
"""What Loki accepts as X-Scope-OrgID of one tenant (dskit/tenant/tenant.go), but for a leading dot."""


def _is_not_reserved(tenant: str) -> str:
    if tenant in ("index", "__deletion_manifest__"):
        raise ValueError(f"Loki keeps its own objects under {tenant}/, where this tenant's chunks would lie")
    return tenant


TenantName = Annotated[TenantId, AfterValidator(_is_not_reserved)]
"""A tenant that may have chunks: they lie in the container under its name."""

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
"""What a distributed cluster needs at least one of each; the gateway is optional."""


class ResourceAmounts(Model):
    """CPU cores and memory."""

    cpu: Annotated[float, Field(gt=0)] | None = None
    memory: Size | None = None


class Resources(Model):
    """As Kubernetes has them. The local platform takes the memory limit as GOMEMLIMIT."""

    requests: ResourceAmounts = ResourceAmounts()
    limits: ResourceAmounts = ResourceAmounts()


class Volume(Model):
    """A disk that outlives the process: WAL, index cache, compactor's markers."""

    size: Size
    storage_class: str | None = None


class Workload(Model):
    """One component: how many, how big, on which disk."""

    replicas: Annotated[int, Field(ge=1, le=1000)] = 1
    resources: Resources = Resources()
    volume: Volume | None = None


class Ring(Model):
    """Where the hash rings live."""

    store: Literal["memberlist", "consul", "etcd"] = "memberlist"
    endpoints: tuple[str, ...] = ()
    """`host:port` of Consul (one) or etcd (one or more); none for memberlist."""

    @model_validator(mode="after")
    def _endpoints(self) -> "Ring":
        if self.store == "memberlist" and self.endpoints:
            raise ValueError("memberlist takes no endpoints: members find each other")
        if self.store == "consul" and len(self.endpoints) != 1:
            raise ValueError("consul takes exactly one endpoint, host:port")
        if self.store == "etcd" and not self.endpoints:
            raise ValueError("etcd needs at least one endpoint, host:port")
        return self


class SchemaPeriod(Model):
    """From this day on the index is written so. A period, once written, is never changed: add another."""

    from_: Annotated[date, Field(alias="from")]
    store: Literal["tsdb"] = "tsdb"
    schema_: Annotated[Literal["v13"], Field(alias="schema")] = "v13"
    index_prefix: str


class Wal(Model):
    """The write-ahead log: what makes an acknowledged line survive a killed ingester."""

    enabled: bool = True
    replay_memory_ceiling: Size = Size("1GiB")
    flush_on_shutdown: bool = True


class Ingester(Model):
    """When a chunk is cut and stored."""

    chunk_idle_period: Duration = Duration("30m")
    chunk_retain_period: Duration = Duration("5m")
    max_chunk_age: Duration = Duration("2h")
    chunk_target_size: Size = Size("1536KiB")
    chunk_encoding: Literal["snappy", "gzip", "lz4", "zstd", "none"] = "snappy"
    sync_period: Duration = Duration("24h")
    """Cuts chunks at this rhythm, so that a chunk lies in one day's table."""
    wal: Wal = Wal()


class Compactor(Model):
    """When tables are compacted and expired chunks deleted."""

    compaction_interval: Duration = Duration("10m")
    apply_retention_interval: Duration | None = None
    """None: with every compaction, half an interval (at most 10m) later (pkg/compactor/config.go, Validate)."""
    retention_enabled: bool = True
    retention_delete_delay: Duration = Duration("2h")
    retention_delete_worker_count: Annotated[int, Field(ge=1)] = 150
    delete_request_cancel_period: Duration = Duration("24h")


class Query(Model):
    """How queries are cut, queued and run."""

    max_concurrent: Annotated[int, Field(ge=1)] = 4
    """Of each querier."""
    max_outstanding_requests_per_tenant: Annotated[int, Field(ge=1)] = 32000
    align_queries_with_step: bool = True
    parallelise_shardable_queries: bool = True
    max_retries: Annotated[int, Field(ge=0)] = 5
    compress_responses: bool = True
    log_queries_longer_than: Duration = Duration("5s")
    tail_max_duration: Duration = Duration("1h")


class EmbeddedCache(Model):
    """A cache inside each process."""

    kind: Literal["embedded"]
    max_size: Size
    ttl: Duration = Duration("24h")


class MemcachedCache(Model):
    """Memcached servers, shared by all processes."""

    kind: Literal["memcached"]
    addresses: Annotated[tuple[str, ...], Field(min_length=1)]
    ttl: Duration = Duration("24h")
    memory: Size = Size("1GiB")
    replicas: Annotated[int, Field(ge=1)] = 1


Cache = Annotated[EmbeddedCache | MemcachedCache, Field(discriminator="kind")]


class Caches(Model):
    """Null: no cache."""

    results: Cache | None = None
    chunks: Cache | None = None
    index: bool = False
    """Keep what the index says (statistics, volume, streams, labels) in the cache of results, too (docs/queries.md)."""


class Ruler(Model):
    """Evaluates recording and alerting rules."""

    alertmanager_url: str | None = None
    prometheus_url: Annotated[str, Field(pattern=r"^https?://[^/@?]+(/[^@?]*[^@?/])?$")] | None = None
    """Keeps the recorded series: a Prometheus with its remote-write receiver on (`URL/api/v1/write`). None: on this
    machine one is run, elsewhere nothing is recorded."""
    evaluation_interval: Duration = Duration("1m")
    poll_interval: Duration = Duration("1m")


class NginxGateway(Model):
    """The one address users see, on Kubernetes."""

    host: str
    tls_secret_name: str
    ingress_class: str = "nginx"


class Containers(Model):
    """In the cluster's storage account."""

    chunks: ContainerName
    ruler: ContainerName


class Tenant(Model):
    """Who writes here, what they are allowed and for how long it is kept."""

    description: str = ""
    retention: Retention = Retention()
    limits: Limits = Limits()


class Canary(Model):
    """loki-canary writes, tails and queries a line all the time, and counts what went missing."""

    tenant: TenantId
    interval: Duration = Duration("1s")


class Cluster(Model):
    """One Loki: `distributed` is a process a component, `single` is everything in one process."""

    mode: Literal["distributed", "single"] = "distributed"
    data: Literal["standard", "security"] = "standard"
    """Security data lies on a storage account that no other cluster uses."""
    storage_account: Name
    containers: Containers
    auth_enabled: bool = True
    replication_factor: Annotated[int, Field(ge=1, le=9)] = 3
    ring: Ring = Ring()
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
    """What was promised to those who own the logs: no tenant or stream may be kept for less."""
    limits: Limits = Limits()
    tenants: Annotated[dict[TenantName, Tenant], Field(min_length=1)]

    @model_validator(mode="after")
    def _components_fit_the_mode(self) -> "Cluster":
        have = set(self.components)
        if self.mode == "single":
            if have != {"all"}:
                raise ValueError("components: a single cluster has exactly one component, `all`")
        elif missing := [name for name in DISTRIBUTED if name not in have]:
            raise ValueError(f"components: a distributed cluster lacks {', '.join(missing)}")
        elif "all" in have:
            raise ValueError("components: `all` belongs to a single cluster")
        return self

    @model_validator(mode="after")
    def _periods_in_order(self) -> "Cluster":
        days = [period.from_ for period in self.schema_periods]
        if days != sorted(set(days)):
            raise ValueError("schema_periods: `from` days must rise")
        return self

    @property
    def ingesters(self) -> int:
        return self.components["all" if self.mode == "single" else "ingester"].replicas

    @property
    def rulers(self) -> int:
        return self.components["all" if self.mode == "single" else "ruler"].replicas
